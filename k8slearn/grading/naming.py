"""Whose a file is, by the names that learning management systems give to what they export.

    Moodle   Jane Doe_12345_assignsubmission_file/01-pods.ipynb     or …_file_01-pods.ipynb, without folders
    Canvas   doejane_4711_998877_01-pods.ipynb                      or doejane_LATE_4711_998877_01-pods-1.ipynb

Both number the learner in the name (Moodle's "participant", Canvas's user), and take marks back by that number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MOODLE = re.compile(r"(?P<who>[^_]+)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.+))?_?", re.DOTALL)
_CANVAS = re.compile(r"(?P<who>[^_]+)_(?:LATE_)?(?P<number>\d+)_\d+_(?P<file>.+)", re.DOTALL)


@dataclass(frozen=True)
class Person:
    """A learner as a system knows them. ``system`` is moodle or canvas."""

    system: str
    name: str
    number: str
    file: str = ""
    """What the learner called the file; empty for a folder."""

    @property
    def learner(self) -> str:
        """What tells this learner from all others, as in ``Jane Doe_12345``."""
        return f"{self.name}_{self.number}"


def owner(exported: str) -> Person | None:
    """Who handed in the file or folder that an export calls so; None when the name is no export's.

    >>> owner("Jane Doe_12345_assignsubmission_file_")
    Person(system='moodle', name='Jane Doe', number='12345', file='')
    >>> owner("doejane_LATE_4711_998877_01-pods.ipynb").learner
    'doejane_4711'
    >>> owner("alice.ipynb")
    """
    for system, pattern in (("moodle", _MOODLE), ("canvas", _CANVAS)):
        if found := pattern.fullmatch(exported):
            return Person(system, found["who"], found["number"], found["file"] or "")
    return None
