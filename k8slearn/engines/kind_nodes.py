"""The power over a kind cluster's nodes: a node is a container, so it loses its power when that is killed."""

from __future__ import annotations

import re
from typing import Any

from k8slearn.engines.containers import Container, ContainerEngine
from k8slearn.errors import ClusterError, UnsupportedError

CRASHED = (
    "crashed (the container {container} is stopped). In about 50 seconds Kubernetes calls the node NotReady; "
    "5 minutes later it evicts its pods. Undo it with: k8slearn node recover {name}"
)
CRASHED_CONTROL_PLANE = (
    "crashed (the container {container} is stopped). The API server was on it: nothing answers until "
    "k8slearn node recover {name}"
)
RECOVERED = "well (the container {container} runs again). Its kubelet reports within some seconds"


class KindNodes:
    """Takes the names of lessons (``worker-2``), of containers and Kubernetes (``k8slearn-worker2``) alike."""

    def __init__(self, engine: ContainerEngine, cluster: str, containers: list[Container]) -> None:
        self._engine = engine
        self._containers = {lesson_name(one.name, cluster): one for one in containers}

    def states(self) -> dict[str, str]:
        return {
            name: f"{'well' if one.running else 'crashed'} ({one.name})"
            for name, one in self._containers.items()
        }

    def do(self, name: str, what: str, **how: Any) -> str:
        if what not in ("crash", "recover"):
            raise UnsupportedError(
                f"The nodes of a kind cluster can crash and recover; {what} is for those of the embedded engine."
            )
        name, container = self._find(name)
        if what == "recover":
            if not container.running:
                self._engine.run("start", container.name)
            return RECOVERED.format(container=container.name)
        if container.running:
            self._engine.run("kill", container.name)
        told = CRASHED_CONTROL_PLANE if name == "control-plane" else CRASHED
        return told.format(container=container.name, name=name)

    def _find(self, asked: str) -> tuple[str, Container]:
        for name, container in self._containers.items():
            if asked in (name, container.name):
                return name, container
        known = ", ".join(f"{name} ({one.name})" for name, one in self._containers.items())
        raise ClusterError(f"There is no node {asked}. There are: {known}.")


def lesson_name(container: str, cluster: str) -> str:
    """What lessons call a node.

    >>> [lesson_name(f"school-{one}", "school") for one in ("control-plane", "worker", "worker2")]
    ['control-plane', 'worker-1', 'worker-2']
    """
    role = container.removeprefix(f"{cluster}-")
    worker = re.fullmatch(r"worker(\d*)", role)
    return f"worker-{worker[1] or 1}" if worker else role
