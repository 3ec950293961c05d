"""A learner's answers in the pristine lesson: pure functions, no file and no process.

From a submission only the sources of the cells ``answer-<exercise>`` are taken. Everything else (text,
set-up, checks, tags, metadata, outputs) is the lesson's own, so nothing that was edited there matters:

    lesson       setup  answer-first-pod (blank)  check-first-pod
    submission   setup  answer-first-pod (filled) [check cell deleted] # NBVAL_SKIP …
    spliced      setup  answer-first-pod (filled)  check-first-pod
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from k8slearn.course.loader import ANSWER, CHECK
from k8slearn.grading.notebook import Cell

LONGEST_ANSWER = 100_000
"""Characters of an answer that is run. Reading a program of a million lines takes Python minutes and gigabytes."""


class Handed(StrEnum):
    """What became of one exercise's answer cell."""

    ANSWERED = "answered"
    BLANK = "blank"
    """The cell is as the lesson gave it. It is judged all the same: an earlier answer may do the work."""
    MISSING = "missing"
    """No code cell with that id: nothing to run, no points."""
    DUPLICATED = "duplicated"
    """Several differ; the last one that was changed runs."""
    TOO_LONG = "too long"
    """More than anybody writes by hand: not run, no points."""

    def note(self, exercise: str) -> str:
        """What to tell the learner; empty when there is nothing to tell."""
        return _NOTES.get(self, "").format(cell=ANSWER + exercise)


_NOTES = {
    Handed.BLANK: "The answer cell is as the lesson gave it.",
    Handed.MISSING: (
        "The notebook has no code cell with the id {cell}, so there was no answer to run. It was deleted, "
        "turned into text, or made anew. Copy your answer into the answer cell of a fresh lesson notebook."
    ),
    Handed.TOO_LONG: f"The cell {{cell}} has more than {LONGEST_ANSWER:,} characters, so it was not run.",
    Handed.DUPLICATED: (
        "The notebook has several different cells with the id {cell}. The last one was run. Keep one."
    ),
}


@dataclass(frozen=True)
class Step:
    """One code cell to run. At a check cell (``check`` names the exercise) the judge takes over."""

    id: str
    source: str
    check: str | None = None


@dataclass(frozen=True)
class Spliced:
    """What is run (in this order), and what each exercise's answer cell was like."""

    steps: tuple[Step, ...]
    handed: dict[str, Handed]


def splice(lesson: Iterable[Cell], submission: Iterable[Cell]) -> Spliced:
    """Put the answers of ``submission`` into ``lesson``."""
    answers: dict[str, list[str]] = {}
    for cell in submission:
        if cell.code and cell.id.startswith(ANSWER):
            answers.setdefault(cell.id, []).append(cell.source)
    steps: list[Step] = []
    handed: dict[str, Handed] = {}
    for cell in lesson:
        if not cell.code:
            continue
        if cell.id.startswith(CHECK):
            steps.append(Step(cell.id, "", cell.id.removeprefix(CHECK)))
        elif cell.id.startswith(ANSWER):
            outcome, source = _answer(cell.source, answers.get(cell.id, []))
            handed[cell.id.removeprefix(ANSWER)] = outcome
            steps.append(Step(cell.id, source))
        else:
            steps.append(Step(cell.id, _brisk(cell.source)))
    return Spliced(tuple(steps), handed)


_LOOK = re.compile(
    r"%kubectl (get|describe|events|logs|explain|rollout history)\b|lesson\.(map|task|quiz)\(.*\)$"
)
_WAIT = re.compile(r"%kubectl (wait|rollout status)\b")


def _brisk(source: str) -> str:
    """A cell of the lesson's own without what only looks, for nobody does; where it waits, time is moved on.

    Starting kubectl is most of what grading costs (40 ms of a core each, and a lesson looks often); a rollout
    that the lesson shows to be stuck would be waited for in real time.

    >>> print(_brisk("%kubectl run a --image=nginx:1.29\\n%kubectl wait pod/a --for=…\\n%kubectl get pods"))
    %kubectl run a --image=nginx:1.29
    lesson.cluster.clock.settle()
    """
    if source.startswith("%%"):
        return source
    lines = [line for line in source.splitlines() if not _LOOK.match(line)]
    return "\n".join("lesson.cluster.clock.settle()" if _WAIT.match(line) else line for line in lines)


def _answer(blank: str, candidates: list[str]) -> tuple[Handed, str]:
    """The source to run among all cells with the answer's id; copies left blank do not count."""
    if not candidates:
        return Handed.MISSING, ""
    changed = list(dict.fromkeys(source for source in candidates if source.strip() != blank.strip()))
    if not changed:
        return Handed.BLANK, blank
    if len(changed[-1]) > LONGEST_ANSWER:
        return Handed.TOO_LONG, ""
    return (Handed.ANSWERED if len(changed) == 1 else Handed.DUPLICATED), changed[-1]
