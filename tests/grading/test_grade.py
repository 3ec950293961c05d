"""A folder of notebooks becomes marks: each on a cluster of its own, whatever the notebooks are like.

The batch below is graded once; the tests look at it. ``serve`` is the first exercise of lesson 01-pods:
a pod called ``model`` that answers requests.
"""

from __future__ import annotations

import csv
import json
import resource
from pathlib import Path
from typing import Any

import pytest

from k8slearn import paths
from k8slearn.errors import StorageError, SubmissionError
from k8slearn.grading.files import MAX_BYTES
from k8slearn.grading.grade import OUTCOMES, Grades, grade
from k8slearn.grading.learner import Limits
from k8slearn.grading.outcome import Mark, Outcome, Status

pytestmark = pytest.mark.usefixtures("sandbox")

LESSON = "01-pods"
LIMITS = Limits(seconds=30, output_bytes=200_000)
RIGHT = "%kubectl run model --image=nginx:1.29"
WRONG = "%kubectl run modle --image=nginx:1.29"


def notebook(role: str = "") -> dict[str, Any]:
    """The pristine lesson, or (``role`` "solutions") the solved one."""
    return json.loads((paths.lessons() / role / "en" / f"{LESSON}.ipynb").read_text())


def answered(**answers: str) -> dict[str, Any]:
    """The pristine lesson with some answer cells filled."""
    made = notebook()
    for cell in made["cells"]:
        if cell["id"].removeprefix("answer-") in answers and cell["id"].startswith("answer-"):
            cell["source"] = answers[cell["id"].removeprefix("answer-")]
    return made


def without(made: dict[str, Any], *ids: str) -> dict[str, Any]:
    return {**made, "cells": [cell for cell in made["cells"] if cell["id"] not in ids]}


def cell(name: str, source: str) -> dict[str, Any]:
    return {"id": name, "cell_type": "code", "source": source, "metadata": {}, "outputs": []}


def cheats() -> dict[str, dict[str, Any]]:
    """What passed under nbval or nbgrader with a wrong answer."""
    skipped = answered(serve=f"# NBVAL_SKIP\n{WRONG}")
    for one in skipped["cells"]:
        if one["id"].startswith("check-"):
            one["source"] = "# NBVAL_SKIP\npass"
            one["metadata"] = {"tags": ["nbval-skip", "raises-exception"]}
    saved = answered(serve=WRONG)
    for one in saved["cells"]:
        if one["cell_type"] == "code":
            one["execution_count"] = None
            one["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "✓ 3 of 3 points"}]
    setup = answered(serve=WRONG)
    for one in setup["cells"]:
        if one["id"] == "setup":
            one["source"] = (
                "class L:\n    def __getattr__(self, n): return lambda *a, **k: None\nlesson = L()"
            )
    return {
        "skip-comments": skipped,
        "saved-output": saved,
        "own-setup": setup,
        "no-checks": without(answered(serve=WRONG), *(f"check-{name}" for name in EXERCISES)),
    }


EXERCISES = ("serve", "image", "finish", "together", "crash")
CHEATS = ("skip-comments", "saved-output", "own-setup", "no-checks")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Grades]:
    folder = tmp_path_factory.mktemp("batch")
    submissions = folder / "submissions"
    submissions.mkdir()
    made: dict[str, Any] = {
        "perfect": notebook("solutions"),
        "untouched": notebook(),
        "half": answered(serve=RIGHT),
        "endless": answered(serve=RIGHT, finish="while True: pass"),
        "crash": answered(serve=RIGHT, finish="import os; os._exit(1)"),
        "loud": answered(serve="while True: print('x' * 1000)"),
        "raises": answered(serve="pod = make_pod('model')"),
        "missing-answer": without(answered(serve=RIGHT), "answer-serve"),
        "renamed-answer": {**notebook(), "cells": [cell("answer-Serve", RIGHT)]},
        "answers-only": {**notebook(), "cells": [cell("answer-serve", RIGHT)]},
        "too-long": answered(serve=RIGHT + "\nx = 1" * 1_000_000),
        "duplicated": {**notebook(), "cells": [cell("answer-serve", WRONG), cell("answer-serve", RIGHT)]},
        "odd-text": answered(serve=RIGHT, finish="x = '\ud800'"),
        **{f"cheat-{name}": content for name, content in cheats().items()},
    }
    for name, content in made.items():
        (submissions / f"{name}.ipynb").write_text(json.dumps(content))
    (submissions / "malformed.ipynb").write_text('{"cells": [')
    (submissions / "absent").mkdir()
    with (submissions / "huge.ipynb").open("wb") as file:
        file.truncate(2 * MAX_BYTES)
    for name in ("conftest", "nbformat", "k8slearn", "json", "IPython"):
        (submissions / f"{name}.py").write_text("raise SystemExit('a file of a learner was run')")
    out = folder / "marks"
    return submissions, out, grade(submissions, out, 2, limits=LIMITS)


@pytest.fixture(scope="module")
def of(batch: tuple[Path, Path, Grades]) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in batch[2].outcomes}


def mark(outcome: Outcome, exercise: str) -> Mark:
    return next(mark for mark in outcome.marks if mark.exercise == exercise)


# -- what becomes of each -----------------------------------------------------------------------------


def test_a_perfect_notebook_has_all_points_and_an_untouched_one_none(of):
    assert of["perfect"].status is Status.GRADED and of["perfect"].points == of["perfect"].max_points > 0
    assert of["untouched"].status is Status.GRADED and of["untouched"].points == 0


def test_half_an_answer_has_the_points_of_that_half_and_feedback_on_the_rest(of):
    half = of["half"]
    assert half.status is Status.GRADED
    assert mark(half, "serve").passed and not mark(half, "finish").passed
    failed = [step for step in mark(half, "finish").steps if step.status == "failed"]
    assert failed and all(step.seen and step.why and step.advice for step in failed)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("endless", Status.TIMEOUT),
        ("crash", Status.CRASHED),
        ("loud", Status.OUTPUT_LIMIT),
        ("malformed", Status.MALFORMED),
        ("huge", Status.MALFORMED),
        ("absent", Status.MISSING),
    ],
)
def test_what_cannot_be_run_to_its_end_has_its_own_status_and_a_reason(of, name, status):
    assert of[name].status is status and of[name].detail


@pytest.mark.parametrize("name", ["endless", "crash"])
def test_what_was_judged_before_the_end_keeps_its_points(of, name):
    assert mark(of[name], "serve").passed
    assert "before this exercise was judged" in mark(of[name], "finish").note


def test_an_exception_in_an_answer_is_told_with_the_usual_reason(of):
    note = mark(of["raises"], "serve").note
    assert "NameError" in note and "defined or imported" in note


def test_a_missing_renamed_or_endless_answer_has_no_points_and_a_message(of):
    for name in ("missing-answer", "renamed-answer", "too-long"):
        assert of[name].status is Status.GRADED
        assert mark(of[name], "serve").points == 0 and "answer-serve" in mark(of[name], "serve").note


def test_answers_are_all_that_is_needed_and_of_two_the_last_counts(of):
    assert mark(of["answers-only"], "serve").passed
    assert mark(of["duplicated"], "serve").passed
    assert mark(of["odd-text"], "serve").passed


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_gains_nothing(of, name):
    outcome = of[f"cheat-{name}"]
    assert outcome.points == 0
    assert outcome.status in (Status.GRADED, Status.CRASHED)


# -- the batch ----------------------------------------------------------------------------------------


def test_reports_are_there_with_a_row_a_submission(batch):
    submissions, out, grades = batch
    with (out / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = [*(path.stem for path in submissions.glob("*.ipynb")), "absent"]
    assert sorted(row["student_id"] for row in rows) == sorted(expected)
    assert all((out / "feedback" / f"{outcome.name}.html").is_file() for outcome in grades.outcomes)


def test_graded_again_only_what_changed_or_failed(batch, tmp_path: Path):
    submissions, out, grades = batch
    known = {json.loads(line)["name"] for line in (out / OUTCOMES).read_text().splitlines()}
    assert known == {outcome.name for outcome in grades.outcomes}
    (submissions / "half.ipynb").write_text(json.dumps(answered(serve=WRONG)))
    with (out / OUTCOMES).open("a") as ledger:
        ledger.write('{"name": "cut off')
    told: list[str] = []
    again = grade(
        submissions, out, 2, limits=LIMITS, progress=lambda outcome, left: told.append(outcome.name)
    )
    assert sorted(told) == ["absent", "half", "huge", "malformed"]
    assert again.reused == len(grades.outcomes) - len(told)
    assert {one.name: one.points for one in again.outcomes if one.name not in told} == {
        one.name: one.points for one in grades.outcomes if one.name not in told
    }


def test_a_submission_costs_about_a_second_and_a_half_of_one_core(tmp_path: Path):
    """Most of it is kubectl's, which the lesson's solution calls 40 times. ``make bench`` measures the time of a
    class; here processor time is bounded."""
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    for number in range(4):
        (submissions / f"learner-{number}.ipynb").write_text(json.dumps(notebook("solutions")))
    before = _processor_seconds()
    grades = grade(submissions, tmp_path / "marks", 2)
    taken = _processor_seconds() - before
    assert all(outcome.points == outcome.max_points > 0 for outcome in grades.outcomes)
    assert taken < 5 + 4 * 3  # imports once, then twice what a quiet machine needs


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_nothing_to_grade_and_nowhere_to_write_are_said(tmp_path: Path):
    with pytest.raises(SubmissionError, match="no notebook"):
        grade(tmp_path, tmp_path / "out")
    (tmp_path / "alice").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--out"):
        grade(tmp_path, tmp_path / "file")
