"""Which pods a ReplicaSet deletes first when it has too many.

Upstream: ``ActivePodsWithRanks`` in ``pkg/controller/controller_utils.go``; documented under "Scaling down"
at https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/. The first difference decides:

1. a pod without a node goes before one that has one;
2. pending before running;
3. not ready before ready;
4. the lower annotation ``controller.kubernetes.io/pod-deletion-cost`` first;
5. a pod on a node with more pods of the same Deployment first;
6. the one that has been ready for a shorter time, 7. that has restarted more often, 8. that is younger first.

Times count in powers of two of their nanoseconds, so that pods of about the same age go in random order (that
of their uids): a pod ready for 60 s and one ready for 65 s are alike, one ready for 5 s is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers import pods

COST = "controller.kubernetes.io/pod-deletion-cost"

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def deletion_order(candidates: Iterable[Object], related: Iterable[Object], now: float) -> list[Object]:
    """``candidates``, first to go first. ``related``: all pods of the same controller's ReplicaSets."""
    neighbours = Counter(pod["spec"].get("nodeName", "") for pod in related if pods.is_active(pod))
    return sorted(candidates, key=lambda pod: _rank(pod, neighbours, now))


def _rank(pod: Object, neighbours: Counter[str], now: float) -> tuple[Any, ...]:
    metadata, status = pod["metadata"], pod.get("status", {})
    node = pod["spec"].get("nodeName", "")
    ready = pods.is_ready(pod)
    condition = pods.ready_condition(pod)
    ready_for = _magnitude(condition["lastTransitionTime"], now) if ready and condition else 0
    restarts = max((c.get("restartCount", 0) for c in status.get("containerStatuses", ())), default=0)
    return (
        bool(node),
        _PHASES.get(status.get("phase", "Pending"), 0),
        ready,
        _cost(metadata),
        -neighbours[node],
        ready_for,
        -restarts,
        _magnitude(metadata["creationTimestamp"], now),
        metadata["uid"],
    )


def _cost(metadata: dict[str, Any]) -> int:
    try:
        return int(metadata.get("annotations", {}).get(COST, "0"))
    except ValueError:
        return 0


def _magnitude(since: str, now: float) -> int:
    """The power of two of the nanoseconds since then; -1 when none have passed."""
    elapsed = int((now - parse_timestamp(since)) * 1e9)
    return elapsed.bit_length() - 1 if elapsed > 0 else -1
