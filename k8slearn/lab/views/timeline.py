"""What happened, in order: a lane for each object, grouped by owner; a column for each second in which something did.

Pure: changes in, records out; ``timelinedrawing`` draws them. What happened is what the cluster's events say; a
repeated event is one mark with a count, in the second of its last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from k8slearn.lab.views.events import Told
from k8slearn.lab.views.following import Following
from k8slearn.lab.views.kinds import controller
from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.store import Changes

LANES = 16
COLUMNS = 6
"""What is shown: the lanes and the seconds with the youngest events."""

KINDS = (
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "horizontalpodautoscalers",
    "pods",
)
"""Whose owners are known, for the order of the lanes."""


class Cell(NamedTuple):
    """A notebook's cell that was run at ``time`` (as an API server writes it), and its first line."""

    time: str
    number: int
    line: str


@dataclass(frozen=True)
class Lane:
    """An object that something happened to. ``depth`` counts its owners; one that is gone keeps its events."""

    uid: str
    kind: str
    name: str
    depth: int
    events: tuple[Told, ...]


class Timeline(Following):
    """The state of the timeline of a namespace."""

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        self.cells: list[Cell] = []
        self.lanes: list[Lane] = []
        """Owners before what they own, in the order of their first event."""
        self.columns: list[str] = []
        """The seconds, oldest first."""
        self.hidden = 0
        """Lanes that there was no room for."""

    def apply(self, changes: Changes) -> None:
        """Take a batch in. Any order of batches leads to the same picture."""
        self.objects.apply(changes)
        self.events.apply(_of(self.namespace, changes))
        told = {uid: tuple(self.events.of(uid)) for uid in self.events.objects()}
        lanes = self._ordered(told)
        recent = sorted(lanes, key=lambda lane: lane.events[-1].time)[-LANES:]
        self.hidden = len(lanes) - len(recent)
        self.lanes = [lane for lane in lanes if lane in recent]
        self._find_columns()

    def ran(self, cell: Cell) -> None:
        """A cell of the notebook was run."""
        self.cells = [*self.cells, cell][-100:]
        self._find_columns()

    def _find_columns(self) -> None:
        seconds = {second(told.time) for lane in self.lanes for told in lane.events}
        seconds |= {second(cell.time) for cell in self.cells}
        self.columns = sorted(seconds)[-COLUMNS:]

    def _ordered(self, told: dict[str, tuple[Told, ...]]) -> list[Lane]:
        """Every object after its owner, families in the order of their first event."""
        known = {obj["metadata"]["uid"]: obj for kind in KINDS for obj in self.objects.of(kind)}
        lines: dict[str, list[str]] = {uid: self._ancestors(uid, known) for uid in told}
        born = {uid: min(event.time for event in events) for uid, events in told.items()}
        first: dict[str, str] = {}
        for uid, line in lines.items():
            for one in line:
                first[one] = min(first.get(one, born[uid]), born[uid])
        ordered = sorted(told, key=lambda uid: [(first[one], one) for one in lines[uid]])
        return [
            Lane(
                uid, *self.events.about(uid), len([one for one in lines[uid][:-1] if one in told]), told[uid]
            )
            for uid in ordered
        ]

    def _ancestors(self, uid: str, known: dict[str, Object]) -> list[str]:
        """The object's controllers from the topmost down, and the object itself."""
        line = [uid]
        while True:
            owner = controller(known[line[0]]) if line[0] in known else self._maker(line[0])
            if not owner or owner in line:
                return line
            line.insert(0, owner)

    def _maker(self, uid: str) -> str:
        """Whose name the object's begins with: of one that is gone nothing else is known. "" for nobody."""
        name = self.events.about(uid)[1] if uid in self.events.objects() else ""
        makers = [
            (len(maker), other)
            for other in self.events.objects()
            if (maker := self.events.about(other)[1]) != name and name.startswith(f"{maker}-")
        ]
        return max(makers, default=(0, ""))[1]


def second(time: str) -> str:
    """``2026-01-02T03:04:05.678901Z`` → ``2026-01-02T03:04:05``."""
    return time[:19]


def seconds_between(one: str, other: str) -> float:
    return (datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds()


def _of(namespace: str, changes: Changes) -> Changes:
    """Only the events of that namespace's objects, and those that are gone."""
    events = {
        uid: obj
        for uid, obj in changes.objects.get("events", {}).items()
        if obj is None or obj["involvedObject"].get("namespace") == namespace
    }
    return Changes({"events": events}, changes.problem)
