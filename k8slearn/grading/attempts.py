"""Several attempts of one learner at one lesson: which of them counts.

``latest``: the one that was handed in last (of those with the same time, the one whose name comes last); the others
are not run. ``best``: all are run, and the one with most points counts, the latest of equals. A notebook that
cannot be read names no lesson, so it never takes the place of one that can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from k8slearn.grading.outcome import Outcome


class Rule(StrEnum):
    LATEST = "latest"
    BEST = "best"


class Attempt(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def learner(self) -> str: ...
    @property
    def lesson(self) -> str: ...
    @property
    def handed_in(self) -> str: ...


A = TypeVar("A", bound=Attempt)


def latest(attempts: Iterable[A]) -> list[A]:
    """Of each learner's attempts at a lesson the last, in the order given."""
    return _choose(attempts, _time)


def best(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Of each learner's attempts at a lesson the one with the highest score, in the order given."""
    return _choose(outcomes, lambda one: (one.score, *_time(one)))


def _choose(attempts: Iterable[A], worth: Callable[[A], Any]) -> list[A]:
    given = list(attempts)
    counted: dict[tuple[str, str], A] = {}
    for one in given:
        # Without a lesson it is an attempt at nothing that is known: each stands for itself.
        key = (one.learner, one.lesson or f"/{one.name}")
        if key not in counted or worth(one) >= worth(counted[key]):
            counted[key] = one
    kept = {one.name for one in counted.values()}
    return [one for one in given if one.name in kept]


def _time(attempt: Attempt) -> tuple[str, list[tuple[int, str]]]:
    """When it came, then its name with its numbers as numbers: ``pods-10`` comes after ``pods-9``."""
    digits = re.findall(r"\d+|\D+", attempt.name)
    return attempt.handed_in, [(int(part), "") if part.isdecimal() else (-1, part) for part in digits]
