"""What the cluster's events say of an object, youngest last; a repeated event is one with a count."""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.store import Changes

SHOWN = 3
"""Events in an object's story."""


class Told(NamedTuple):
    """One event: ``reason`` is a word of the component ``by``, ``count`` how often it has happened."""

    time: str
    version: int
    """Of two events of one second the one that was written first has the smaller; 0 when that is not known."""
    reason: str
    message: str
    count: int
    by: str
    warning: bool


class Events:
    """Events by the uid of the object that they are about. Any order of batches leads to the same."""

    def __init__(self) -> None:
        self._about: dict[str, str] = {}
        self._told: dict[str, dict[str, Told]] = {}
        self._names: dict[str, tuple[str, str]] = {}

    def apply(self, changes: Changes) -> None:
        for uid, obj in changes.objects.get("events", {}).items():
            about = self._about.pop(uid, None)
            if about is not None:
                told = self._told[about]
                del told[uid]
                if not told:
                    del self._told[about], self._names[about]
            if obj is not None:
                involved = obj["involvedObject"]
                about = self._about[uid] = involved.get("uid", "")
                self._names[about] = (involved.get("kind", ""), involved.get("name", ""))
                self._told.setdefault(about, {})[uid] = told_by(obj)

    def objects(self) -> list[str]:
        """The uids of all objects that something is told of."""
        return list(self._told)

    def about(self, uid: str) -> tuple[str, str]:
        """Kind and name of an object that something is told of."""
        return self._names[uid]

    def of(self, uid: str) -> list[Told]:
        """All that is told of an object, oldest first."""
        return sorted(self._told.get(uid, {}).values())

    def lines(self, uid: str) -> tuple[Told, ...]:
        """The last few."""
        return tuple(self.of(uid)[-SHOWN:])


def told_by(event: Object) -> Told:
    """An Event of core/v1, whichever of its two generations of fields it uses."""
    series = event.get("series") or {}
    first = (
        event.get("firstTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    )
    version = event["metadata"].get("resourceVersion", "")
    return Told(
        version=int(version) if version.isdecimal() else 0,
        time=event.get("lastTimestamp") or series.get("lastObservedTime") or first or "",
        reason=event.get("reason", ""),
        message=event.get("message", ""),
        count=event.get("count") or series.get("count") or 1,
        by=event.get("reportingComponent") or (event.get("source") or {}).get("component", ""),
        warning=event.get("type") == "Warning",
    )
