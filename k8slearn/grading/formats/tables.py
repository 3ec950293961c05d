"""Tables: grades.csv in nbgrader's columns, and the files that Moodle and Canvas import.

A learner chooses names and may write anything; no cell is a formula to a spreadsheet, and every text is quoted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from k8slearn.grading.formats.text import feedback
from k8slearn.grading.naming import Person
from k8slearn.grading.outcome import Outcome

NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)
"""The columns of ``nbgrader export``, in its order: whoever reads those reads ours."""

MOODLE = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
)
"""The columns of an assignment's grading worksheet; Moodle finds the learner by the first."""

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
"""The columns before the assignments' in a gradebook; Canvas finds the learner by the ID."""

People = Mapping[str, Person]
"""Who a learner is to the system whose export named them."""


def grades(outcomes: Sequence[Outcome]) -> str:
    """A row a submission: nbgrader's columns, status and detail, then a column an exercise.

    A score is empty where nothing was run (missing, malformed, infra_error): that is no zero.
    """
    exercises = dict.fromkeys(f"{one.lesson}/{mark.exercise}" for one in outcomes for mark in one.marks)
    return _csv((*NBGRADER, "status", "detail", *exercises), (_row(one, exercises) for one in outcomes))


def _row(outcome: Outcome, exercises: Iterable[str]) -> list[Any]:
    points = {f"{outcome.lesson}/{mark.exercise}": mark.points for mark in outcome.marks}
    ran = bool(outcome.marks)
    row = {
        "assignment": outcome.lesson,
        "duedate": outcome.due,
        "timestamp": outcome.handed_in,
        "student_id": outcome.learner,
        "raw_score": outcome.points if ran else "",
        "late_submission_penalty": outcome.penalty,
        "score": outcome.score if ran else "",
        "max_score": outcome.max_points if ran else "",
    }
    known = (row.get(name, "") for name in NBGRADER)
    return [*known, outcome.status.value, outcome.detail, *(points.get(name, "") for name in exercises)]


def moodle(outcomes: Iterable[Outcome], people: People) -> dict[str, str]:
    """A grading worksheet a lesson, by the lesson: for those whose names are from Moodle's export.

    In Moodle: the assignment, Submissions, Actions, Upload grading worksheet.
    """
    rows: dict[str, list[list[Any]]] = {}
    for one in outcomes:
        person = people.get(one.learner)
        if person is not None and person.system == "moodle" and one.marks:
            row = {
                "Identifier": f"Participant {person.number}",
                "Full name": person.name,
                "Grade": one.score,
                "Maximum Grade": one.max_points,
                "Grade can be changed": "Yes",
                "Feedback comments": feedback(one),
            }
            rows.setdefault(one.lesson, []).append([row.get(name, "") for name in MOODLE])
    return {lesson: _csv(MOODLE, found) for lesson, found in rows.items()}


def canvas(outcomes: Iterable[Outcome], people: People) -> str | None:
    """A gradebook with a column a lesson, for those whose names are from Canvas's export; None: there are none.

    In Canvas: Grades, Import. It asks which assignment a column is, unless one has the lesson's name.
    """
    scores: dict[str, dict[str, float]] = {}
    most: dict[str, float] = {}
    for one in outcomes:
        person = people.get(one.learner)
        if person is not None and person.system == "canvas" and one.marks:
            scores.setdefault(one.learner, {})[one.lesson] = one.score
            most[one.lesson] = one.max_points
    if not scores:
        return None
    rows: list[list[Any]] = [["    Points Possible", "", "", "", "", *most.values()]]
    for learner, reached in scores.items():
        who = [people[learner].name, people[learner].number, "", "", ""]
        rows.append([*who, *(reached.get(lesson, "") for lesson in most)])
    return _csv((*CANVAS, *most), rows)


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: ``=1+1`` becomes ``'=1+1``. The wide ones count in Chinese.

    Whole numbers are written as such.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value[:1] in tuple("=+-@＝＋－＠\t\r\n"):
        return "'" + value
    return value
