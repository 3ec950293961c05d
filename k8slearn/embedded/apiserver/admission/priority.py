"""Priority: a pod's number, from its class."""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import forbidden

SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def priority(attributes: Attributes, pod: Object, ctx: Context) -> None:
    """Without a class: 0, and the right to preempt what is lower."""
    spec = pod["spec"]
    if attributes.operation != "CREATE":
        return
    name = spec.get("priorityClassName")
    if name and name not in SYSTEM_PRIORITIES:
        why = f"no PriorityClass with name {name} was found"
        raise forbidden("pods", pod["metadata"].get("name", ""), why)
    computed = SYSTEM_PRIORITIES.get(name or "", 0)
    if spec.get("priority") not in (None, computed):
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {computed} from the given PriorityClass name"
        )
        raise forbidden("pods", pod["metadata"].get("name", ""), why)
    spec["priority"] = computed
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
