from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from k8slearn.course import Progress
from k8slearn.errors import StorageError


def test_what_was_passed_is_there_for_the_next_who_looks(tmp_path: Path):
    Progress(tmp_path / "home" / "progress.json").record_pass("01-pods", "serve", 3)
    found = Progress(tmp_path / "home" / "progress.json")
    assert found.passed("01-pods", "serve")
    assert found.points("01-pods", "serve") == 3
    assert not found.passed("01-pods", "crash")


def test_hints_are_counted_beside_passes_and_forgotten_with_the_lesson(tmp_path: Path):
    progress = Progress(tmp_path / "progress.json")
    progress.record_hint("01-pods", "serve", 2)
    progress.record_pass("01-pods", "serve", 3)
    progress.record_pass("02-deployments", "heal", 4)
    assert progress.hints("01-pods", "serve") == 2
    progress.forget("01-pods")
    assert progress.hints("01-pods", "serve") == 0
    assert progress.passed("02-deployments", "heal")


def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path):
    path = tmp_path / "progress.json"
    path.write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        Progress(path).record_pass("01-pods", "serve", 3)
    assert path.read_text() == "{"


def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path):
    (tmp_path / "home").symlink_to(tmp_path / "home")  # a folder that even root cannot make
    with pytest.raises(StorageError):
        Progress(tmp_path / "home" / "progress.json").record_pass("01-pods", "serve", 3)


def test_a_full_disk_loses_nothing_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    progress = Progress(tmp_path / "progress.json")
    progress.record_pass("01-pods", "serve", 3)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"No space left.*K8SLEARN_HOME"):
        progress.record_pass("01-pods", "crash", 5)
    assert progress.passed("01-pods", "serve")
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_nothing_is_left_beside_the_file(tmp_path: Path):
    progress = Progress(tmp_path / "progress.json")
    progress.record_pass("01-pods", "serve", 3)
    progress.record_pass("01-pods", "crash", 5)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_one_exercise_is_forgotten_alone(tmp_path: Path):
    progress = Progress(tmp_path / "progress.json")
    progress.record_pass("01-pods", "serve", 3)
    progress.record_pass("01-pods", "crash", 5)
    progress.forget("01-pods", "crash")
    progress.forget("02-deployments", "heal")
    assert progress.passed("01-pods", "serve")
    assert not progress.passed("01-pods", "crash")
