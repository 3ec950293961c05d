"""How each pod of a Job is counted exactly once, though it may be deleted at any time.

Every pod has the finalizer ``batch.kubernetes.io/job-tracking``, so that it stays until its end is known. First
the uid goes into ``status.uncountedTerminatedPods``, then the finalizer goes, then the uid becomes one in
``succeeded`` or ``failed``. Whoever stops in between can go on from what is written. Upstream:
``trackJobStatusAndRemoveFinalizers`` in ``pkg/controller/job/job_controller.go``.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from k8slearn.embedded.client import Client, Object
from k8slearn.embedded.controllers import owners

FINALIZER = "batch.kubernetes.io/job-tracking"

Status = dict[str, Any]


def is_tracked(pod: Object) -> bool:
    """Whether its end is still to be counted."""
    return FINALIZER in pod["metadata"].get("finalizers", ())


def untrack(client: Client, pod: Object, why: str) -> None:
    """Take the finalizer from the pod as it is now; one that is being deleted may go with it."""
    metadata = pod["metadata"]
    current = client.get("pods", metadata["namespace"], metadata["name"])
    if current is not None and current["metadata"]["uid"] == metadata["uid"] and is_tracked(current):
        client.update("pods", owners.without_finalizer(current, FINALIZER), why=why)


def uncounted(status: Status, outcome: str) -> list[str]:
    """The uids that wait to be counted; ``outcome`` is ``succeeded`` or ``failed``."""
    return (status.get("uncountedTerminatedPods") or {}).get(outcome, [])


def with_uncounted(status: Status, outcome: str, uids: list[str]) -> Status:
    """``status`` with ``uids`` in place of those that waited."""
    before = status.get("uncountedTerminatedPods") or {}
    waiting = {name: value for name, value in before.items() if name != outcome}
    return {**status, "uncountedTerminatedPods": {**waiting, outcome: uids} if uids else waiting}


def count_released(status: Status, tracked: Set[str]) -> Status:
    """``status`` in which those who waited and have no finalizer any more are counted."""
    for outcome in ("succeeded", "failed"):
        waiting = uncounted(status, outcome)
        left = [uid for uid in waiting if uid in tracked]
        if len(left) < len(waiting):
            counted = status.get(outcome, 0) + len(waiting) - len(left)
            status = {**with_uncounted(status, outcome, left), outcome: counted}
    return status
