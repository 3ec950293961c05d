"""Where an object is: what etcd's keys are made of."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """An object's place: ``namespace`` is "" for what belongs to no namespace."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name
