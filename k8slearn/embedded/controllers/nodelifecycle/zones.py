"""How fast lost nodes get the taint that evicts their pods, and when none does.

Upstream: ``ComputeZoneState`` and ``handleDisruption`` in ``pkg/controller/nodelifecycle``. Nodes share a zone
when their labels topology.kubernetes.io/region and /zone are equal; without labels all are in one.

A cluster of three workers of which one is lost is in order: that node is tainted at once, a second one ten
seconds later. If most nodes of a zone are silent the fault is likelier in the network between, so nothing is
evicted there (in zones of more than 50 nodes: ten times more slowly). If all nodes of all zones are silent, it
is the control plane that has lost them: evictions stop, and the taints that would evict are taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from k8slearn.embedded.client import Object

RATE = 0.1
"""Nodes tainted a second (node-eviction-rate)."""
REDUCED_RATE = 0.01
LARGE_ZONE = 50
UNHEALTHY = 0.55
"""The share of nodes not ready from which a zone is partially disrupted."""

_REGION = "topology.kubernetes.io/region"
_ZONE = "topology.kubernetes.io/zone"


class State(Enum):
    NORMAL = "Normal"
    PARTIAL = "PartialDisruption"
    FULL = "FullDisruption"


def zone_of(node: Object) -> tuple[str, str]:
    labels = node["metadata"].get("labels") or {}
    return labels.get(_REGION, ""), labels.get(_ZONE, "")


def state_of(ready: Sequence[bool]) -> State:
    """The state of a zone by whether each of its nodes is ready."""
    silent = ready.count(False)
    if silent and silent == len(ready):
        return State.FULL
    if silent > 2 and silent / len(ready) >= UNHEALTHY:
        return State.PARTIAL
    return State.NORMAL


def rate_of(state: State, size: int) -> float:
    """Nodes a second that may be tainted in a zone of ``size`` nodes."""
    if state is State.PARTIAL:
        return REDUCED_RATE if size > LARGE_ZONE else 0.0
    return RATE


class Zone:
    """The nodes of one zone that wait for their taint, in the order in which they were lost."""

    def __init__(self) -> None:
        self.rate = RATE
        self.waiting: list[str] = []
        self._next = 0.0

    def add(self, node: str) -> None:
        if node not in self.waiting:
            self.waiting.append(node)

    def remove(self, node: str) -> None:
        if node in self.waiting:
            self.waiting.remove(node)

    def due(self, now: float) -> str | None:
        """The node whose turn it is ``now``; None when none waits or the rate allows none yet."""
        if not self.waiting or not self.rate or now < self._next:
            return None
        self._next = now + 1 / self.rate
        return self.waiting.pop(0)
