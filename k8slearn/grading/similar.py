"""Submissions that share what hardly anybody else wrote: a reason to look, and no proof of anything.

A line of an answer is distinctive when it is not in the lesson or its solution, in any language, and at most FEW
learners wrote it; blanks and comments do not count, and a line of less than SHORTEST characters is nobody's. Two
learners' submissions for a lesson are similar when they share LEAST such lines or more, and those are at least half
of what the shorter one has. The work grows with the lines, not with the pairs of a class.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from k8slearn.course.loader import find
from k8slearn.errors import LessonError
from k8slearn.grading.outcome import Outcome

FEW = 3
LEAST = 3
SHORTEST = 8


@dataclass(frozen=True)
class Pair:
    """Two learners whose submissions for a lesson share ``lines`` distinctive lines."""

    lesson: str
    learners: tuple[str, str]
    lines: int


def pairs(outcomes: Sequence[Outcome]) -> list[Pair]:
    """The similar ones, those that share most first."""
    found: list[Pair] = []
    for lesson in dict.fromkeys(one.lesson for one in outcomes if one.marks):
        given = _given(lesson)
        written = {
            one.learner: frozenset(lines(mark.answer for mark in one.marks)) - given
            for one in outcomes
            if one.lesson == lesson
        }
        found += _of_lesson(lesson, written)
    return sorted(found, key=lambda pair: (-pair.lines, pair.lesson, pair.learners))


def _of_lesson(lesson: str, written: dict[str, frozenset[str]]) -> list[Pair]:
    authors: dict[str, list[str]] = {}
    for learner, own in written.items():
        for line in own:
            authors.setdefault(line, []).append(learner)
    distinctive = {line: who for line, who in authors.items() if len(who) <= FEW}
    amount = Counter(learner for who in distinctive.values() for learner in who)
    shared = Counter(pair for who in distinctive.values() for pair in combinations(sorted(who), 2))
    return [
        Pair(lesson, (one, other), count)
        for (one, other), count in shared.items()
        if count >= LEAST and 2 * count >= min(amount[one], amount[other])
    ]


def lines(sources: Iterable[str]) -> set[str]:
    """The lines that code has, without comments and with one blank for many.

    >>> sorted(lines(["x   =  1 # one", "kubectl run web   --image=nginx:1.29"]))
    ['kubectl run web --image=nginx:1.29']
    """
    found = (
        re.sub(r"\s+", " ", re.sub(r"(^|\s)#.*", "", line)).strip()
        for text in sources
        for line in text.splitlines()
    )
    return {line for line in found if len(line) >= SHORTEST}


def _given(lesson: str) -> frozenset[str]:
    """What nobody had to write: the lines of the lesson with its solutions."""
    try:
        folder = find(lesson)
        cells = [cell.source for lang in folder.languages for cell in folder.cells(lang)]
        return frozenset(lines([*cells, *(cell for answer in folder.answers() for cell in answer.cells)]))
    except LessonError:  # outcomes of a lesson that this k8slearn no longer has
        return frozenset()
