"""Which nodes can take a pod: all filters together, and the pods to which a node was promised.

Upstream: ``findNodesThatFitPod`` and ``RunFilterPluginsWithNominatedPods``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from k8slearn.embedded.scheduler.cache import Cache, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.filter import OF_ONE_NODE, Check, Filter, Rejection

Rejections = dict[str, Rejection]
"""Why each node cannot take a pod, by the node's name."""


class Feasibility:
    """The filters of the default profile, at work on a cache; ``filters`` are those that come after
    ``OF_ONE_NODE``."""

    def __init__(self, cache: Cache, filters: Iterable[Filter]) -> None:
        self._cache = cache
        self._filters = tuple(filters)

    def nodes_for(self, info: PodInfo) -> tuple[list[NodeInfo], Rejections]:
        """The nodes that can take the pod, and why the others cannot. The node that was promised to it comes
        first: while it can take the pod, no other is looked at."""
        check = self._check(info)
        feasible: list[NodeInfo] = []
        rejections: Rejections = {}
        promised = info.pod["status"].get("nominatedNodeName")
        nodes, has_nominated = self._cache.nodes(), self._cache.has_nominated
        for node in sorted(nodes, key=lambda node: node.name != promised) if promised else nodes:
            rejection = check(node)
            if rejection is None and has_nominated:
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
        return self._check(info)(node) or self._with_promised(info, node)

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
            return self._check(info)(node)
        finally:
            for other in promised:
                self._cache.take(other)

    def _check(self, info: PodInfo) -> Check:
        """All filters, in their order. What a node by itself says is remembered with it."""
        own = self._prepared(OF_ONE_NODE, info)
        others = self._prepared(self._filters, info)
        key = (OF_ONE_NODE, info.shape)

        def check(node: NodeInfo) -> Rejection | None:
            rejection = node.memo.get(key, _UNKNOWN)
            if rejection is _UNKNOWN:
                rejection = node.memo[key] = _first(own, node)
            return rejection or (_first(others, node) if others else None)

        return check

    def _prepared(self, filters: Iterable[Filter], info: PodInfo) -> list[Check]:
        return [check for prepare in filters if (check := prepare(info, self._cache))]


_UNKNOWN = object()


def _first(checks: Iterable[Check], node: NodeInfo) -> Rejection | None:
    return next((found for check in checks if (found := check(node))), None)


def available(total: int, reasons: Iterable[str]) -> str:
    """``0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.``"""
    counted = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    return f"0/{total} nodes are available: {', '.join(counted)}."
