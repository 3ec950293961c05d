"""What a batch leaves in its folder, and the table for the terminal.

Everything in an outcome that a learner could have written (names, errors, output) is escaped for the format it goes
into, and names files only through ``place``. A file is replaced whole, so that nobody ever reads half of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from k8slearn.course.texts import language
from k8slearn.grading import feedback, overview
from k8slearn.grading.formats import documents, junit, tables
from k8slearn.grading.formats.text import markdown
from k8slearn.grading.outcome import Mark, Outcome, Status

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["OVERVIEW", "markdown", "place", "printable", "replace", "table", "write"]

OVERVIEW = "overview.html"
LONGEST = 80
"""Bytes of a file's name that come from a learner."""


def write(outcomes: Sequence[Outcome], out: Path, people: tables.People = {}) -> None:  # noqa: B006 (not altered)
    """All reports on a batch into ``out``:

    grades.csv, grades.json, junit.xml, overview.html; feedback/LEARNER.html; gradescope/LEARNER.json; and for
    those whom Moodle or Canvas named, moodle/LESSON.csv and canvas.csv to import there.
    """
    replace(out / "grades.csv", tables.grades(outcomes))
    replace(out / "grades.json", documents.grades(outcomes))
    replace(out / "junit.xml", junit.junit(outcomes))
    for lesson, worksheet in tables.moodle(outcomes, people).items():
        replace(out / "moodle" / f"{lesson}.csv", worksheet)
    if (gradebook := tables.canvas(outcomes, people)) is not None:
        replace(out / "canvas.csv", gradebook)
    learners: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        learners.setdefault(outcome.learner, []).append(outcome)
    pages = {learner: f"feedback/{place(learner)}.html" for learner in learners}
    for learner, own in learners.items():
        replace(out / pages[learner], feedback.page(own))
        replace(out / "gradescope" / f"{place(learner)}.json", documents.gradescope(own))
    replace(out / OVERVIEW, overview.page(outcomes, language(), pages))


def place(name: str) -> str:
    """A file's name for whatever a learner is called; different for different ones, and no folder that may be one's.

    >>> place("Jane Doe_12345")
    'Jane Doe_12345'
    >>> place("../../etc/passwd")
    'etc-passwd-a2a1fddc'
    """
    kept = "".join(one if one.isalnum() or one in " -_+@.,()" else "-" for one in name)
    kept = kept.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore").strip(" .-")
    if kept and kept == name and not kept.endswith((".json", ".html")):
        return kept
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{kept}-{digest}".lstrip("-")


def replace(path: Path, text: str) -> None:
    """Write ``text`` so that ``path`` is the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(text.encode("utf-8", "backslashreplace"))
    partial.replace(path)


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
            f"{outcome.score:g}/{outcome.max_points:g}" if outcome.marks else "",
            Text("  ".join(_brief(mark) for mark in outcome.marks) or printable(outcome.detail)),
        )
    return result


def printable(text: str) -> str:
    """``text`` without what would steer a terminal: a file's name may hold any character."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _brief(mark: Mark) -> str:
    return f"{'✓' if mark.passed else '✗'} {mark.exercise}"
