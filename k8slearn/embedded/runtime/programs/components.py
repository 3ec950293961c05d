"""The programs of the control plane and kube-proxy as containers. They hold memory and wait: what these programs do
in a real cluster is done in the embedded cluster's own process (``apiserver``, ``scheduler``, ``controllers``,
``network``), and goes on whatever becomes of the containers.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Applet, Steps

MEBIBYTE = 1024**2


class Component(NamedTuple):
    version: str
    memory: int
    """Bytes that it uses when idle, as measured on a small kind cluster."""
    size: int
    """Bytes of its image."""


COMPONENTS = {
    "etcd": Component("3.7.0-0", 45 * MEBIBYTE, 23_600_000),
    "kube-apiserver": Component("v1.37.2", 230 * MEBIBYTE, 27_100_000),
    "kube-controller-manager": Component("v1.37.2", 55 * MEBIBYTE, 22_800_000),
    "kube-proxy": Component("v1.37.2", 20 * MEBIBYTE, 26_000_000),
    "kube-scheduler": Component("v1.37.2", 25 * MEBIBYTE, 17_400_000),
}


def image_of(component: str) -> str:
    return f"registry.k8s.io/{component}:{COMPONENTS[component].version}"


def program_of(component: str) -> Applet:
    memory = COMPONENTS[component].memory

    def wait(process: Process, args: list[str]) -> Steps:
        process.allocate(memory)
        for signal in ("INT", "TERM"):
            process.handlers[signal] = process.interrupt
        yield from process.print(f"{component}: its work is done in the embedded cluster's own process")
        yield from process.pause()
        return 0

    return wait
