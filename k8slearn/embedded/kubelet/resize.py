"""In-place resize on the node: new CPU and memory for containers that run. Upstream: pkg/kubelet/allocation.

What a pod asks for and what it has are two things. The kubelet gives a resize when the node has room (then the
containers get it at once, or with a restart where ``resizePolicy`` says so); until then it is pending:

    Deferred    other pods use too much now; it is tried again
    Infeasible  the node could not give it if it were empty
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.record import Record
from k8slearn.kube import quantity
from k8slearn.kube.resources import Resources, amounts, requests

Object = dict[str, Any]

CONDITIONS = ("PodResizePending", "PodResizeInProgress")

RETRY = 10.0
"""Seconds until a deferred resize is tried again (upstream: when another pod ends, else every three minutes)."""

Room = Callable[[Resources], tuple[str, str] | None]
"""Why the node has no room beside its other pods for one that requests so much: ``OutOfcpu`` and a sentence."""


class Resize:
    """The resizes of one pod. ``capacity`` is what the node offers."""

    def __init__(self, host: Host, records: dict[str, Record], capacity: dict[str, str], room: Room) -> None:
        self._host = host
        self._records = records
        self._capacity = amounts(capacity)
        self._room = room
        self._pending: Object | None = None
        self._in_progress: Object | None = None

    @property
    def pending(self) -> bool:
        """The pod waits for more than the node has left."""
        return self._pending is not None

    @property
    def conditions(self) -> list[Object]:
        return [condition for condition in (self._pending, self._in_progress) if condition]

    def as_allocated(self, container: Object, record: Record) -> Object:
        """``container`` with the resources that it has been given, whatever it asks for."""
        given = record.spec.get("resources") or {}
        return container if (container.get("resources") or {}) == given else {**container, "resources": given}

    def see_to(self, pod: Object) -> bool:
        """Give the containers what ``pod`` asks for, if the node has it. Whether they got something."""
        changed = [
            (self._records[container["name"]], container.get("resources") or {})
            for container in _containers(pod)
            if (container.get("resources") or {})
            != (self._records[container["name"]].spec.get("resources") or {})
        ]
        if not changed:
            self._pending = None
            return False
        if why := self._room(requests(pod)):
            self._wait(pod, *why)
            return False
        self._pending = None
        self._in_progress = self._condition(pod, "PodResizeInProgress")
        self._tell(pod, "Normal", "ResizeStarted", "Pod resize started")
        for record, resources in changed:
            before, record.spec = record.spec, {**record.spec, "resources": resources}
            if record.alive and record.instance is not None:
                if _restarts(before, record.spec):
                    record.condemned = f"Container {record.name} resize requires restart"
                else:
                    record.instance.limit(*limits_of(record.spec))
        return True

    def completed(self, pod: Object) -> bool:
        """Whether a resize was under way and is done now, which this tells."""
        if self._in_progress is None or any(record.condemned for record in self._records.values()):
            return False
        self._in_progress = None
        self._tell(pod, "Normal", "ResizeCompleted", "Pod resize completed")
        return True

    def _wait(self, pod: Object, reason: str, message: str) -> None:
        needed = requests(pod)
        never = any(amount > self._capacity.get(name, 0) for name, amount in needed.items())
        kind = "Infeasible" if never else "Deferred"
        generation = pod["metadata"].get("generation", 1)
        before = self._pending
        self._pending = {
            **self._condition(pod, CONDITIONS[0]),
            "reason": kind,
            "message": message,
        }
        if before is not None:
            self._pending["lastTransitionTime"] = before["lastTransitionTime"]
            self._pending["lastProbeTime"] = before["lastProbeTime"]
        if before is None or before["observedGeneration"] != generation:
            self._tell(pod, "Warning", f"Resize{kind}", f"Pod resize {reason}", error=message)

    def _condition(self, pod: Object, kind: str) -> Object:
        now = self._host.clock.timestamp()
        generation = pod["metadata"].get("generation", 1)
        return {
            "type": kind,
            "observedGeneration": generation,
            "status": "True",
            "lastProbeTime": now,
            "lastTransitionTime": now,
        }

    def _tell(self, pod: Object, type: str, reason: str, what: str, **more: str) -> None:
        """``Pod resize started: {"containers":[{"name":"a","resources":{…}}],"generation":2}``"""
        told: Object = {}
        for field in ("initContainers", "containers"):
            if containers := pod["spec"].get(field):
                told[field] = [
                    {"name": c["name"], "resources": _sorted(c.get("resources") or {})} for c in containers
                ]
        told = {**told, "generation": pod["metadata"].get("generation", 1), **more}
        self._host.events.event(pod, type, reason, f"{what}: {orjson.dumps(told).decode()}")


def limits_of(container: Object) -> tuple[float | None, int | None]:
    """A container's limits: cores and bytes, None for no limit."""
    limits = (container.get("resources") or {}).get("limits") or {}
    cpu, memory = limits.get("cpu"), limits.get("memory")
    return (
        float(quantity.parse(cpu)) if cpu is not None else None,
        int(quantity.parse(memory)) if memory is not None else None,
    )


def _restarts(before: Object, after: Object) -> bool:
    """Whether a resource has changed for which ``resizePolicy`` asks for a restart."""
    policies = {policy["resourceName"]: policy["restartPolicy"] for policy in after.get("resizePolicy") or ()}

    def of(container: Object, name: str) -> list[str | None]:
        resources = container.get("resources") or {}
        return [(resources.get(kind) or {}).get(name) for kind in ("requests", "limits")]

    return any(
        policy == "RestartContainer" and of(before, name) != of(after, name)
        for name, policy in policies.items()
    )


def _containers(pod: Object) -> Iterator[Object]:
    yield from pod["spec"].get("initContainers") or ()
    yield from pod["spec"]["containers"]


def _sorted(resources: Object) -> Object:
    return {
        kind: dict(sorted(resources[kind].items())) for kind in ("limits", "requests") if resources.get(kind)
    }
