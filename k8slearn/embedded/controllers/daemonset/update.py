"""RollingUpdate: how a new template gets onto the nodes, a few at a time. Pure functions.

Upstream: ``pkg/controller/daemon/update.go``;
https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/. Either nodes may be without a pod meanwhile
(maxUnavailable, by default 1), or some may have two (maxSurge): never both.

With 4 nodes and maxUnavailable 50 %: two old pods are deleted; as soon as a new one is available on one of these
nodes, the next old one is. An old pod that is not available anyway is deleted at once, and counts.
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.daemonset.placement import is_updated
from k8slearn.embedded.controllers.deployment.sizes import whole

Places = dict[str, list[Object]]
"""The pods by node."""


class Step(NamedTuple):
    """``create``: the nodes that get a pod of the new template besides the old; ``delete``: old pods."""

    create: list[str]
    delete: list[Object]


def limits(ds: Object, nodes: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) for so many ``nodes``, both rounded up; (0, 0) without a rolling update."""
    strategy = ds["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return 0, 0
    rolling = strategy["rollingUpdate"]
    surge, unavailable = (whole(rolling[f], nodes, round_up=True) for f in ("maxSurge", "maxUnavailable"))
    return surge, unavailable


def allows_surge(ds: Object) -> bool:
    """Whether a node may have two pods for a while."""
    return limits(ds, 1)[0] > 0


def next_step(ds: Object, places: Places, wanted: Set[str], hash: str, now: float) -> Step:
    """What to do now. ``places`` has all nodes that have pods, or should; ``wanted`` are those that should.

    ``hash`` is that of the new template's revision.
    """
    surge, unavailable = limits(ds, len(wanted))
    look = _Look(ds, places, hash, now)
    return look.surge(wanted, surge) if surge else look.replace(unavailable)


class _Look:
    def __init__(self, ds: Object, places: Places, hash: str, now: float) -> None:
        self._ds = ds
        self._wait = ds["spec"].get("minReadySeconds", 0)
        self._now = now
        self._nodes = [(node, *self._split(on_node, hash)) for node, on_node in places.items()]

    def _split(self, on_node: list[Object], hash: str) -> tuple[list[Object], list[Object]]:
        """(new, old) of the pods that are not being deleted."""
        staying = [pod for pod in on_node if not pods.is_going(pod)]
        new = [pod for pod in staying if is_updated(self._ds, pod, hash)]
        return new, [pod for pod in staying if pod not in new]

    def _available(self, pod: Object) -> bool:
        return pods.available_in(pod, self._wait, self._now) == 0

    def replace(self, limit: int) -> Step:
        """Delete old pods so that at most ``limit`` nodes are without an available one."""
        unavailable = 0
        broken, candidates = [], []
        for _, new, old in self._nodes:
            if len(new) + len(old) != 1:
                unavailable += 1  # none yet, or too many: that is for others to mend
            elif new:
                unavailable += not self._available(new[0])
            elif not self._available(old[0]):
                broken.append(old[0])
                unavailable += 1
            elif unavailable < limit:
                candidates.append(old[0])
        return Step([], [*broken, *candidates[: max(0, limit - unavailable)]])

    def surge(self, wanted: Set[str], limit: int) -> Step:
        """Create new pods beside old ones on at most ``limit`` nodes, and delete the old where the new is
        available. On a node that should not have one any more the old pod stays until there are enough."""
        surging, available = 0, 0
        broken, candidates = [], []
        replaced, misplaced = [], []
        for node, new, old in self._nodes:
            if len(new) > 1 or len(old) > 1:
                surging += 1
                continue
            oldest = old[0] if old else new[0] if new else None
            works = oldest is not None and self._available(oldest)
            available += works
            if not old:
                continue
            if new:
                if self._available(new[0]):
                    replaced.append(old[0])
                else:
                    surging += 1
            elif not works:
                if node in wanted:
                    broken.append(node)
                else:
                    replaced.append(old[0])
            elif node not in wanted:
                misplaced.append(old[0])
            elif surging < limit:
                candidates.append(node)
        create = [*broken, *candidates[: max(0, limit - surging)]]
        return Step(create, [*replaced, *misplaced[: max(0, available - len(wanted))]])
