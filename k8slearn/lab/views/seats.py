"""Slots: who comes takes the first free one, stays in it while it lives, and leaves it free when it goes."""

from __future__ import annotations

from collections.abc import Iterable


def seat(slots: list[str | None], who: str) -> int:
    """Put ``who`` into the first free slot, or into a new one."""
    for index, taken in enumerate(slots):
        if taken is None:
            slots[index] = who
            return index
    slots.append(who)
    return len(slots) - 1


class Seats:
    """The slots of one row. They never get fewer, so that the drawing never jumps."""

    def __init__(self) -> None:
        self.slots: list[str | None] = []

    def keep(self, present: Iterable[str]) -> None:
        """Free the slots of who is gone, then seat the newcomers in their order."""
        present = list(present)
        living = set(present)
        self.slots = [who if who in living else None for who in self.slots]
        seated = set(self.slots)
        for who in present:
            if who not in seated:
                seat(self.slots, who)
