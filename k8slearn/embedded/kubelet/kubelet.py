"""A node's agent: it registers the Node, keeps it alive, and has a worker for every pod bound to it."""

from __future__ import annotations

from collections.abc import Sequence

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Key, Object, WorkQueue
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet import node_status
from k8slearn.embedded.kubelet.admission import rejection
from k8slearn.embedded.kubelet.claimed import clean_up
from k8slearn.embedded.kubelet.eviction import EvictionManager
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.node_clock import NodeClock
from k8slearn.embedded.kubelet.node_reporter import NodeReporter
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.kubelet.static_pods import StaticPods
from k8slearn.embedded.network import Network
from k8slearn.embedded.store import Watch
from k8slearn.kube.resources import Resources, amounts

BY_NODE = "node"
"""The index of pods by the node that they are bound to."""

LEAST_PROPAGATION, MOST_PROPAGATION = 5.0, 60.0
"""Seconds from a ConfigMap's or Secret's change to the change of the files in a volume."""

NO_NODE = 60.0
"""Seconds until a static pod of a node that was deleted is looked at again; it runs on meanwhile."""

_OFFERED = amounts(node_status.CAPACITY)


class Kubelet:
    """The kubelet of the node ``name``. ``ip`` is its InternalIP, ``pod_cidr`` where its pods' addresses are;
    ``taints`` are those that the node is registered with, ``manifests`` the static pods that it runs.

    ``start`` registers the node and takes up its pods, also those that ran before (their containers are
    started anew). What may befall a node: ``crash`` (its power is gone; ``start`` brings it back), ``freeze``
    (the machine stands still) until ``thaw``, ``cut_off`` (its network is gone) until ``reconnect``. Each
    begins and ends at once, and nobody is told.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        network: Network,
        name: str,
        *,
        ip: str,
        pod_cidr: str,
        control_plane: bool = False,
        taints: Sequence[Object] = (),
        manifests: Sequence[Object] = (),
    ) -> None:
        self.client = client
        self.clock = NodeClock(clock)
        self.name = name
        self.control_plane = control_plane
        client.add_index("pods", BY_NODE, lambda pod: [pod["spec"].get("nodeName", "")])
        self.host = Host(client, self.clock, network, name, ip, pod_cidr)
        self.node = NodeReporter(
            self.host,
            node_status.node(name, pod_cidr, control_plane=control_plane, taints=taints),
            self._look_at_all,
        )
        self.static = StaticPods(self.host, manifests)
        self.workers: dict[Key, PodWorker] = {}
        self._evictions = EvictionManager(self.host, self.node, self.workers.values)
        self._queue = WorkQueue(self.clock, self._work, client.change_under_way)
        self._watches: list[Watch] = []
        self.running = False

    @property
    def reachable(self) -> bool:
        """Whether the API server reaches the kubelet: it runs, and has a network."""
        return self.running and self.client.connected and not self.clock.frozen

    # -- the node -------------------------------------------------------------------------------

    def start(self) -> None:
        """Register the Node and run the pods that are bound to it, from now on."""
        if self.running:
            return
        self.running = True
        self.host.network.links.mend(self.name)
        self.node.start()
        self._evictions.start()
        self._connect()

    def crash(self) -> None:
        self.running = False
        self.host.network.links.cut(self.name)
        self._disconnect()
        self._evictions.stop()
        self.node.stop()
        for worker in self.workers.values():
            worker.remove()
        self.workers.clear()

    def freeze(self) -> None:
        self.clock.freeze()

    def thaw(self) -> None:
        self.clock.thaw()
        self._look_at_all()

    def cut_off(self) -> None:
        self.client.connected = False
        self._disconnect()

    def reconnect(self) -> None:
        """The network is back: what happened meanwhile is told, and what was asked meanwhile is done."""
        self.client.connected = True
        self.node.beat()
        self._connect()
        self._look_at_all()

    def _connect(self) -> None:
        self._watches = [
            self.client.watch("pods", self._pod_changed, only=(BY_NODE, self.name)),
            self.client.watch("configmaps", self._source_changed),
            self.client.watch("secrets", self._source_changed),
            self.client.watch("persistentvolumes", self._volume_changed),
        ]
        for key in (*self.static, *map(_key, self.client.by_index("pods", BY_NODE, self.name))):
            self._queue.add(key)

    def _disconnect(self) -> None:
        for watch in self._watches:
            watch.stop()
        self._watches = []

    def _look_at_all(self) -> None:
        """Others have written statuses while this kubelet could not: it says of each pod how it is."""
        for key, worker in self.workers.items():
            worker.status_is_stale()
            self._queue.add(key)

    # -- the pods -------------------------------------------------------------------------------

    def _pod_changed(self, change: Change) -> None:
        pod, before = change.object, change.previous
        if change.type == "MODIFIED" and before is not None and _same(before.object, pod):
            return
        self._queue.add(change.stored.key)

    def _work(self, key: Key) -> None:
        if not self.running:
            return
        try:
            self._see_to(key)
        except ApiError:
            self._queue.retry(key)
        else:
            self._queue.forget(key)

    def _see_to(self, key: Key) -> None:
        worker = self.workers.get(key)
        if not self.client.connected:
            pod = worker.pod if worker is not None else None  # what it heard last
        elif key in self.static:
            pod = self.static.mirror(key)
            if pod is None:
                self._queue.add(key, NO_NODE, background=True)
                return
            if worker is not None and pod["metadata"]["uid"] != worker.uid:
                worker.mirrored_by(pod)
        else:
            pod = self.client.get("pods", *key)
        if worker is not None and (pod is None or pod["metadata"]["uid"] != worker.uid):
            worker.remove()
            del self.workers[key]
            worker = None
        if pod is None:
            return
        with self.client.working_on("pods", key, self._queue.because):
            if worker is None:
                worker = self._take_up(key, pod)
            worker.update(pod)

    def _take_up(self, key: Key, pod: Object) -> PodWorker:
        """A worker for a pod that is new here; it is over at once when the node has no room for it."""

        def look_again(seconds: float, background: bool = False) -> None:
            self._queue.add(key, seconds, background=background)

        def room(wanted: Resources) -> tuple[str, str] | None:
            others = [w.requests for k, w in self.workers.items() if k != key and not w.finished]
            return rejection(wanted, others, _OFFERED)

        worker = PodWorker(self.host, pod, node_status.CAPACITY, look_again, room)
        if "startTime" not in (pod.get("status") or {}):
            if why := room(worker.requests):
                worker.reject(*why)
            elif key in self.static:
                worker.start_at_once()
        self.workers[key] = worker
        return worker

    def _source_changed(self, change: Change) -> None:
        """A ConfigMap or Secret has changed: the volumes made from it follow within a minute."""
        namespace, name = change.stored.key
        for key, worker in self.workers.items():
            if key.namespace == namespace and (change.stored.resource, name) in worker.volumes.watched:
                delay = self.host.between(LEAST_PROPAGATION, MOST_PROPAGATION)
                self.clock.call_later(delay, worker.refresh_volumes)

    def _volume_changed(self, change: Change) -> None:
        if change.type == "DELETED":
            clean_up(self.host, change.object)

    def worker(self, key: Key) -> PodWorker | None:
        """Who runs that pod, None before the kubelet took it up."""
        return self.workers.get(key)


def _key(pod: Object) -> Key:
    return Key(pod["metadata"]["namespace"], pod["metadata"]["name"])


def _same(before: Object, after: Object) -> bool:
    """Nothing has changed that is the kubelet's business: its own status writes come back to it."""
    if before["spec"].get("nodeName") is None:
        return False
    old, new = before["metadata"], after["metadata"]
    return before["spec"] == after["spec"] and all(
        old.get(name) == new.get(name)
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations")
    )
