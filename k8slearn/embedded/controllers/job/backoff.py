"""How long a Job waits before it replaces a failed pod: 10 s, 20 s, 40 s … ten minutes.

Upstream: ``pkg/controller/job/backoff_utils.go``. A success sets the count back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers import pods

FIRST = 10.0
LONGEST = 600.0


class Failures(NamedTuple):
    """How many pods failed since the last one that succeeded, and when the last of them ended."""

    count: int = 0
    last: float = 0.0


def after(before: Failures, succeeded: Sequence[Object], failed: Sequence[Object]) -> Failures:
    """``before`` and what has ended since."""
    ends = [finished_at(pod) for pod in failed]
    if not succeeded:
        return Failures(before.count + len(ends), max(ends)) if ends else before
    last_success = max(finished_at(pod) for pod in succeeded)
    later = [end for end in ends if end > last_success]
    return Failures(len(later), max(later)) if later else Failures()


def remaining(failures: Failures, now: float) -> float:
    """The seconds until the next pod may be made.

    >>> remaining(Failures(count=3, last=100.0), now=110.0)
    30.0
    """
    if failures.count == 0:
        return 0.0
    # Beyond the seventh failure the wait is the longest anyway.
    wait = min(FIRST * 2 ** min(failures.count - 1, 7), LONGEST)
    return max(failures.last + wait - now, 0.0)


def finished_at(pod: Object) -> float:
    """When a pod ended: with its last container; as far as that is unknown, when it ceased to be ready, when
    its deletion was asked for, when it was made."""
    status, metadata = pod.get("status", {}), pod["metadata"]
    sidecars = {
        container["name"]
        for container in pod["spec"].get("initContainers", ())
        if container.get("restartPolicy") == "Always"
    }
    containers = [
        *status.get("containerStatuses", ()),
        *(each for each in status.get("initContainerStatuses", ()) if each["name"] in sidecars),
    ]
    ends = [_end(container) for container in containers]
    known = [end for end in ends if end]
    if known and len(known) == len(ends):
        return max(parse_timestamp(end) for end in known)
    condition = pods.ready_condition(pod)
    if condition and condition["status"] == "False":
        return parse_timestamp(condition["lastTransitionTime"])
    if pods.is_going(pod):
        return parse_timestamp(metadata["deletionTimestamp"]) - (metadata["deletionGracePeriodSeconds"] or 0)
    return parse_timestamp(metadata["creationTimestamp"])


def _end(container: dict[str, Any]) -> str | None:
    return container.get("state", {}).get("terminated", {}).get("finishedAt")
