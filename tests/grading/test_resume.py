"""A grader that is killed leaves nothing running; the next run takes up what it had, and the marks are the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from k8slearn import paths
from k8slearn.grading import runner
from k8slearn.grading.grade import OUTCOMES, grade
from k8slearn.grading.outcome import Outcome, Status

pytestmark = pytest.mark.usefixtures("sandbox")

ANSWERS = {
    "right": "lesson.cluster.core.create_namespaced_pod(lesson.namespace, POD | {'metadata': {'name': 'model'}})",
    "wrong": "lesson.cluster.core.create_namespaced_pod(lesson.namespace, POD | {'metadata': {'name': 'modle'}})",
    "raises": "1 / 0",
}
POD = "POD = {'spec': {'containers': [{'name': 'a', 'image': 'nginx:1.29'}]}}"

GRADE = """
import sys
from pathlib import Path
from k8slearn.grading.grade import grade
grade(Path(sys.argv[1]), Path(sys.argv[2]), 2)
"""


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submissions")
    for name, answer in ANSWERS.items():
        notebook = json.loads((paths.lessons() / "en" / "01-pods.ipynb").read_text())
        cell = next(one for one in notebook["cells"] if one["id"] == "answer-serve")
        cell["source"] = f"{POD}\n{answer}"
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook))
    return folder


def test_killed_at_any_moment_it_is_taken_up_and_the_marks_are_those_of_one_run(
    submissions: Path, tmp_path: Path
):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    grade(submissions, whole, 3)
    with subprocess.Popen([sys.executable, "-P", "-c", GRADE, str(submissions), str(broken)]) as process:
        ledger = broken / OUTCOMES
        while not ledger.exists() or not ledger.read_text():
            assert process.poll() is None
            time.sleep(0.005)
        (warm,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    _wait_for_the_end_of(int(warm))
    # What the killed process was about to write.
    with ledger.open("a") as file:
        file.write('{"name": "cut o')
    grades = grade(submissions, broken, 1)
    assert grades.reused >= 1
    assert [outcome.points for outcome in grades.outcomes] == [0, 3, 0]
    assert (broken / "grades.csv").read_bytes() == (whole / "grades.csv").read_bytes()
    graded = Counter(
        json.loads(line)["name"] for line in ledger.read_text().splitlines() if line.endswith("}")
    )
    assert set(graded.values()) == {1}
    assert grade(submissions, broken, 1).reused == len(ANSWERS)


def test_what_the_grader_itself_failed_at_is_no_mark_and_is_tried_again(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def failing(tasks, jobs, place):
        for task in tasks:
            yield task.outcome(Status.INFRA_ERROR, "The judge's process was ended by SIGKILL.")

    one = tmp_path / "one"
    one.mkdir()
    shutil.copy(submissions / "right.ipynb", one)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "run", failing)
        (outcome,) = grade(one, tmp_path / "marks").outcomes
    assert outcome.status is Status.INFRA_ERROR and outcome.marks == ()
    left: list[int] = []

    def told(outcome: Outcome, still: int) -> None:
        left.append(still)

    again = grade(one, tmp_path / "marks", progress=told)
    assert again.reused == 0 and again.outcomes[0].points == 3 and left == [0]


def _wait_for_the_end_of(pid: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the process that judges runs on")
