"""What a StatefulSet's status says. Upstream: ``updateStatus`` and ``completeUpdate``. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.statefulset import identity

Status = dict[str, Any]

ALWAYS = ("replicas", "availableReplicas")
"""The counts that are there also when they are 0."""


def counted(sts: Object, mine: Iterable[Object], current: str, update: str, now: float) -> Status:
    """Counts of the pods of ``sts``, of which the revisions ``current`` and ``update`` are names."""
    wait = sts["spec"].get("minReadySeconds", 0)
    counts = dict.fromkeys(
        ("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"), 0
    )
    for pod in mine:
        counts["replicas"] += 1
        if is_running_and_ready(pod):
            counts["readyReplicas"] += 1
            counts["availableReplicas"] += is_available(pod, wait, now)
        if not pods.is_going(pod):
            revision = identity.revision_of(pod)
            counts["currentReplicas"] += revision == current
            counts["updatedReplicas"] += revision == update
    return {
        "observedGeneration": sts["metadata"]["generation"],
        **counts,
        "currentRevision": current,
        "updateRevision": update,
    }


def completed(sts: Object, status: Status) -> Status:
    """``status`` as it is written: when all pods are updated and ready, the new revision is the current one."""
    wanted = sts["spec"]["replicas"]
    if status["updatedReplicas"] == status["readyReplicas"] == status["replicas"] == wanted:
        status = {
            **status,
            "currentReplicas": status["updatedReplicas"],
            "currentRevision": status["updateRevision"],
        }
    return {field: value for field, value in status.items() if value or field in (*ALWAYS, "collisionCount")}


def while_deleted(sts: Object, mine: Iterable[Object], now: float) -> Status:
    """The counts only: nothing else is done for a StatefulSet that is being deleted."""
    before = sts.get("status", {})
    current, update = before.get("currentRevision", ""), before.get("updateRevision", "")
    collisions = before.get("collisionCount", 0)
    return completed(sts, {**counted(sts, mine, current, update, now), "collisionCount": collisions})


def is_running_and_ready(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") == "Running" and pods.is_ready(pod)


def is_available(pod: Object, min_ready_seconds: int, now: float) -> bool:
    return pods.available_in(pod, min_ready_seconds, now) == 0
