"""What a view has shown: where it began and every change since, as far as memory allows.

The page does the same (``static/view.js``), so that its slider needs no answer from a kernel that is busy.
"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from k8slearn.lab.views.scene import Element, Scene, apply

KEPT = 20_000
"""Changed elements that are remembered: some minutes of a thousand pods, an hour of a lesson."""


class Frame(NamedTuple):
    """One change of the picture, at ``time`` (seconds since 1970).

    ``note`` are sentences to read beside the picture from here on; None: the former ones stay.
    """

    time: float
    changes: dict[str, Element | None]
    note: list[str] | None = None


class History:
    """``base`` and the ``frames`` that lead from it to the present."""

    def __init__(self, scene: Scene, time: float) -> None:
        self.base: Scene = dict(scene)
        self.began = time
        self.note: list[str] = []
        """What stood beside the picture at ``base``."""
        self.frames: deque[Frame] = deque()
        self._weight = 0

    def add(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._weight += _weight(frame)
        while self._weight > KEPT and len(self.frames) > 1:
            oldest = self.frames.popleft()
            self._weight -= _weight(oldest)
            self.base = apply(self.base, oldest.changes)
            self.began = oldest.time
            self.note = self.note if oldest.note is None else oldest.note

    def scene(self, back: int = 0) -> tuple[Scene, float]:
        """The picture ``back`` changes ago (or the oldest there is), and when it was so."""
        shown, time = self.base, self.began
        for frame in list(self.frames)[: max(0, len(self.frames) - back)]:
            shown, time = apply(shown, frame.changes), frame.time
        return shown, time

    def as_data(self) -> dict[str, Any]:
        """For the page."""
        return {
            "base": dict(self.base),
            "began": self.began,
            "note": self.note,
            "frames": [list(f) for f in self.frames],
        }


def _weight(frame: Frame) -> int:
    return len(frame.changes) + 1
