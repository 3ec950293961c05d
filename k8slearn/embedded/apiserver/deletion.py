"""How an object goes: grace, finalizers, propagation. Pure functions; upstream: ``rest.BeforeDelete`` and
the generic registry's ``deletionFinalizersForGarbageCollection``.

A deletion that has to wait leaves the object in place with ``metadata.deletionTimestamp``. It waits for grace
seconds (a pod's containers get time to end: its kubelet deletes it with grace 0 when they have), and for
finalizers (whoever put one there takes it away when it has done its part).
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.clock import parse_timestamp, timestamp
from k8slearn.embedded.store import Object

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
_FINALIZER = {"Orphan": ORPHAN, "Foreground": FOREGROUND}


def propagation(options: dict[str, Any]) -> str | None:
    """What the client's ``metav1.DeleteOptions`` ask for: Orphan, Foreground, Background, or nothing."""
    if options.get("propagationPolicy") is None and options.get("orphanDependents") is not None:
        return "Orphan" if options["orphanDependents"] else "Background"
    return options.get("propagationPolicy")


def set_propagation(kind: Kind, obj: Object, options: dict[str, Any]) -> Object:
    """``obj`` with the finalizer that its dependents' fate asks for.

    Orphan: dependents stay and lose their owner. Foreground: they go first. Background (the default of most
    kinds): they go afterwards, and no finalizer is needed.
    """
    policy = propagation(options)
    if policy is None:
        if not kind.orphans_by_default:
            return obj
        policy = "Orphan"
    before = obj["metadata"].get("finalizers", [])
    after = [name for name in before if name not in (ORPHAN, FOREGROUND)]
    if policy in _FINALIZER:
        after.append(_FINALIZER[policy])
    if after == before:
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    if after:
        metadata["finalizers"] = after
    return {**obj, "metadata": metadata}


def begin_deletion(kind: Kind, obj: Object, asked: int | None, now: float) -> Object:
    """``obj`` as one that is being deleted. ``asked``: the client's gracePeriodSeconds, or None.

    A second deletion may shorten the grace, never lengthen it: 30, then 5 leaves 5; 5, then 30 leaves 5.
    """
    metadata = obj["metadata"]
    grace = kind.grace_seconds(obj, asked) or 0
    before = metadata.get("deletionGracePeriodSeconds")
    if before is not None and grace >= before:
        return obj
    begun = now if before is None else _start(metadata, before)
    metadata = {
        **metadata,
        "deletionTimestamp": timestamp(begun + grace),
        "deletionGracePeriodSeconds": grace,
    }
    if "generation" in metadata and before is None:
        metadata["generation"] += 1
    new = {**obj, "metadata": metadata}
    kind.prepare_delete(new)
    return new


def _start(metadata: dict[str, Any], grace: int) -> float:
    return parse_timestamp(metadata["deletionTimestamp"]) - grace


def finished(kind: Kind, obj: Object) -> bool:
    """Whether nothing holds ``obj`` any more after its deletion was asked for."""
    metadata = obj["metadata"]
    return (
        "deletionTimestamp" in metadata
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
        and not kind.held(obj)
    )
