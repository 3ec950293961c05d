"""The disruption controller: how many pods of a PodDisruptionBudget may be evicted at present.

Upstream: ``pkg/controller/disruption``. It counts the healthy pods; the eviction subresource uses up what is
allowed and notes the pods in ``disruptedPods``, which count as gone from then on.
https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
"""

from __future__ import annotations

from math import ceil
from typing import Any

from k8slearn.embedded.apiserver import scale
from k8slearn.embedded.apiserver.validation.workloads import percentage
from k8slearn.embedded.client import Change, Controller, Key, Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers import conditions, owners, pods
from k8slearn.kube.label_selectors import Selector, matches

BUDGETS = "poddisruptionbudgets.policy"

DELETION_TIMEOUT = 120.0
"""Seconds after which a pod that should have been evicted and is still there counts again."""

_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the "
    "status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for "
    'these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)


class Uncountable(Exception):
    """The number of pods that there should be is not known; ``str()`` says why."""


class DisruptionController(Controller):
    """Owns ``status`` of PodDisruptionBudgets, together with the eviction subresource."""

    name = "controllermanager"
    """As the real one calls itself in events."""

    resource = BUDGETS

    def start(self) -> None:
        super().start()
        self.watch("pods", self._of_pod)

    def _of_pod(self, change: Change) -> list[Key]:
        namespace = change.stored.key.namespace
        budgets = self.client.list(BUDGETS, namespace)
        before = change.previous.object if change.previous else None
        if not budgets or (before and change.type == "MODIFIED" and _facts(before) == _facts(change.object)):
            return []
        versions = [obj for obj in (before, change.object) if obj]
        return [
            Key(namespace, budget["metadata"]["name"])
            for budget in budgets
            if any(_selects(budget, pod) for pod in versions)
        ]

    def reconcile(self, key: Key) -> float | None:
        budget = self.client.get(BUDGETS, *key)
        if budget is None:
            return None
        selected = [pod for pod in self.client.list("pods", key.namespace) if _selects(budget, pod)]
        if not selected:
            self.events.event(budget, "Normal", "NoPods", "No matching pods found")
        try:
            expected, desired = self._expected(budget, selected)
        except Uncountable as error:
            why = f"Failed to calculate the number of expected pods: {error}"
            self.events.event(budget, "Warning", "CalculateExpectedPodCountFailed", why)
            self._write(budget, {**budget["status"], "disruptionsAllowed": 0}, ("SyncFailed", str(error)))
            return None
        disrupted = self._disrupted(budget, selected)
        healthy = sum(
            pods.is_ready(pod) and not pods.is_going(pod) and pod["metadata"]["name"] not in disrupted
            for pod in selected
        )
        allowed = max(0, healthy - desired) if expected > 0 else 0
        status = {
            "observedGeneration": budget["metadata"]["generation"],
            **({"disruptedPods": disrupted} if disrupted else {}),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
        }
        self._write(budget, status, ("SufficientPods" if allowed else "InsufficientPods", ""))
        due = [parse_timestamp(since) + DELETION_TIMEOUT for since in disrupted.values()]
        return min(due) - self.clock.now if due else None

    # -- how many there should be -----------------------------------------------------------------

    def _expected(self, budget: Object, selected: list[Object]) -> tuple[int, int]:
        """How many pods there should be, and how many of them must be healthy."""
        spec = budget["spec"]
        least, most_gone = spec.get("minAvailable"), spec.get("maxUnavailable")
        if most_gone is not None:
            expected = self._scale(budget, selected)
            return expected, max(0, expected - _scaled(most_gone, expected))
        if least is None:
            return 0, 0
        if isinstance(least, int):
            return len(selected), least
        expected = self._scale(budget, selected)
        return expected, _scaled(least, expected)

    def _scale(self, budget: Object, selected: list[Object]) -> int:
        """What the pods' controllers were asked for, in all. Raises Uncountable."""
        replicas: dict[str, int] = {}
        unmanaged = False
        for pod in selected:
            reference = owners.controller_of(pod)
            if reference is None:
                unmanaged = True
            elif reference["uid"] not in replicas:
                uid, count = self._asked(pod, reference)
                replicas[reference["uid"]] = 0  # seen; its Deployment may stand for it
                replicas[uid] = count
        if unmanaged:
            message = _UNMANAGED.format(_in_go(budget["spec"].get("selector") or {}))
            self.events.event(budget, "Warning", "UnmanagedPods", message)
        return sum(replicas.values())

    def _asked(self, pod: Object, reference: dict[str, Any]) -> tuple[str, int]:
        """The uid and the replicas of a pod's controller; a Deployment speaks for its ReplicaSets."""
        asked = self.client.registry.kinds.of_kind(reference["apiVersion"], reference["kind"])
        kind = asked and asked.stored
        owner = kind and self.client.get(kind.resource, pod["metadata"]["namespace"], reference["name"])
        if kind is None or owner is None or owner["metadata"]["uid"] != reference["uid"]:
            raise Uncountable(f'found no controllers for pod "{pod["metadata"]["name"]}"')
        above = owners.controller_of(owner)
        if above and above["kind"] == "Deployment":
            return self._asked(pod, above)
        if kind.scale is None:
            raise Uncountable(f"{kind.resource} does not implement the scale subresource")
        return reference["uid"], scale.read(kind.scale, owner)["spec"].get("replicas", 0)

    # -- what is on its way out -------------------------------------------------------------------

    def _disrupted(self, budget: Object, selected: list[Object]) -> dict[str, str]:
        """The pods that were evicted and are not being deleted yet, with the times of their evictions."""
        noted = budget["status"].get("disruptedPods") or {}
        kept: dict[str, str] = {}
        for pod in selected:
            name = pod["metadata"]["name"]
            if name not in noted or pods.is_going(pod):
                continue
            if parse_timestamp(noted[name]) + DELETION_TIMEOUT > self.clock.now:
                kept[name] = noted[name]
            else:
                namespace = budget["metadata"]["namespace"]
                # The real one names the namespace twice.
                message = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
                self.events.event(pod, "Warning", "NotDeleted", message)
        return kept

    def _write(self, budget: Object, status: dict[str, Any], why: tuple[str, str]) -> None:
        reason, message = why
        found = conditions.find(budget["status"].get("conditions") or [], "DisruptionAllowed")
        allowed = "True" if status["disruptionsAllowed"] else "False"
        since = found["lastTransitionTime"] if found and found["status"] == allowed else None
        condition = {
            "type": "DisruptionAllowed",
            "status": allowed,
            "observedGeneration": status.get("observedGeneration", 0),
            "lastTransitionTime": since or self.clock.timestamp(),
            "reason": reason,
            "message": message,
        }
        status = {**status, "conditions": [condition]}
        if status != budget["status"]:
            self.client.update_status(BUDGETS, {**budget, "status": status})


def _facts(pod: Object) -> tuple[Any, ...]:
    return pods.is_ready(pod), pods.is_going(pod), pod["metadata"].get("labels")


def _selects(budget: Object, pod: Object) -> bool:
    """A budget without a selector selects nothing, one with an empty selector every pod."""
    selector = budget["spec"].get("selector")
    return selector is not None and matches(selector, pod["metadata"].get("labels"))


def _scaled(value: int | str, whole: int) -> int:
    """A number, or a percentage of ``whole`` rounded up: 50% of 3 is 2."""
    percent = percentage(value)
    return int(value) if percent is None else ceil(whole * percent / 100)


def _in_go(selector: Selector) -> str:
    """A selector as Go prints it."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    requirements = "".join(
        f"LabelSelectorRequirement{{Key:{r['key']},Operator:{r['operator']},"
        f"Values:[{' '.join(r.get('values') or ())}],}},"
        for r in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{requirements}}},}}"
    )
