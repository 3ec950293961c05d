"""The powers over the nodes of an embedded cluster that runs in another process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from k8slearn.engines.remote_clock import Powers
from k8slearn.errors import ClusterError, UnsupportedError

NODES = "/k8slearn/v1/nodes"


class RemoteNodes:
    """Every method raises ClusterError when the cluster refuses, UnsupportedError on a real one."""

    def __init__(self, kubeconfig: Path) -> None:
        self._powers = Powers(kubeconfig)

    def states(self) -> dict[str, str]:
        """How each node fares: ``well``, ``crashed``, ``disk full, parted from worker-1``."""
        return self._answer(self._powers.ask("GET", NODES))

    def do(self, name: str, what: str, **how: Any) -> str:
        """``crash``, ``freeze``, ``cut-off``, ``fill``, ``partition`` (``from``: another node) or ``recover``;
        returns how the node fares then."""
        return self._answer(self._powers.ask("POST", f"{NODES}/{name}", {"do": what, **how}))[name]

    def _answer(self, answer: tuple[int, Any]) -> dict[str, str]:
        status, body = answer
        if status == 400:
            raise ClusterError(body["message"])
        if status != 200:
            raise UnsupportedError("This cluster is a real one: nothing befalls its nodes by order.")
        return body
