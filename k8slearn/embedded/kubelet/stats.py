"""What a node's containers use, as the kubelet's ``/metrics/resource`` tells it. Upstream: pkg/kubelet/stats.

Nothing is counted in advance: whoever asks gets the containers that run, each with the meter of its CPU time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.kubelet.node_status import CONTROL_PLANE as _ROLE
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.runtime import Container


class Overhead(NamedTuple):
    """What a node uses besides its pods: the kubelet, containerd, the kernel."""

    cpu: float
    """Cores."""
    memory: int
    """Bytes."""


WORKER = Overhead(0.04, 220 * 1024**2)
CONTROL_PLANE = Overhead(0.15, 245 * 1024**2)
"""The CPU time of the API server and etcd among it, whose work is done in this process; the memory that they would
need is their containers'."""


class Running(NamedTuple):
    """A container that runs, since ``since`` (seconds since 1970)."""

    name: str
    since: float
    container: Container


def running(worker: PodWorker) -> Iterator[Running]:
    """The containers of a pod that run now, in the order in which the status names them."""
    for record in worker.records.values():
        instance = record.instance
        if record.alive and instance is not None and instance.kernel.main is not None:
            yield Running(record.name, instance.kernel.main.started, instance)


def overhead(node: Object) -> Overhead:
    return CONTROL_PLANE if _ROLE in node["metadata"].get("labels", {}) else WORKER
