"""Pods that a node ends for its own sake: they use more disk than they may, or the node is short of memory.

Upstream: pkg/kubelet/eviction. https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/

The manager looks every ten seconds. Short of memory, it evicts one pod at a look: first those that use more than
they request, of these the ones of the lowest priority, of these the one that exceeds its request by the most. With
8Gi, of which the node itself needs 220Mi, and the pods

    cache   requests 4Gi, uses 4.5Gi, priority 0
    batch   requests 0,   uses 3.2Gi, priority 0

less than 100Mi are left, and batch goes: both use more than they request, and it exceeds that by 3.2Gi.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import Timer
from k8slearn.embedded.kubelet import usage
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.node_reporter import NodeReporter
from k8slearn.embedded.kubelet.node_status import CAPACITY
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.kubelet.stats import overhead
from k8slearn.kube import quantity
from k8slearn.kube.disruption import disruption_target
from k8slearn.kube.resources import amount

PERIOD = 10.0
"""Seconds between two looks."""

VOLUMES_EVERY = 6
"""Volumes are measured at every sixth look only: once a minute (volumeStatsAggPeriod)."""

LEAST_MEMORY = "100Mi"
"""memory.available below which pods are evicted (evictionHard)."""

CRITICAL = 2_000_000_000
"""Pods of this priority and above, the system's, are never evicted."""

STORAGE = "ephemeral-storage"


class EvictionManager:
    """``workers`` gives the pods of the node."""

    def __init__(self, host: Host, node: NodeReporter, workers: Callable[[], Collection[PodWorker]]) -> None:
        self._host = host
        self._node = node
        self._workers = workers
        self._timer: Timer | None = None
        self._looks = 0
        self._short = False

    def start(self) -> None:
        self._timer = self._host.clock.call_later(PERIOD, self._look, background=True)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self.start()
        self._looks += 1
        pods = [worker for worker in self._workers() if not worker.finished]
        for worker in pods:
            if _limits_disk(worker.pod["spec"]):
                message = next(self._over_limits(worker, volumes=self._looks % VOLUMES_EVERY == 0), "")
                if message:
                    worker.evict(message)
        self._see_to_memory(pods)

    # -- disk -----------------------------------------------------------------------------------

    def _over_limits(self, worker: PodWorker, *, volumes: bool) -> Iterator[str]:
        """Which limits a pod exceeds, the one that counts first."""
        directories = list(usage.empty_dirs(worker)) if volumes else []
        for volume, used in directories:
            limit = volume["emptyDir"].get("sizeLimit")
            if limit and used > amount(STORAGE, limit):
                yield f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
        layers = {record.name: usage.on_disk(record) for record in worker.records.values()}
        limits = {
            container["name"]: limit
            for container in worker.pod["spec"]["containers"]
            if (limit := ((container.get("resources") or {}).get("limits") or {}).get(STORAGE))
        }
        if limits:
            whole = "0"
            for limit in limits.values():
                whole = quantity.add(whole, limit) if whole != "0" else limit
            used = sum(layers.values())
            used += sum(used for volume, used in directories if volume["emptyDir"].get("medium") != "Memory")
            if used > amount(STORAGE, whole):
                yield f"Pod ephemeral local storage usage exceeds the total limit of containers {whole}. "
        for name, limit in limits.items():
            if layers[name] > amount(STORAGE, limit):
                yield f'Container {name} exceeded its local ephemeral storage limit "{limit}". '

    # -- memory ---------------------------------------------------------------------------------

    def _see_to_memory(self, pods: list[PodWorker]) -> None:
        node = self._host.client.get("nodes", "", self._host.name)
        if node is None:
            return
        used = {worker.uid: usage.memory(worker) for worker in pods}
        available = amount("memory", CAPACITY["memory"]) - overhead(node).memory - sum(used.values())
        short = available < amount("memory", LEAST_MEMORY)
        if short != self._short:
            self._short = short
            self._node.press("MemoryPressure", short)
            self._node.beat()
        if not short:
            return
        about = {"apiVersion": "v1", "kind": "Node", "metadata": node["metadata"]}
        self._host.events.event(about, "Warning", "EvictionThresholdMet", "Attempting to reclaim memory")
        for worker in sorted(pods, key=lambda worker: _rank(worker, used[worker.uid])):
            if worker.pod["spec"].get("priority", 0) < CRITICAL:
                message = _low_on_memory(worker, available)
                now = self._host.clock.timestamp()
                target = disruption_target(worker.pod, "TerminationByKubelet", message, now)
                if worker.evict(message, target):
                    return


def _limits_disk(spec: Object) -> bool:
    """Whether anything of a pod has a limit of the disk space that it may use; most pods are spared the counting."""
    if any(STORAGE in ((c.get("resources") or {}).get("limits") or ()) for c in spec["containers"]):
        return True
    return any("sizeLimit" in (volume.get("emptyDir") or ()) for volume in spec.get("volumes") or ())


def _rank(worker: PodWorker, used: int) -> tuple[bool, int, int]:
    """The smallest goes first."""
    over = used - worker.requests.get("memory", 0)
    return over <= 0, worker.pod["spec"].get("priority", 0), -over


def _low_on_memory(worker: PodWorker, available: int) -> str:
    message = "The node was low on resource: memory. "
    message += f"Threshold quantity: {LEAST_MEMORY}, available: {available // 1024}Ki. "
    for record in worker.records.values():
        requested = _requests(record.spec).get("memory", "0")
        used = record.instance.memory if record.alive and record.instance else 0
        if used > amount("memory", requested):
            message += (
                f"Container {record.name} was using {used // 1024}Ki, request is {requested}, "
                "has larger consumption of memory. "
            )
    return message


def _requests(container: Object) -> dict[str, str]:
    return (container.get("resources") or {}).get("requests") or {}
