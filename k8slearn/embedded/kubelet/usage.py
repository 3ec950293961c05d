"""How much disk and memory a pod uses now, counted when somebody asks. Upstream: pkg/kubelet/stats, pkg/volume
(``metrics_du.go``).
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.client import Object
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.kubelet.record import Record
from k8slearn.embedded.runtime.files import Directory, FileSystem, Mount, Node, RegularFile, walk

BLOCK = 4096
"""Bytes: what a file takes on a disk is a multiple of it."""


def memory(worker: PodWorker) -> int:
    """Bytes that the pod's containers hold."""
    return sum(
        record.instance.memory for record in worker.records.values() if record.alive and record.instance
    )


def on_disk(record: Record) -> int:
    """Bytes of a container's own layer (what it has changed of its image) and of its log."""
    if record.instance is None:
        return 0
    return _own_layer(record.instance.kernel.files) + record.instance.log.size


def empty_dirs(worker: PodWorker) -> Iterator[tuple[Object, int]]:
    """The pod's emptyDir volumes and the bytes in them."""
    for volume in worker.pod["spec"].get("volumes") or ():
        node = worker.volumes.mounted(volume["name"])
        if "emptyDir" in volume and node is not None:
            yield volume, sum(_size(inner) for _, inner in walk(node, "/"))


def _own_layer(files: FileSystem) -> int:
    """What is not frozen was written by the container; what is mounted is not its own."""
    total, waiting = 0, list[Node]([files.root])
    while waiting:
        node = waiting.pop()
        if node.frozen or isinstance(node, Mount):
            continue
        total += _size(node)
        if isinstance(node, Directory):
            waiting += node.children.values()
    return total


def _size(node: Node) -> int:
    if not isinstance(node, RegularFile):
        return 0
    return -(-len(node.content) // BLOCK) * BLOCK
