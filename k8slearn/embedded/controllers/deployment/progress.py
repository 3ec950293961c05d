"""What a Deployment's status says: the counts, and whether the rollout gets on.

Upstream: ``pkg/controller/deployment/progress.go`` and ``calculateStatus`` in ``sync.go``. Pure functions.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp, timestamp
from k8slearn.embedded.controllers import conditions
from k8slearn.embedded.controllers.deployment import sizes

AVAILABLE = "Available"
PROGRESSING = "Progressing"
REPLICA_FAILURE = "ReplicaFailure"

NO_DEADLINE = 2**31 - 1
"""A progressDeadlineSeconds that means: never give up."""

Status = dict[str, Any]


def condition(type: str, status: str, reason: str, message: str, now: float) -> dict[str, Any]:
    return {
        "type": type,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
    }


def has_deadline(deployment: Object) -> bool:
    return deployment["spec"].get("progressDeadlineSeconds", NO_DEADLINE) != NO_DEADLINE


def counted(deployment: Object, sets: list[Object], new: Object | None, before: Status, now: float) -> Status:
    """The counts of all ReplicaSets and the condition Available; other conditions as they were ``before``."""
    available = sizes.observed(sets, "availableReplicas")
    counts = {
        "replicas": sizes.observed(sets, "replicas"),
        "updatedReplicas": sizes.observed([new] if new else [], "replicas"),
        "readyReplicas": sizes.observed(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sizes.total(sets) - available),
    }
    status: Status = {"observedGeneration": deployment["metadata"]["generation"]}
    status.update((name, count) for name, count in counts.items() if count)
    if all("terminatingReplicas" in rs.get("status", {}) for rs in sets):
        status["terminatingReplicas"] = sizes.observed(sets, "terminatingReplicas")
    if "collisionCount" in before:
        status["collisionCount"] = before["collisionCount"]
    if available >= sizes.size(deployment) - sizes.max_unavailable(deployment):
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        minimum = condition(AVAILABLE, "True", reason, message, now)
    else:
        reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
        minimum = condition(AVAILABLE, "False", reason, message, now)
    status["conditions"] = conditions.with_condition(before.get("conditions", []), minimum)
    return status


def is_complete(deployment: Object, status: Status) -> bool:
    """Whether all pods are of the new template, available, and as many as were asked for."""
    wanted = sizes.size(deployment)
    return (
        status.get("updatedReplicas", 0)
        == status.get("replicas", 0)
        == status.get("availableReplicas", 0)
        == wanted
    ) and status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]


def with_progress(
    deployment: Object, sets: list[Object], new: Object | None, status: Status, now: float
) -> Status:
    """``status`` with the conditions Progressing and ReplicaFailure of a rollout under way.

    What got better is seen by comparing it with ``deployment.status``, which is as the last look left it.
    """
    found = status["conditions"]
    current = conditions.find(found, PROGRESSING)
    if not has_deadline(deployment):
        found = conditions.without(found, PROGRESSING)
    elif not _is_over(status, current):
        subject = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{_name(deployment)}"'
        if is_complete(deployment, status):
            message = f"{subject} has successfully progressed."
            done = condition(PROGRESSING, "True", "NewReplicaSetAvailable", message, now)
            found = conditions.with_condition(found, done)
        elif _got_better(deployment.get("status", {}), status):
            message = f"{subject} is progressing."
            moving = condition(PROGRESSING, "True", "ReplicaSetUpdated", message, now)
            if current and current["status"] == "True":
                moving["lastTransitionTime"] = current["lastTransitionTime"]
            # Always anew, even with the same reason: its lastUpdateTime is what the deadline counts from.
            found = [*conditions.without(found, PROGRESSING), moving]
        elif _timed_out(deployment, current, now):
            message = f"{subject} has timed out progressing."
            late = condition(PROGRESSING, "False", "ProgressDeadlineExceeded", message, now)
            found = conditions.with_condition(found, late)
    failure = _replica_failure([*([new] if new else []), *sets])
    if failure:
        found = conditions.with_condition(found, failure)
    else:
        found = conditions.without(found, REPLICA_FAILURE)
    return {**status, "conditions": found}


def seconds_to_deadline(deployment: Object, status: Status, now: float) -> float | None:
    """After how long a rollout that does not move any more has failed; None when that cannot happen."""
    current = conditions.find(status.get("conditions", []), PROGRESSING)
    if not has_deadline(deployment) or current is None or is_complete(deployment, status):
        return None
    if current["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return None
    # A second more: a timestamp has whole seconds, and the deadline must have passed.
    return max(0.0, _deadline(deployment, current) - now) + 1.0


def _is_over(status: Status, current: dict[str, Any] | None) -> bool:
    """Whether the last rollout has ended well: then a pod that fails later is not a rollout that fails."""
    done = current is not None and current["reason"] == "NewReplicaSetAvailable"
    return done and status.get("replicas", 0) == status.get("updatedReplicas", 0)


def _got_better(before: Status, after: Status) -> bool:
    def old_pods(status: Status) -> int:
        return status.get("replicas", 0) - status.get("updatedReplicas", 0)

    return old_pods(after) < old_pods(before) or any(
        after.get(count, 0) > before.get(count, 0)
        for count in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def _timed_out(deployment: Object, current: dict[str, Any] | None, now: float) -> bool:
    if current is None or current["reason"] == "NewReplicaSetAvailable":
        return False
    return current["reason"] == "ProgressDeadlineExceeded" or _deadline(deployment, current) < now


def _deadline(deployment: Object, current: dict[str, Any]) -> float:
    return parse_timestamp(current["lastUpdateTime"]) + deployment["spec"]["progressDeadlineSeconds"]


def _replica_failure(sets: list[Object]) -> dict[str, Any] | None:
    """The first ReplicaSet's failure to create or delete pods, as a Deployment's condition."""
    for rs in sets:
        failure = conditions.find(rs.get("status", {}).get("conditions", []), REPLICA_FAILURE)
        if failure:
            return {**failure, "lastUpdateTime": failure["lastTransitionTime"]}
    return None


def _name(deployment: Object) -> str:
    return deployment["metadata"]["name"]
