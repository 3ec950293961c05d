"""PriorityClass (scheduling.k8s.io/v1).

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import forbidden, immutable, not_supported

SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
LARGEST = 1_000_000_000
"""The highest priority that a user may define."""

POLICIES = ("PreemptLowerPriority", "Never")


def _default(obj: Object) -> None:
    obj.setdefault("value", 0)
    obj["preemptionPolicy"] = obj.get("preemptionPolicy") or POLICIES[0]
    if not obj.get("globalDefault"):
        obj.pop("globalDefault", None)


def _validate(obj: Object) -> Iterator[FieldError]:
    called, value = obj["metadata"].get("name", ""), obj["value"]
    if called.startswith("system-"):
        if wrong := _not_a_system_class(obj):
            detail = (
                f"priority class names with 'system-' prefix are reserved for system use only. error: {wrong}"
            )
            yield forbidden("metadata.name", detail)
    elif value > LARGEST:
        yield forbidden("value", f"maximum allowed value of a user defined priority is {LARGEST}")
    if obj["preemptionPolicy"] not in POLICIES:
        yield not_supported("preemptionPolicy", obj["preemptionPolicy"], POLICIES)


def _not_a_system_class(obj: Object) -> str:
    called = obj["metadata"].get("name", "")
    if called not in SYSTEM_CLASSES:
        return f"{called} is not a known system priority class"
    if obj["value"] != SYSTEM_CLASSES[called]:
        return f"value of {called} PriorityClass must be {SYSTEM_CLASSES[called]}"
    if obj.get("globalDefault"):
        return f"globalDefault of {called} PriorityClass must be false"
    return ""


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    if new["value"] != old["value"]:
        yield forbidden("value", "may not be changed in an update.")
    yield from immutable("preemptionPolicy", new["preemptionPolicy"], old["preemptionPolicy"])


KIND = Kind(
    kind="PriorityClass",
    plural="priorityclasses",
    group="scheduling.k8s.io",
    namespaced=False,
    short_names=("pc",),
    message="k8s.io.api.scheduling.v1.PriorityClass",
    columns=columns(
        "priorityclasses.scheduling.k8s.io",
        {
            "Name": name,
            "Value": lambda obj, now: obj["value"],
            "Global-Default": lambda obj, now: bool(obj.get("globalDefault")),
            "Age": age,
            "PreemptionPolicy": lambda obj, now: obj["preemptionPolicy"],
        },
    ),
    default=_default,
    validate=_validate,
    validate_update=_validate_update,
    counts_generation=True,
)
