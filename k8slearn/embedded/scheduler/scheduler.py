"""The scheduler: takes pods that have no node, one after the other, and binds each to the best node there is.

Upstream: ``pkg/scheduler`` (``schedule_one.go``). Filters say which nodes can take a pod, scores which of
them is best, chance decides between equals. A pod that no node can take waits until something changes that
may help: a node, or the pods on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.client.workqueue import LATENCY
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.scheduler import score, spreading
from k8slearn.embedded.scheduler.cache import Cache, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.feasibility import Feasibility, Rejections, available
from k8slearn.embedded.scheduler.preemption import Preemption, with_nomination
from k8slearn.embedded.scheduler.volumes import BIND_SECONDS, BINDING, RESTRICTIONS, VolumeBinding
from k8slearn.kube import storage

NAME = "default-scheduler"

FIRST_BACKOFF = 1.0
LAST_BACKOFF = 10.0
"""Seconds before a pod that did not fit is tried again, doubling from the first to the last."""

FILTERS_MOVED_BY_LEAVING_PODS = frozenset(
    ("NodeResourcesFit", "NodePorts", "InterPodAffinity", "PodTopologySpread", RESTRICTIONS)
)
FILTERS_MOVED_BY_COMING_PODS = frozenset(("InterPodAffinity", "PodTopologySpread"))


class Waiting(NamedTuple):
    """A pod that no node could take: which filters objected, how often it was tried, since when it waits."""

    filters: frozenset[str]
    attempts: int
    since: float


class Reserved(NamedTuple):
    """A pod whose node is chosen, and which waits for its volumes there: the node, and since when."""

    node: NodeInfo
    since: float


class Scheduler(Controller):
    """Places the pods whose ``schedulerName`` is default-scheduler."""

    name = NAME
    resource = "pods"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self._cache = Cache()
        self._waiting: dict[Key, Waiting] = {}
        self._reserved: dict[Key, Reserved] = {}
        self._volumes = VolumeBinding(client)
        filters = (
            self._volumes.restrictions,
            self._volumes.filter,
            spreading.pod_topology_spread,
            spreading.inter_pod_affinity(client),
        )
        self._feasibility = Feasibility(self._cache, filters)
        self._preemption = Preemption(client, clock, self._cache, self._feasibility)
        self._scores: tuple[tuple[score.Score, int], ...] = (
            (score.taint_toleration, 3),
            (score.preferred_nodes, 2),
            (score.topology_spread(client), 2),
            (score.each(score.resources), 1),
        )

    def start(self) -> None:
        for node in self.client.list("nodes"):
            self._cache.set_node(node["metadata"]["name"], node)
        for pod in self.client.list("pods"):
            self._cache.place(pod)
            if _is_ours(pod):
                self.queue.add(Key(pod["metadata"]["namespace"], pod["metadata"]["name"]))
        self.client.watch("nodes", self._node_changed)
        self.client.watch("pods", self._pod_changed)
        self.client.watch("persistentvolumeclaims", self._claim_changed)
        for resource in ("persistentvolumes", "storageclasses.storage.k8s.io"):
            self.client.watch(resource, lambda change: self._retry(self._objected(frozenset((BINDING,)))))

    # -- what changed -----------------------------------------------------------------------------

    def _node_changed(self, change: Change) -> None:
        self._cache.node_changed(change)
        if change.type == "ADDED" or (change.previous and _may_help(change.previous.object, change.object)):
            self._retry(self._waiting)

    def _pod_changed(self, change: Change) -> None:
        key, pod = change.stored.key, change.object
        before = change.previous.object if change.previous else None
        self._cache.pod_changed(change)
        if change.type == "DELETED":
            self._waiting.pop(key, None)
            self._reserved.pop(key, None)
        elif _is_ours(pod):
            if before is None or _asks_for_other(before, pod):
                self.queue.add(key)
            return
        if change.type == "DELETED" or _finished(pod):
            self._retry(self._objected(FILTERS_MOVED_BY_LEAVING_PODS))
        elif (
            before is None
            or before["metadata"].get("labels") != pod["metadata"].get("labels")
            or not before["spec"].get("nodeName")
        ):
            self._retry(self._objected(FILTERS_MOVED_BY_COMING_PODS))

    def _claim_changed(self, change: Change) -> None:
        for pod in self.client.by_index("pods", storage.BY_CLAIM, str(change.stored.key)):
            key = Key(pod["metadata"]["namespace"], pod["metadata"]["name"])
            if key in self._reserved:
                self.queue.add(key)
            elif key in self._waiting:
                self._retry((key,))

    def _objected(self, filters: frozenset[str]) -> list[Key]:
        return [key for key, waiting in self._waiting.items() if waiting.filters & filters]

    def _retry(self, keys: Iterable[Key]) -> None:
        for key in keys:
            waiting = self._waiting[key]
            backoff = min(FIRST_BACKOFF * 2 ** (waiting.attempts - 1), LAST_BACKOFF)
            self.queue.add(key, max(LATENCY, waiting.since + backoff - self.clock.now))

    # -- one pod ----------------------------------------------------------------------------------

    def reconcile(self, key: Key) -> float | None:
        pod = self.client.get("pods", *key)
        if pod is None or not _is_ours(pod):
            self._waiting.pop(key, None)
            return None
        if reserved := self._reserved.get(key):
            return self._await_volumes(key, pod, reserved)
        if why := self._volumes.obstacle(pod):
            nodes = len(self._cache.nodes())
            self._report(key, pod, frozenset((BINDING,)), f"0/{nodes} nodes are available: {why}. not found")
            return None
        info = PodInfo(pod)
        feasible, rejections = self._feasibility.nodes_for(info)
        if not feasible:
            self._fits_nowhere(key, info, rejections)
            return None
        name = self._best(info, feasible)
        node = next(node for node in feasible if node.name == name)
        if self._volumes.reserve(pod, node):
            self._bind(
                key, pod, name, f"{len(feasible)} of {len(feasible) + len(rejections)} nodes can take it"
            )
            return None
        self._reserved[key] = Reserved(node, self.clock.now)
        self._cache.place({**pod, "spec": {**pod["spec"], "nodeName": name}})
        return BIND_SECONDS

    def _bind(self, key: Key, pod: Object, node: str, why: str) -> None:
        self.client.bind(pod, node, why=why)
        self._waiting.pop(key, None)
        self.events.event(pod, "Normal", "Scheduled", f"Successfully assigned {key} to {node}")

    def _await_volumes(self, key: Key, pod: Object, reserved: Reserved) -> float | None:
        """Bind a pod whose volumes are there by now; look for another node when they cannot come to this."""
        left = reserved.since + BIND_SECONDS - self.clock.now
        if self._volumes.are_bound(pod):
            del self._reserved[key]
            self._bind(key, pod, reserved.node.name, "its volumes are bound")
        elif left > 0 and self._volumes.can_still_run(pod, reserved.node):
            return left
        else:
            del self._reserved[key]
            self._cache.forget(key)
            if left <= 0:
                why = 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
                self.events.event(pod, "Warning", "FailedScheduling", why)
            self.queue.add(key)
        return None

    def _best(self, info: PodInfo, nodes: list[NodeInfo]) -> str:
        if len(nodes) == 1:
            return nodes[0].name
        totals = [0] * len(nodes)
        for rate, weight in self._scores:
            scores = rate(info, self._cache, nodes)
            if scores is not None:
                totals = [total + weight * points for total, points in zip(totals, scores, strict=True)]
        most = max(totals)
        best = [node.name for node, total in zip(nodes, totals, strict=True) if total == most]
        return best[0] if len(best) == 1 else self.clock.random.choice(best)

    def _fits_nowhere(self, key: Key, info: PodInfo, rejections: Rejections) -> None:
        """Say why, and let pods of lower priority make room, where that helps.

        ``0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: 0/3 nodes
        are available: 3 Preemption is not helpful for scheduling.``
        """
        if not rejections:
            self._report(key, info.pod, frozenset(), "no nodes available to schedule pods")
            return
        filters = frozenset(rejection.filter for rejection in rejections.values())
        reasons = [reason for rejection in rejections.values() for reason in rejection.reasons]
        outcome = self._preemption.attempt(info, rejections)
        message = f"{available(len(rejections), reasons)} preemption: {outcome.message}"
        self._report(key, info.pod, filters, message, outcome.node)
        if outcome.victims:
            self._preemption.execute(info, outcome, self.events)
            self._retry((key,))

    def _report(
        self, key: Key, pod: Object, filters: frozenset[str], message: str, nominated: str = ""
    ) -> None:
        """Say that the pod fits nowhere, in an event and in its condition PodScheduled, and let it wait."""
        before = self._waiting.get(key)
        self._waiting[key] = Waiting(filters, before.attempts + 1 if before else 1, self.clock.now)
        self.events.event(pod, "Warning", "FailedScheduling", message)
        conditions = pod["status"].get("conditions", [])
        current = next((c for c in conditions if c["type"] == "PodScheduled"), None)
        if current is None or (current.get("reason"), current.get("message")) != ("Unschedulable", message):
            others = [c for c in conditions if c is not current]
            conditions = [*others, self._unschedulable(pod, message, current)]
        status = with_nomination({**pod["status"], "conditions": conditions}, nominated)
        if status != pod["status"]:
            self.client.set_status("pods", pod, status, why=message)

    def _unschedulable(self, pod: Object, message: str, before: dict[str, Any] | None) -> dict[str, Any]:
        since = before["lastTransitionTime"] if before and before["status"] == "False" else None
        return {
            "type": "PodScheduled",
            "status": "False",
            "observedGeneration": pod["metadata"]["generation"],
            "lastProbeTime": None,
            "lastTransitionTime": since or self.clock.timestamp(),
            "reason": "Unschedulable",
            "message": message,
        }


def _is_ours(pod: Object) -> bool:
    """Whether it is for this scheduler to find a node for the pod."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and not spec.get("schedulingGates")
        and spec.get("schedulerName", NAME) == NAME
        and "deletionTimestamp" not in pod["metadata"]
        and not _finished(pod)
    )


def _finished(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _asks_for_other(before: Object, after: Object) -> bool:
    """Whether a pod without a node was changed in a way that may find it one."""
    if before["spec"] is not after["spec"] and before["spec"] != after["spec"]:
        return True
    return before["metadata"].get("labels") != after["metadata"].get("labels")


def _may_help(before: Object, after: Object) -> bool:
    """Whether a node changed in what filters look at; its heartbeats are not such a change."""
    return (
        before["spec"] != after["spec"]
        or before["metadata"].get("labels") != after["metadata"].get("labels")
        or before.get("status", {}).get("allocatable") != after.get("status", {}).get("allocatable")
    )
