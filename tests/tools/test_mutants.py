"""What a mutation run tells of a lesson, and when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slearn.course.loader import Folder
from k8slearn.errors import LessonError
from tools.mutants import tell

SURVIVORS = ["heal/a manifest: Deployment a: spec.replicas dropped", "heal/a client: %kubectl x: dropped"]


def test_a_mutant_that_passes_and_is_not_accepted_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "mutants.yaml").write_text(
        "- mutant: 'heal/*: Deployment *: spec.replicas*'\n  why: any number\n"
    )
    assert tell(Folder(tmp_path), 9, SURVIVORS) == 1
    out = capsys.readouterr().out
    assert "9 mutants, 2 pass, 1 of them not accepted" in out
    assert "passes: heal/a client: %kubectl x: dropped" in out


def test_an_acceptance_that_is_of_no_use_any_more_fails_it_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "mutants.yaml").write_text("- mutant: 'heal/*'\n  why: w\n- mutant: 'scale/*'\n  why: w\n")
    assert tell(Folder(tmp_path), 9, SURVIVORS) == 1
    assert "accepted, and does not pass: scale/*" in capsys.readouterr().out


def test_an_acceptance_needs_a_reason(tmp_path: Path):
    (tmp_path / "mutants.yaml").write_text("- mutant: 'heal/*'\n")
    with pytest.raises(LessonError, match="mutant and why"):
        tell(Folder(tmp_path), 9, SURVIVORS)
