"""What controllers ask of a pod.

Upstream: ``pkg/api/v1/pod/util.go`` and ``pkg/controller/controller_utils.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.embedded.client import Client, Object
from k8slearn.embedded.clock import parse_timestamp

BY_LABEL = "namespace and label"
"""Index: a pod under ``namespace/key=value`` of each of its labels. Made when it is first asked for."""


def with_label(client: Client, namespace: str, key: str, value: str) -> list[Object]:
    """The pods of ``namespace`` with that label: what of a large namespace a selector may select."""
    client.add_index("pods", BY_LABEL, _labels)
    return client.by_index("pods", BY_LABEL, f"{namespace}/{key}={value}")


def _labels(pod: Object) -> list[str]:
    metadata = pod["metadata"]
    return [f"{metadata['namespace']}/{key}={value}" for key, value in (metadata.get("labels") or {}).items()]


def is_going(pod: Object) -> bool:
    """Whether its deletion was asked for; its containers may run on for the grace period."""
    return "deletionTimestamp" in pod["metadata"]


def is_finished(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Neither finished nor being deleted: it counts as a replica."""
    return not is_finished(pod) and not is_going(pod)


def ready_condition(pod: Object) -> dict[str, Any] | None:
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready":
            return condition
    return None


def is_ready(pod: Object) -> bool:
    condition = ready_condition(pod)
    return condition is not None and condition["status"] == "True"


def available_in(pod: Object, min_ready_seconds: int, now: float) -> float | None:
    """After how many seconds a ready pod counts as available: 0 when it does; None when it is not ready."""
    condition = ready_condition(pod)
    if condition is None or condition["status"] != "True":
        return None
    if min_ready_seconds == 0:
        return 0.0
    since = parse_timestamp(condition["lastTransitionTime"])
    return max(0.0, since + min_ready_seconds - now)


def next_available_in(candidates: Iterable[Object], min_ready_seconds: int, now: float) -> float | None:
    """After how many seconds the next of them will be available; None when none of them waits for that.

    A controller has to come back then: no change will tell of it.
    """
    if min_ready_seconds == 0:
        return None
    left = [available_in(pod, min_ready_seconds, now) for pod in candidates]
    return min((seconds for seconds in left if seconds), default=None)
