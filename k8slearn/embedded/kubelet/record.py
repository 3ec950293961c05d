"""What the kubelet knows of one container of a pod: its present instance, and what came before.

There are two views of an instance's end. The runtime knows at once (``ended``); the kubelet sees it when it
next lists the containers, up to a second later (``seen``): pkg/kubelet/pleg. Statuses and decisions go by
what has been seen, which is why ``kubectl get pod -w`` shows a container that ends at once as Running.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.embedded.kubelet.task import Future
from k8slearn.embedded.runtime import Container, Image

if TYPE_CHECKING:
    from k8slearn.embedded.kubelet.probes import Prober


class Role(Enum):
    INIT = "init"
    SIDECAR = "sidecar"
    """An init container with restartPolicy Always."""
    APP = "app"
    EPHEMERAL = "ephemeral"
    """A debug container: it joins a running pod, starts once, and counts for nothing."""


_FIELDS = {
    Role.INIT: "initContainers",
    Role.SIDECAR: "initContainers",
    Role.APP: "containers",
    Role.EPHEMERAL: "ephemeralContainers",
}


class Failure(NamedTuple):
    """Why a container could not be started: the reason and message of its waiting state."""

    reason: str
    message: str
    again: float | None
    """Seconds until the next try; None when an instance was made that has ended, which decides."""


class Record:
    """One container of one pod. Times in ``ended`` and ``last`` are texts, as in a status."""

    def __init__(self, spec: dict[str, Any], role: Role) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.role = role
        self.image: Image | None = None
        self.instance: Container | None = None
        self.container_id = ""
        self.started_at = ""
        self.exited = Future()
        self.ended: dict[str, Any] | None = None
        """``state.terminated`` of the instance, once the runtime has told."""
        self.ended_at: float | None = None
        self.seen = False
        """Whether the kubelet has noticed that."""
        self.finished_at: float | None = None
        """When the last instance of which an end was seen ended: where the back-off counts from."""
        self.previous: Container | None = None
        self.last: dict[str, Any] | None = None
        """``lastState.terminated``."""
        self.restarts = 0
        self.started = False
        self.ready = False
        self.failure: Failure | None = None
        """Set when the last try to start it failed; the kubelet's reason cache."""
        self.condemned = ""
        """Why the instance must be stopped and started anew, in its event's words; "" when it need not."""
        self.grace: float | None = None
        """Seconds that a condemned instance gets, where its probe says otherwise than the pod."""
        self.probers: list[Prober] = []

    @property
    def field_path(self) -> str:
        return f"spec.{_FIELDS[self.role]}{{{self.name}}}"

    @property
    def created(self) -> bool:
        """Whether an instance was ever made."""
        return bool(self.container_id)

    @property
    def terminated(self) -> dict[str, Any] | None:
        """The end of the instance, as far as it has been seen."""
        return self.ended if self.seen else None

    @property
    def running(self) -> bool:
        """As the kubelet sees it; ``alive`` is the truth."""
        return self.created and not self.seen

    @property
    def alive(self) -> bool:
        return self.instance is not None and self.ended is None

    def notice(self) -> None:
        """The kubelet has seen the end of the instance."""
        self.seen = True
        self.finished_at = self.ended_at

    def stop_probing(self) -> None:
        for prober in self.probers:
            prober.stop()
        self.probers = []


def records(pod: dict[str, Any]) -> dict[str, Record]:
    """A record per container of ``pod``: init containers and sidecars first, in the order of their start;
    ephemeral ones last."""
    spec = pod["spec"]
    found = {}
    for container in spec.get("initContainers") or ():
        role = Role.SIDECAR if container.get("restartPolicy") == "Always" else Role.INIT
        found[container["name"]] = Record(container, role)
    for container in spec["containers"]:
        found[container["name"]] = Record(container, Role.APP)
    for container in spec.get("ephemeralContainers") or ():
        found[container["name"]] = Record(container, Role.EPHEMERAL)
    return found
