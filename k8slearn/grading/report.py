"""Marks for the tools that instructors have: CSV, JSON, JUnit, Gradescope, and pages for learners.

Everything in an outcome that a learner could have written (names, errors, output) is escaped for the
format it goes into; a file is replaced whole, so that nobody ever reads half of one.
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8slearn.grading.feedback import page
from k8slearn.grading.outcome import Mark, Outcome, Status

if TYPE_CHECKING:
    from rich.table import Table

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


def write(outcomes: Sequence[Outcome], out: Path) -> None:
    """All reports on a batch into ``out``: grades.csv, grades.json, junit.xml, gradescope/, feedback/."""
    replace(out / "grades.csv", grades_csv(outcomes))
    replace(out / "grades.json", _json([grades_json(outcome) for outcome in outcomes]))
    replace(out / "junit.xml", junit(outcomes))
    for outcome in outcomes:
        write_one(outcome, out)


def write_one(outcome: Outcome, out: Path) -> None:
    """The two files that are one submission's own; a batch writes them as soon as it is graded."""
    replace(out / "gradescope" / f"{outcome.name}.json", _json(gradescope(outcome)))
    replace(out / "feedback" / f"{outcome.name}.html", page(outcome))


def replace(path: Path, text: str) -> None:
    """Write ``text`` so that ``path`` is the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(text.encode("utf-8", "backslashreplace"))
    partial.replace(path)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


# -- tables -----------------------------------------------------------------------------------------


def grades_csv(outcomes: Sequence[Outcome]) -> str:
    """A row a submission: nbgrader's columns, status and detail, then a column an exercise.

    A score is empty where nothing was run (missing, malformed, infra_error): that is no zero.
    """
    exercises = list(
        dict.fromkeys(f"{outcome.lesson}/{mark.exercise}" for outcome in outcomes for mark in outcome.marks)
    )
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([*NBGRADER, "status", "detail", *exercises])
    for outcome in outcomes:
        points = {f"{outcome.lesson}/{mark.exercise}": mark.points for mark in outcome.marks}
        ran = bool(outcome.marks)
        row = {
            "assignment": outcome.lesson,
            "timestamp": outcome.handed_in,
            "student_id": outcome.learner,
            "raw_score": outcome.points if ran else "",
            "late_submission_penalty": 0,
            "score": outcome.points if ran else "",
            "max_score": outcome.max_points if ran else "",
        }
        cells = [*(row.get(name, "") for name in NBGRADER), outcome.status.value, outcome.detail]
        writer.writerow([_cell(value) for value in [*cells, *(points.get(name, "") for name in exercises)]])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: ``=1+1`` becomes ``'=1+1``."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return "'" + value
    return value


def table(outcomes: Iterable[Outcome]) -> Table:
    """The batch at a glance, for a terminal."""
    from rich.table import Table
    from rich.text import Text

    result = Table("Submission", "Lesson", "Status", "Score", "Exercises")
    for outcome in outcomes:
        good = outcome.status is Status.GRADED
        result.add_row(
            Text(printable(outcome.name)),
            outcome.lesson,
            Text(outcome.status.value, "green" if good else "red"),
            f"{outcome.points:g}/{outcome.max_points:g}" if outcome.marks else "",
            Text("  ".join(_brief(mark) for mark in outcome.marks) or printable(outcome.detail)),
        )
    return result


def printable(text: str) -> str:
    """``text`` without what would steer a terminal: a file's name may hold any character."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _brief(mark: Mark) -> str:
    return f"{'✓' if mark.passed else '✗'} {mark.exercise}"


# -- for programs -----------------------------------------------------------------------------------


def grades_json(outcome: Outcome) -> dict[str, Any]:
    """The whole outcome, with its sums."""
    ran = bool(outcome.marks)
    return {
        **outcome.to_json(),
        "points": outcome.points if ran else None,
        "max_points": outcome.max_points if ran else None,
    }


def said(mark: Mark) -> str:
    """One exercise's feedback as text: its note, and what each step that did not pass saw."""
    lines = [mark.note] if mark.note else []
    for step in mark.steps:
        lines.append(f"{step.status}: {step.name}")
        if step.status != "passed":
            lines += [
                f"  {label}: {text}"
                for label, text in (("Seen", step.seen), ("Why it matters", step.why), ("Try", step.advice))
                if text
            ]
    return "\n".join(lines)


def gradescope(outcome: Outcome) -> dict[str, Any]:
    """Gradescope's results.json. Without a run it has no score, so that Gradescope shows an error, not 0."""
    tests = [
        {
            "name": f"{outcome.lesson}: {mark.title}",
            "score": mark.points,
            "max_score": mark.max_points,
            "status": "passed" if mark.passed else "failed",
            "output": said(mark),
            "visibility": "visible",
        }
        for mark in outcome.marks
    ]
    result = {"output": f"{outcome.status.value}. {outcome.detail}".strip(), "tests": tests}
    return {"score": outcome.points, **result} if outcome.marks else result


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcomes: Iterable[Outcome]) -> str:
    """A test suite a submission and a test case an exercise (``classname`` the lesson).

    A run that came to no mark is one case, in error.
    """
    root = ET.Element("testsuites", name="k8slearn")
    for outcome in outcomes:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(outcome.name),
            tests=str(len(outcome.marks) or 1),
            failures=str(sum(not mark.passed for mark in outcome.marks)),
            errors=str(int(not outcome.marks)),
            time=f"{outcome.seconds:.3f}",
        )
        for mark in outcome.marks:
            case = ET.SubElement(suite, "testcase", classname=_xml(outcome.lesson), name=_xml(mark.exercise))
            if not mark.passed:
                message = f"{mark.points:g} of {mark.max_points:g} points"
                ET.SubElement(case, "failure", message=message).text = _xml(said(mark))
        if not outcome.marks:
            case = ET.SubElement(
                suite, "testcase", classname=_xml(outcome.lesson or "k8slearn"), name=outcome.status.value
            )
            ET.SubElement(case, "error", message=_xml(outcome.detail))
        if outcome.marks and outcome.status is not Status.GRADED:
            ET.SubElement(suite, "system-err").text = _xml(f"{outcome.status.value}: {outcome.detail}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """``text`` without the characters that XML 1.0 has no way to write."""
    return _NOT_XML.sub("\ufffd", text)
