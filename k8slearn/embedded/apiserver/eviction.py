"""Eviction: a deletion that a PodDisruptionBudget may refuse. The subresource ``pods/eviction``, as drain uses it.

Upstream: ``pkg/registry/core/pod/storage/eviction.go``.
https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.bodies import decode
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.preconditions import check_preconditions
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, bad_request, forbidden
from k8slearn.embedded.store import Object
from k8slearn.kube.label_selectors import matches

BUDGETS = "poddisruptionbudgets.policy"

MOST_PENDING = 2000
"""Evictions that the controller has not confirmed yet, at the most."""

_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_UNGUARDED = ("Succeeded", "Failed", "Pending")
"""Phases in which nothing is lost with a pod."""


def evict(registry: Registry, request: Request, target: Target) -> None:
    """Evict the pod that ``target`` names. Raises ApiError: 429 while its budget does not allow it."""
    eviction = decode(request, "k8s.io.api.policy.v1.Eviction", None)
    if eviction["metadata"].get("name", "") != target.name:
        raise bad_request("name in URL does not match name in Eviction object")
    pod = registry.get("pods", target.key_namespace, target.name).object
    options: dict[str, Any] = eviction.get("deleteOptions") or {}
    dry_run = request.param("dryRun") == "All" or bool(options.get("dryRun"))
    preconditions = options.pop("preconditions", None) or {}
    check_preconditions(target.kind, pod, preconditions)
    if (budget := _guarding(registry, pod)) is not None:
        _take(registry, budget, pod, dry_run=dry_run)
    if not dry_run:
        registry.update("pods", _marked(pod, registry.clock.timestamp()), subresource="status", trusted=True)
    registry.delete("pods", target.key_namespace, target.name, options, dry_run=dry_run)


def _guarding(registry: Registry, pod: Object) -> Object | None:
    """The budget that has a say in this eviction."""
    metadata = pod["metadata"]
    if "deletionTimestamp" in metadata or pod["status"].get("phase") in _UNGUARDED:
        return None
    budgets = [
        stored.object
        for stored in registry.store.list(BUDGETS, metadata["namespace"])
        if (selector := stored.object["spec"].get("selector")) is not None
        and matches(selector, metadata.get("labels"))
    ]
    if len(budgets) > 1:
        why = (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
        raise ApiError(500, "", why)
    if not budgets or _may_go_unready(budgets[0], pod):
        return None
    return budgets[0]


def _may_go_unready(budget: Object, pod: Object) -> bool:
    """A pod that is not ready counts for nothing: it may go when the budget says so, or has what it needs."""
    conditions = pod["status"].get("conditions", ())
    if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        return False
    status = budget["status"]
    enough = status["currentHealthy"] >= status["desiredHealthy"] > 0
    return enough or budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"


def _take(registry: Registry, budget: Object, pod: Object, *, dry_run: bool) -> None:
    """Use up one of the disruptions that ``budget`` allows; its controller counts the pod out at once."""
    metadata, status = budget["metadata"], budget["status"]
    name, allowed = metadata["name"], status["disruptionsAllowed"]
    if status.get("observedGeneration", 0) < metadata["generation"]:
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", retry=10)
    if len(status.get("disruptedPods") or ()) > MOST_PENDING:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden("poddisruptionbudget.policy", name, why)
    if allowed == 0:
        raise _too_many(_reason(name, status))
    if dry_run:
        return
    disrupted = {**(status.get("disruptedPods") or {}), pod["metadata"]["name"]: registry.clock.timestamp()}
    taken = {**status, "disruptionsAllowed": allowed - 1, "disruptedPods": disrupted}
    registry.update(BUDGETS, {**budget, "status": taken}, subresource="status", trusted=True)


def _reason(name: str, status: Object) -> str:
    condition = next(iter(status.get("conditions") or ()), {"status": "", "reason": "", "message": ""})
    if condition["reason"] == "SyncFailed":
        return (
            f"The disruption budget {name} does not allow evicting pods currently because it failed sync: "
            f"{condition['message']}"
        )
    desired, healthy = status["desiredHealthy"], status["currentHealthy"]
    if healthy <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
    return f"The disruption budget {name} does not allow evicting pods currently"


def _too_many(why: str, retry: int = 0) -> ApiError:
    """``retry``: the seconds after which the client may try again; 0 leaves it to the client."""
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if not retry:
        return ApiError(429, "TooManyRequests", _REFUSED, details)
    details["retryAfterSeconds"] = retry
    return ApiError(429, "TooManyRequests", _REFUSED, details, {"Retry-After": str(retry)})


def _marked(pod: Object, now: str) -> Object:
    """``pod`` with the condition DisruptionTarget, which tells a Job that it is not the pod's own failure."""
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    conditions = [c for c in pod["status"].get("conditions", ()) if c["type"] != target["type"]]
    return {**pod, "status": {**pod["status"], "conditions": [*conditions, target]}}
