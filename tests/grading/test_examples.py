"""The workflow files of examples/: their steps' commands, run as the CI runs them, but for the installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def github() -> list[str]:
    """The commands of each step, which GitHub runs by ``bash -e -o pipefail``."""
    workflow = yaml.safe_load((EXAMPLES / "github-classroom/.github/workflows/grade.yml").read_text())
    steps: list[dict[str, Any]] = workflow["jobs"]["grade"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab() -> list[str]:
    job = yaml.safe_load((EXAMPLES / "gitlab/.gitlab-ci.yml").read_text())["grade"]
    return ["\n".join([*job["before_script"], *job["script"]])]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A learner's repository."""
    (tmp_path / "work" / "lessons").mkdir(parents=True)
    shutil.copy(ROOT / "tests/data/class/ivy.ipynb", tmp_path / "work" / "lessons" / "01-pods.ipynb")
    return tmp_path / "work"


def run(project: Path, commands: list[str]) -> tuple[list[int], str]:
    """The exit codes of the steps and what they printed. ``python -m pip`` does nothing."""
    tools = project.parent / "tools"
    tools.mkdir()
    for name, script in {
        "python": 'case "$*" in "-m pip install "*) ;; *) exit 64 ;; esac',
        "k8slearn": f'exec {sys.executable} -c "from k8slearn.cli import main; main()" "$@"',
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "K8SLEARN": "k8slearn[kubectl]",
        "GITHUB_ACTOR": "ivy",
        "GITHUB_STEP_SUMMARY": str(project.parent / "summary.md"),
        "GITLAB_USER_LOGIN": "ivy",
    }
    codes, printed = [], ""
    for command in commands:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
        )
        codes.append(done.returncode)
        printed += done.stdout
    return codes, printed


def test_github_shows_the_feedback_in_the_summary_and_fails_below_all_points(project: Path):
    codes, _ = run(project, github())
    assert codes == [0, 0, 1, 0]
    summary = (project.parent / "summary.md").read_text()
    assert summary.startswith("## 01-pods\n") and "**3 of 20 points**" in summary
    assert "✅ A pod that answers: 3 of 3 points" in summary and "Why it matters" in summary
    assert (project / "marks" / "feedback" / "ivy.html").is_file()


def test_gitlab_shows_the_feedback_in_the_log_and_reports_junit(project: Path):
    codes, printed = run(project, gitlab())
    assert codes == [1] and "**3 of 20 points**" in printed
    assert 'name="serve"' in (project / "marks" / "junit.xml").read_text()
