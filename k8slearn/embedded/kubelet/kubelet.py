"""A node's agent: it registers the Node, keeps it alive, and has a worker for every pod bound to it."""

from __future__ import annotations

from collections.abc import Sequence

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Key, Object, WorkQueue
from k8slearn.embedded.clock import Clock, Timer
from k8slearn.embedded.kubelet import node_status
from k8slearn.embedded.kubelet.admission import rejection
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.network import Network
from k8slearn.embedded.runtime import catalogue
from k8slearn.embedded.store import Watch
from k8slearn.kube.resources import amounts

STATUS_SECONDS = 300.0
"""How often an unchanged Node's status is written all the same (nodeStatusReportFrequency)."""

BY_NODE = "node"
"""The index of pods by the node that they are bound to."""

LEAST_PROPAGATION, MOST_PROPAGATION = 5.0, 60.0
"""Seconds from a ConfigMap's or Secret's change to the change of the files in a volume."""


_OFFERED = amounts(node_status.CAPACITY)


class Kubelet:
    """The kubelet of the node ``name``. ``ip`` is its InternalIP, ``pod_cidr`` where its pods' addresses are;
    ``taints`` are those that the node is registered with.

    ``start`` registers the node and takes up its pods, also those that ran before (their containers are
    started anew); ``crash`` is the loss of the node: everything on it ends at once, and nobody is told.
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
    ) -> None:
        self.client = client
        self.clock = clock
        self.name = name
        client.add_index("pods", BY_NODE, lambda pod: [pod["spec"].get("nodeName", "")])
        self._registration = node_status.node(name, pod_cidr, control_plane=control_plane, taints=taints)
        self.host = Host(client, clock, network, name, ip, pod_cidr)
        self.workers: dict[Key, PodWorker] = {}
        self._queue = WorkQueue(clock, self._work)
        self._watches: list[Watch] = []
        self._timers: dict[str, Timer] = {}

    @property
    def running(self) -> bool:
        return bool(self._watches)

    # -- the node -------------------------------------------------------------------------------

    def start(self) -> None:
        """Register the Node and run the pods that are bound to it, from now on."""
        if self.running:
            return
        if self.client.get("nodes", "", self.name) is None:
            self.client.create("nodes", self._registration)
        self._report()
        self._renew()
        self._watches = [
            self.client.watch("pods", self._pod_changed, only=(BY_NODE, self.name)),
            self.client.watch("configmaps", self._source_changed),
            self.client.watch("secrets", self._source_changed),
        ]
        for pod in self.client.by_index("pods", BY_NODE, self.name):
            self._queue.add(_key(pod))

    def crash(self) -> None:
        """The node is lost; ``start`` brings it back."""
        for watch in self._watches:
            watch.stop()
        self._watches = []
        for timer in self._timers.values():
            timer.cancel()
        for worker in self.workers.values():
            worker.remove()
        self.workers.clear()

    def _report(self) -> None:
        """Write the Node's status, and again every five minutes."""
        node = self.client.get("nodes", "", self.name)
        if node is not None:
            before = node.get("status") or {}
            now = self.clock.timestamp()
            status = node_status.node_status(self.name, self.host.ip, before, catalogue(), now)
            self.client.set_status("nodes", node, status)
        self._timers["status"] = self.clock.call_later(STATUS_SECONDS, self._report, background=True)

    def _renew(self) -> None:
        """Renew the Lease, every ten seconds."""
        node = self.client.get("nodes", "", self.name)
        if node is not None:
            lease = node_status.lease(self.name, node["metadata"]["uid"], self.clock.micro_timestamp())
            held = self.client.get("leases.coordination.k8s.io", "kube-node-lease", self.name)
            if held is None:
                self.client.create("leases.coordination.k8s.io", lease)
            else:
                self.client.update("leases.coordination.k8s.io", {**held, "spec": lease["spec"]})
        self._timers["lease"] = self.clock.call_later(node_status.RENEW_SECONDS, self._renew, background=True)

    # -- the pods -------------------------------------------------------------------------------

    def _pod_changed(self, change: Change) -> None:
        pod, before = change.object, change.previous
        if change.type == "MODIFIED" and before is not None and _same(before.object, pod):
            return
        self._queue.add(change.stored.key)

    def _work(self, key: Key) -> None:
        if not self.running:
            return
        pod = self.client.get("pods", *key)
        worker = self.workers.get(key)
        if worker is not None and (pod is None or pod["metadata"]["uid"] != worker.uid):
            worker.remove()
            del self.workers[key]
            worker = None
        if pod is None:
            return
        self.client.reconciling = f"pods {key}"
        try:
            if worker is None:
                worker = self._take_up(key, pod)
            worker.update(pod)
        finally:
            self.client.reconciling = ""

    def _take_up(self, key: Key, pod: Object) -> PodWorker:
        """A worker for a pod that is new here; it is over at once when the node has no room for it."""

        def look_again(seconds: float, background: bool = False) -> None:
            self._queue.add(key, seconds, background=background)

        worker = PodWorker(self.host, pod, node_status.CAPACITY, look_again)
        if "startTime" not in (pod.get("status") or {}):
            others = [other.requests for other in self.workers.values() if not other.finished]
            if why := rejection(worker.requests, others, _OFFERED):
                worker.reject(*why)
        self.workers[key] = worker
        return worker

    def _source_changed(self, change: Change) -> None:
        """A ConfigMap or Secret has changed: the volumes made from it follow within a minute."""
        namespace, name = change.stored.key
        for key, worker in self.workers.items():
            if key.namespace == namespace and (change.stored.resource, name) in worker.volumes.watched:
                delay = self.host.between(LEAST_PROPAGATION, MOST_PROPAGATION)
                self.clock.call_later(delay, worker.refresh_volumes)

    def worker(self, key: Key) -> PodWorker | None:
        """Who runs that pod, None before the kubelet took it up. Raises ApiError when the node is lost."""
        if not self.running:
            address = f"{self.host.ip}:10250"
            message = f'Get "https://{address}/": dial tcp {address}: connect: no route to host'
            raise ApiError(500, "InternalError", message)
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
