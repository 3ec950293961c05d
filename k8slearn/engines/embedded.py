"""The embedded engine: a cluster in a process of its own, with virtual time (``background`` runs it)."""

from __future__ import annotations

import os
from pathlib import Path

from k8slearn.engines import background
from k8slearn.engines.engine import Engine, Nodes, Progress, Status, Wish
from k8slearn.errors import ClusterError

POWERS = frozenset({"clock", "trace", "nodes"})


class Embedded(Engine):
    name = "embedded"
    powers = POWERS
    options = frozenset({"nodes", "port"})

    def up(self, wish: Wish, progress: Progress) -> Status:
        return self._status(background.up(wish.nodes, wish.port))

    def down(self, *, keep: bool = False) -> str:
        return "The cluster is stopped." if background.down(keep=keep) else "No cluster was running."

    def status(self) -> Status | None:
        found = background.running()
        return self._status(found) if found else None

    def kubeconfig(self) -> Path:
        found = background.running()
        if found is None:
            raise ClusterError("No cluster is running. Start one in a terminal with: k8slearn up")
        return Path(found.kubeconfig)

    def nodes(self) -> Nodes:
        from k8slearn.engines.remote_nodes import RemoteNodes

        return RemoteNodes(self.kubeconfig())

    def _status(self, found: background.Running) -> Status:
        sentence = f"A cluster with {found.nodes} nodes is running at {found.url} (process {found.pid})"
        more = {"pid": found.pid, "port": found.port}
        return Status(self.name, sentence, found.kubeconfig, found.nodes, found.url, more=more)


class Given(Engine):
    """The cluster whose kubeconfig ``$K8SLEARN_KUBECONFIG`` names: as it is, for grading and tests.

    Whether it is an embedded one shows when one of its powers is used.
    """

    name = "given"
    powers = POWERS
    options = frozenset()

    def up(self, wish: Wish, progress: Progress) -> Status:
        return self.status()

    def down(self, *, keep: bool = False) -> str:
        return f"K8SLEARN_KUBECONFIG names the cluster {self.kubeconfig()}: it is left as it is."

    def status(self) -> Status:
        path = self.kubeconfig()
        return Status(self.name, f"K8SLEARN_KUBECONFIG names the cluster: {path}", str(path))

    def kubeconfig(self) -> Path:
        return Path(os.environ["K8SLEARN_KUBECONFIG"])

    def nodes(self) -> Nodes:
        from k8slearn.engines.remote_nodes import RemoteNodes

        return RemoteNodes(self.kubeconfig())

    def work_in(self, namespace: str) -> None:
        """Its kubeconfig is somebody's own and stays as it is."""
