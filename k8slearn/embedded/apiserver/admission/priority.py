"""Priority: a pod's number, from its class.

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds.priorityclass import SYSTEM_CLASSES
from k8slearn.embedded.apiserver.status import ApiError, forbidden

PRIORITY_CLASSES = "priorityclasses.scheduling.k8s.io"

NO_CLASS = {"value": 0, "preemptionPolicy": "PreemptLowerPriority"}
"""What a pod without a class gets in a cluster without a default class."""


def priority(attributes: Attributes, pod: Object, ctx: Context) -> None:
    """Give a new pod its priority and preemption policy; both are its class's, it cannot choose them itself."""
    if attributes.operation != "CREATE":
        return
    spec = pod["spec"]
    found = _class_of(pod, ctx)
    if found is not NO_CLASS:
        spec["priorityClassName"] = found["metadata"]["name"]
    number, policy = found["value"], found["preemptionPolicy"]
    if spec.get("priority") not in (None, number):
        raise _not_yours(pod, f"integer value of priority ({spec['priority']})", f"computed {number}")
    if spec.get("preemptionPolicy") not in (None, policy):
        raise _not_yours(
            pod, f"string value of PreemptionPolicy ({spec['preemptionPolicy']})", f"computed {policy}"
        )
    spec["priority"], spec["preemptionPolicy"] = number, policy


def _not_yours(pod: Object, what: str, computed: str) -> ApiError:
    why = (
        f"the {what} must not be provided in pod spec; "
        f"priority admission controller {computed} from the given PriorityClass name"
    )
    return forbidden("pods", pod["metadata"].get("name", ""), why)


def _class_of(pod: Object, ctx: Context) -> Object:
    name = pod["spec"].get("priorityClassName")
    if not name:
        return _default_class(ctx) or NO_CLASS
    stored = ctx.store.find(PRIORITY_CLASSES, "", name)
    if stored is None:
        why = f"no PriorityClass with name {name} was found"
        raise forbidden("pods", pod["metadata"].get("name", ""), why)
    return stored.object


def _default_class(ctx: Context) -> Object | None:
    classes = [stored.object for stored in ctx.store.list(PRIORITY_CLASSES)]
    return min((c for c in classes if c.get("globalDefault")), key=lambda c: c["value"], default=None)


def priority_class(attributes: Attributes, new: Object, ctx: Context) -> None:
    """One default class at the most; the system's own stay."""
    name = new["metadata"].get("name", "")
    if attributes.operation == "DELETE":
        if name in SYSTEM_CLASSES:
            raise forbidden(PRIORITY_CLASSES, name, "this is a system priority class and cannot be deleted")
    elif new.get("globalDefault"):
        default = _default_class(ctx)
        if default and (attributes.operation == "CREATE" or default["metadata"]["name"] != name):
            marked = default["metadata"]["name"]
            why = f"PriorityClass {marked} is already marked as default. Only one default can exist"
            raise forbidden(PRIORITY_CLASSES, name, why)
