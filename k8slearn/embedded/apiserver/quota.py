"""What an object counts for against a ResourceQuota, and which quotas it concerns. Pure functions.

Upstream: ``pkg/quota/v1/evaluator/core`` and ``apiserver/pkg/quota/v1``; the admission plugin asks here what one
object costs, the controller sums up what there is.
https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds.pod import FINISHED, qos_class
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube import quantity
from k8slearn.kube.resources import quantities
from k8slearn.kube.selectors import Requirement

Quantities = dict[str, str]

IGNORED = frozenset({"events", "events.events.k8s.io"})
"""Resources that no quota ever counts."""

COMPUTE = ("cpu", "memory", "ephemeral-storage")

_OWN_NAMES = {
    "configmaps": ("configmaps",),
    "persistentvolumeclaims": ("persistentvolumeclaims", "requests.storage"),
    "pods": (
        "pods",
        *COMPUTE,
        *(f"{field}.{name}" for field in ("requests", "limits") for name in COMPUTE),
    ),
    "replicationcontrollers": ("replicationcontrollers",),
    "resourcequotas": ("resourcequotas",),
    "secrets": ("secrets",),
    "services": ("services", "services.nodeports", "services.loadbalancers"),
}
"""Names in ``spec.hard`` besides ``count/RESOURCE``."""

_MUST_BE_SET = frozenset(("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"))
"""A quota of these makes every container say how much of it it wants."""

_STORAGE_CLASS = ".storageclass.storage.k8s.io/"


def tracked(resource: str, names: Iterable[str]) -> list[str]:
    """Those of ``names`` (keys of a quota's ``hard``) that objects of ``resource`` count for, sorted."""
    own = (f"count/{resource}", *_OWN_NAMES.get(resource, ()))
    return sorted(name for name in names if name in own or _is_tracked_by_shape(resource, name))


def _is_tracked_by_shape(resource: str, name: str) -> bool:
    if resource == "pods":
        extended = name.startswith("requests.") and "/" in name
        return extended or name.startswith(("hugepages-", "requests.hugepages-"))
    if resource == "persistentvolumeclaims":
        return name.endswith(tuple(_STORAGE_CLASS + own for own in _OWN_NAMES[resource]))
    return False


def concerns(resource: str, quota: Object, obj: Object) -> bool:
    """Whether ``quota`` limits something that ``obj`` counts for, and ``obj`` is in all its scopes."""
    hard = (quota.get("status") or {}).get("hard") or {}
    return bool(tracked(resource, hard)) and in_scopes(resource, quota, obj)


def in_scopes(resource: str, quota: Object, obj: Object) -> bool:
    """A quota with scopes counts only pods."""
    spec = quota.get("spec") or {}
    scopes = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    scopes += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(resource == "pods" and _in_scope(scope, obj["spec"]) for scope in scopes)


def _in_scope(scope: dict[str, Any], spec: Object) -> bool:
    match scope["scopeName"]:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return qos_class(spec) == "BestEffort"
        case "NotBestEffort":
            return qos_class(spec) != "BestEffort"
        case "PriorityClass":
            name = spec.get("priorityClassName")
            labels = {"PriorityClass": name} if name else {}
            operator = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
            values = tuple(scope.get("values") or ())
            return Requirement("PriorityClass", operator[scope["operator"]], values).matches(labels)
        case "CrossNamespacePodAffinity":
            return _looks_into_other_namespaces(spec.get("affinity") or {})
    return False


def _looks_into_other_namespaces(affinity: Object) -> bool:
    terms = []
    for sort in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(sort) or {}
        terms += rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        weighted = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [entry.get("podAffinityTerm") or {} for entry in weighted]
    return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms)


def unsaid(names: Iterable[str], pod: Object) -> str:
    """What the pod's containers must say for a quota of ``names``: ``limits.cpu for: a,b; memory for: a``."""
    spec, missing = pod["spec"], dict[str, set[str]]()
    if spec.get("resources"):
        return ""
    for container in (*spec["containers"], *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        said = _compute(resources.get("requests") or {}, resources.get("limits") or {})
        for name in _MUST_BE_SET.intersection(names) - said.keys():
            missing.setdefault(name, set()).add(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


# -- usage ----------------------------------------------------------------------------------------


def usage(resource: str, obj: Object, now: float) -> Quantities:
    """What one object counts for, by the names that quotas use; ``now`` in seconds since 1970."""
    used = {f"count/{resource}": "1"}
    match resource:
        case "pods":
            if not is_over(obj, now):
                used |= {"pods": "1", **_compute(quantities(obj, "requests"), quantities(obj, "limits"))}
        case "services":
            used |= _service_usage(obj["spec"])
        case "persistentvolumeclaims":
            used |= _claim_usage(obj)
        case _:
            used |= dict.fromkeys(_OWN_NAMES.get(resource, ()), "1")
    return used


def is_over(pod: Object, now: float) -> bool:
    """Whether a pod uses nothing any more: finished, or deleted and yet there (its node is lost, say)."""
    metadata = pod["metadata"]
    if (pod.get("status") or {}).get("phase") in FINISHED:
        return True
    if "deletionTimestamp" not in metadata:
        return False
    return now > parse_timestamp(metadata["deletionTimestamp"]) + metadata.get(
        "deletionGracePeriodSeconds", 0
    )


def _compute(requests: Mapping[str, str], limits: Mapping[str, str]) -> Quantities:
    used = {}
    for name, amount in requests.items():
        if name in COMPUTE or name.startswith("hugepages-"):
            used[name] = amount
        used[f"requests.{name}"] = amount
    return used | {f"limits.{name}": amount for name, amount in limits.items() if name in COMPUTE}


def _service_usage(spec: Object) -> Quantities:
    ports = spec.get("ports") or ()
    node_ports, balancers = 0, 0
    if spec["type"] == "NodePort":
        node_ports = len(ports)
    elif spec["type"] == "LoadBalancer":
        balancers = 1
        # The ports are not allocated yet when they are counted: what is asked for decides.
        allocates = spec.get("allocateLoadBalancerNodePorts") is not False
        node_ports = len(ports) if allocates else sum(bool(port.get("nodePort")) for port in ports)
    return {
        "services": "1",
        "services.nodeports": str(node_ports),
        "services.loadbalancers": str(balancers),
    }


def _claim_usage(claim: Object) -> Quantities:
    used = {"persistentvolumeclaims": "1"}
    asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    if asked is not None:
        allocated = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage", "0")
        used["requests.storage"] = asked if quantity.compare(asked, allocated) >= 0 else allocated
    if storage_class := claim["spec"].get("storageClassName"):
        used |= {storage_class + _STORAGE_CLASS + name: amount for name, amount in used.items()}
    return used


def total(usages: Iterable[Quantities], names: Iterable[str]) -> Quantities:
    """The sums of ``usages`` for ``names``; "0" where nothing is used."""
    sums = dict.fromkeys(names, "0")
    for used in usages:
        for name in sums.keys() & used.keys():
            sums[name] = quantity.add(sums[name], used[name])
    return sums
