"""``k8slearn demo``: every lesson solved, and one left untouched, each graded on a cluster of its own."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from k8slearn import paths
from k8slearn.course.loader import folders
from k8slearn.grading import report
from k8slearn.grading.grade import grade
from k8slearn.grading.outcome import Outcome, Status

SOLVED = "solved"


def run() -> int:
    """Print the graded table. 0 when every solution got all points and the untouched lesson none."""
    from rich.console import Console

    lessons = paths.lessons()
    with tempfile.TemporaryDirectory(prefix="k8slearn-demo-") as folder:
        submissions = Path(folder) / "submissions"
        for lesson in folders():
            _hand_in(lessons / "solutions" / "en" / f"{lesson.id}.ipynb", submissions / SOLVED)
        _hand_in(lessons / "en" / f"{folders()[0].id}.ipynb", submissions / "untouched")
        grades = grade(submissions, Path(folder) / "marks", unsafe=True)  # these are our own
    console = Console()
    console.print(report.table(grades.outcomes))
    wrong = [outcome.name for outcome in grades.outcomes if not _as_expected(outcome)]
    for name in wrong:
        console.print(f"{name}: not what was expected. Please report this with the table above.")
    return 1 if wrong else 0


def _hand_in(notebook: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(notebook, folder)


def _as_expected(outcome: Outcome) -> bool:
    points = outcome.max_points if outcome.learner == SOLVED else 0
    return outcome.status is Status.GRADED and outcome.points == points
