"""What an engine is: that which runs a cluster, or knows where one is.

``background``'s embedded cluster, a local ``kind`` cluster and a ``context`` that a teacher names are all used
through this one face. What an engine cannot do it does not list among its ``powers``, and says so when asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import yaml

from k8slearn.engines.files import write_private
from k8slearn.errors import ClusterError, UnsupportedError


class Progress(Protocol):
    """Tells what a command is waiting for; ``engines.progress`` shows it."""

    def say(self, text: str) -> None:
        """What is being done or waited for now."""
        ...

    def note(self, text: str) -> None:
        """Something that is worth reading afterwards as well."""
        ...


@dataclass(frozen=True)
class Wish:
    """What ``k8slearn up`` was asked for; None where nothing was said."""

    nodes: int | None = None
    port: int | None = None
    image: str | None = None
    context: str | None = None
    namespace: str | None = None
    kubeconfig: str | None = None


@dataclass(frozen=True)
class Status:
    """A cluster that is there. ``problem`` says what is not well with it and what to do, "" when all is well."""

    engine: str
    sentence: str
    kubeconfig: str
    nodes: int | None = None
    url: str = ""
    problem: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    """What only this engine has to tell, for ``--json``."""

    def facts(self) -> dict[str, Any]:
        """For scripts."""
        facts = asdict(self)
        return {name: value for name, value in facts.items() if name not in ("sentence", "more")} | self.more


class Nodes(Protocol):
    """The power over nodes."""

    def states(self) -> dict[str, str]:
        """How each node fares, by its name in lessons."""
        ...

    def do(self, name: str, what: str, **how: Any) -> str:
        """Let something befall a node; returns how it fares then. Raises ClusterError, UnsupportedError."""
        ...


class Engine(ABC):
    """``options`` are the fields of a Wish that mean something to it."""

    name: ClassVar[str]
    powers: ClassVar[frozenset[str]]
    options: ClassVar[frozenset[str]]

    @abstractmethod
    def up(self, wish: Wish, progress: Progress) -> Status:
        """Have the cluster running and ready; again, interrupted or not: find it so. Raises ClusterError."""

    @abstractmethod
    def down(self, *, keep: bool = False) -> str:
        """Leave nothing of it (``keep``: its objects), and say in a sentence what was done."""

    @abstractmethod
    def status(self) -> Status | None:
        """The cluster as it stands, None when there is none."""

    @abstractmethod
    def kubeconfig(self) -> Path:
        """The kubeconfig of a cluster that is there. Raises ClusterError, with what to do, when none is."""

    @property
    def namespace(self) -> str | None:
        """The one namespace that all lessons must share, None when each makes its own."""
        return None

    def nodes(self) -> Nodes:
        """Raises UnsupportedError where nothing can befall nodes by order."""
        raise UnsupportedError(
            f"The engine {self.name} has no power over nodes. Those of embedded and kind can crash: "
            "k8slearn up --engine kind"
        )

    def need(self, power: str) -> None:
        """Raises UnsupportedError when the engine lacks ``power`` (``clock``, ``trace``)."""
        if power not in self.powers:
            raise UnsupportedError(
                f"The cluster of the engine {self.name} is a real one and has no {power}: {_LACKING[power]}"
            )

    def work_in(self, namespace: str) -> None:
        """Let kubectl in a terminal work in ``namespace`` by itself: in the kubeconfig that k8slearn made."""
        path = self.kubeconfig()
        config = yaml.safe_load(path.read_text())
        current_context(config, path)["context"]["namespace"] = namespace
        write_private(path, yaml.safe_dump(config, sort_keys=False))


_LACKING = {
    "clock": "its time cannot be moved. Lessons wait for real there; the embedded engine's time is virtual.",
    "trace": "only the embedded engine keeps a record of what its components do. "
    "Look at the events instead: k8slearn kubectl events",
}


def current_context(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """The entry of a kubeconfig's current context. Raises ClusterError when it names none."""
    for entry in config.get("contexts") or ():
        if entry["name"] == config.get("current-context"):
            return entry
    raise ClusterError(f"{path} has no current context. Write it anew with: k8slearn up")
