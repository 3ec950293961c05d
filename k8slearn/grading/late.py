"""What coming late costs: a CSV with the columns ``lesson``, ``due`` and ``percent_per_day``.

    lesson,learner,due,percent_per_day
    01-pods,,2026-03-01T23:59:00+01:00,10
    01-pods,alice,2026-03-08T23:59:00+01:00,10      alice has a week more

Each day begun after ``due`` (ISO 8601; without an offset UTC) takes that percentage off the points reached, at most
all of them. A line that names a learner comes before one that names none. What is not named is never late.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from k8slearn.errors import SubmissionError
from k8slearn.grading.outcome import Outcome

COLUMNS = ("lesson", "due", "percent_per_day")


@dataclass(frozen=True)
class Deadline:
    due: datetime
    percent_per_day: float

    def penalty(self, points: float, handed_in: str) -> float:
        """What is taken off ``points``; nothing where it is not known when it was handed in."""
        if not handed_in:
            return 0.0
        days = math.ceil((datetime.fromisoformat(handed_in) - self.due) / timedelta(days=1))
        return round(points * min(max(days, 0) * self.percent_per_day, 100) / 100, 2)


Deadlines = dict[tuple[str, str], Deadline]
"""By lesson and learner; learner "" stands for all others."""


def read(path: Path) -> Deadlines:
    """The deadlines in a CSV. Raises SubmissionError, with the line, for a file that does not say them."""
    deadlines: Deadlines = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise SubmissionError(f"{path}: the first line must name the columns {', '.join(COLUMNS)}.")
            for row in rows:
                where = f"{path}:{rows.line_num}"
                lesson, learner = (row["lesson"] or "").strip(), (row.get("learner") or "").strip()
                deadlines[lesson, learner] = _deadline(row, where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SubmissionError(f"{path} cannot be read as CSV: {error}") from error
    return deadlines


def _deadline(row: dict[str, str], where: str) -> Deadline:
    try:
        due = datetime.fromisoformat((row["due"] or "").strip())
        percent = float(row["percent_per_day"] or "")
    except ValueError as error:
        raise SubmissionError(f"{where}: {error}") from error
    if not 0 <= percent <= 100:
        raise SubmissionError(f"{where}: percent_per_day must be from 0 to 100.")
    return Deadline(due if due.tzinfo else due.replace(tzinfo=UTC), percent)


def applied(outcomes: Iterable[Outcome], deadlines: Deadlines) -> list[Outcome]:
    """The outcomes, with when they were due and what their lateness costs."""
    return [_applied(one, deadlines) for one in outcomes]


def _applied(outcome: Outcome, deadlines: Deadlines) -> Outcome:
    lesson = outcome.lesson
    deadline = deadlines.get((lesson, outcome.learner)) or deadlines.get((lesson, ""))
    if deadline is None:
        return outcome
    due = deadline.due.astimezone(UTC).isoformat(timespec="seconds")
    return replace(outcome, due=due, penalty=deadline.penalty(outcome.points, outcome.handed_in))
