"""Which nodes can take a pod: all filters together, and the pods to which a node was promised.

Upstream: ``findNodesThatFitPod`` and ``RunFilterPluginsWithNominatedPods``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from k8slearn.embedded.scheduler.cache import Cache, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.filter import Check, Filter, Rejection

Rejections = dict[str, Rejection]
"""Why each node cannot take a pod, by the node's name."""


class Feasibility:
    """The filters of the default profile, at work on a cache."""

    def __init__(self, cache: Cache, filters: Iterable[Filter]) -> None:
        self._cache = cache
        self._filters = tuple(filters)

    def nodes_for(self, info: PodInfo) -> tuple[list[NodeInfo], Rejections]:
        """The nodes that can take the pod, and why the others cannot. The node that was promised to it comes
        first: while it can take the pod, no other is looked at."""
        checks = self._checks(info)
        feasible: list[NodeInfo] = []
        rejections: Rejections = {}
        promised = info.pod["status"].get("nominatedNodeName")
        nodes = self._cache.nodes()
        for node in sorted(nodes, key=lambda node: node.name != promised) if promised else nodes:
            rejection = _first(checks, node)
            if rejection is None and self._cache.has_nominated:
                rejection = self._with_promised(info, node)
            if rejection is not None:
                rejections[node.name] = rejection
                continue
            feasible.append(node)
            if node.name == promised:
                break
        return feasible, rejections

    def rejection(self, info: PodInfo, node: NodeInfo) -> Rejection | None:
        """Why ``node``, with the pods that it has in the cache at this moment, cannot take the pod."""
        return _first(self._checks(info), node) or self._with_promised(info, node)

    def _with_promised(self, info: PodInfo, node: NodeInfo) -> Rejection | None:
        """Would it fit if the pods were there already to which the node was promised, and which matter as much?"""
        promised = [
            other
            for other in self._cache.nominated(node)
            if other.key != info.key and other.priority >= info.priority
        ]
        if not promised:
            return None
        for other in promised:
            self._cache.put(other, node)
        try:
            return _first(self._checks(info), node)
        finally:
            for other in promised:
                self._cache.take(other)

    def _checks(self, info: PodInfo) -> list[Check]:
        return [check for prepare in self._filters if (check := prepare(info, self._cache))]


def _first(checks: Iterable[Check], node: NodeInfo) -> Rejection | None:
    return next((found for check in checks if (found := check(node))), None)


def available(total: int, reasons: Iterable[str]) -> str:
    """``0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.``"""
    counted = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{total} nodes are available: {', '.join(counted)}."
