"""Who did what, and why: every write of a component, with the key it was reconciling when it wrote."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from k8slearn.embedded.store import Key

KEPT = 20_000


class TraceEntry(NamedTuple):
    """``component`` (``deployment-controller``), working on ``reconciling`` (``deployments.apps default/web``),
    did ``verb`` (``create``, ``update``, ``update status``, ``delete``, ``bind``) to ``resource`` ``key``.
    ``why`` is a sentence where the component gave one, else "". ``time`` is virtual, seconds since 1970.
    """

    time: float
    component: str
    reconciling: str
    verb: str
    resource: str
    key: Key
    why: str


class Trace:
    """The last writes of all components, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[TraceEntry] = deque(maxlen=KEPT)

    def add(self, entry: TraceEntry) -> None:
        self._entries.append(entry)

    def __iter__(self) -> Iterator[TraceEntry]:
        return iter(self._entries)
