"""What grading one submission came to: plain data that crosses processes and batches as JSON.

``Outcome.to_json`` and ``Outcome.from_json`` are each other's inverse; the latter is only ever given
what the grader itself wrote.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

ANSWER_LIMIT = 20_000
"""Characters of an answer that are kept: for the learner's page, and to find answers that are alike."""


class Status(StrEnum):
    """How grading a submission went. It never stands for a mark: a crash is not a zero, nor is absence."""

    GRADED = "graded"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUTPUT_LIMIT = "output_limit"
    MALFORMED = "malformed"
    MISSING = "missing"
    INFRA_ERROR = "infra_error"
    """The grader failed, not the learner: no mark. It is tried twice, and again in the next batch."""


@dataclass(frozen=True)
class Step:
    """One named step of a check. ``status`` is passed, failed or skipped (a step it needs did not pass).

    ``name`` is for people, ``id`` the same for all of them. ``feedback`` is the name of what was said of a failed
    step: the lesson's word for that misconception.
    """

    name: str
    status: str
    seen: str = ""
    why: str = ""
    advice: str = ""
    feedback: str = ""
    id: str = ""


@dataclass(frozen=True)
class Mark:
    """One exercise: ``points`` of ``max_points``. ``note``: of the answer cell, ``steps``: of the cluster.

    ``answer`` is the source that was run, cut to ANSWER_LIMIT characters; empty where the cell was left blank.
    """

    exercise: str
    title: str
    points: float
    max_points: float
    note: str = ""
    steps: tuple[Step, ...] = ()
    answer: str = ""

    @property
    def passed(self) -> bool:
        return self.points >= self.max_points


@dataclass(frozen=True)
class Outcome:
    """One submission. ``key`` says what was graded against which lesson: equal keys, equal outcome.

    ``output`` is the end of what the learner's cells printed, ``view`` the frozen map (SVG) of the namespace as
    the run left it.
    """

    name: str
    learner: str
    lesson: str
    status: Status
    detail: str = ""
    handed_in: str = ""
    key: str = ""
    marks: tuple[Mark, ...] = ()
    output: str = ""
    seconds: float = 0.0
    lang: str = "en"
    view: str = ""
    due: str = ""
    penalty: float = 0.0
    """Points that were taken off because it came after ``due``."""

    @property
    def points(self) -> float:
        return sum(mark.points for mark in self.marks)

    @property
    def max_points(self) -> float:
        return sum(mark.max_points for mark in self.marks)

    @property
    def score(self) -> float:
        """The points less what lateness costs."""
        return round(self.points - self.penalty, 2)

    def reached(self, percent: float) -> bool:
        """Whether it was run and has at least that share of the points."""
        return bool(self.marks) and self.score >= self.max_points * percent / 100

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        marks = tuple(
            Mark(**{**mark, "steps": tuple(Step(**step) for step in mark["steps"])}) for mark in data["marks"]
        )
        return cls(**{**data, "status": Status(data["status"]), "marks": marks})
