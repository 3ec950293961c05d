"""Submissions are found in both layouts and read without trust."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from k8slearn.errors import SubmissionError
from k8slearn.grading.submission import MAX_BYTES, Cell, find, lesson_of, read


def write(path: Path, cells: list, metadata: dict | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"cells": cells, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5})
    )
    return path


def code(name: str, source: str | list[str]) -> dict:
    return {"id": name, "cell_type": "code", "source": source, "outputs": [], "metadata": {}}


def test_files_and_folders_are_found_and_strays_are_not(tmp_path: Path):
    write(tmp_path / "alice.ipynb", [])
    write(tmp_path / "bob" / "01-pods.ipynb", [])
    write(tmp_path / "bob" / "02-deployments.ipynb", [])
    write(tmp_path / "bob" / ".ipynb_checkpoints" / "01-pods-checkpoint.ipynb", [])
    write(tmp_path / ".ipynb_checkpoints" / "alice-checkpoint.ipynb", [])
    (tmp_path / "carol").mkdir()
    (tmp_path / "conftest.py").write_text("raise SystemExit")
    assert [(found.name, found.learner, found.path is None) for found in find(tmp_path)] == [
        ("alice", "alice", False),
        ("bob/01-pods", "bob", False),
        ("bob/02-deployments", "bob", False),
        ("carol", "carol", True),
    ]


def test_a_folder_without_notebooks_says_what_to_put_there(tmp_path: Path):
    with pytest.raises(SubmissionError, match=r"alice\.ipynb"):
        find(tmp_path)
    with pytest.raises(SubmissionError, match="not a folder"):
        find(tmp_path / "absent")


def test_sources_are_read_as_text_or_as_lines(tmp_path: Path):
    path = write(tmp_path / "a.ipynb", [code("answer-x", "a = 1"), code("answer-y", ["b = 1\n", "c = 2"])])
    assert read(path).cells == (Cell("answer-x", True, "a = 1"), Cell("answer-y", True, "b = 1\nc = 2"))


def test_odd_outputs_tags_counts_and_ids_do_not_matter(tmp_path: Path):
    cell = {
        "id": 7,
        "cell_type": "code",
        "source": "x",
        "outputs": "?",
        "metadata": [],
        "execution_count": "many",
    }
    assert read(write(tmp_path / "a.ipynb", [cell])).cells == (Cell("", True, "x"),)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{\n broken", "line 2"),
        (b'{"cells": [', "breaks off"),
        (b"\xff\xfe\xff", "UTF-8|breaks off"),
        (b"\x80abc", "UTF-8"),
        (b"[]", "no list of cells"),
        (b"null", "no list of cells"),
        (b'{"worksheets": []}', "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"cells": [1]}', "Cell 1 has no source"),
        (b'{"cells": [{"source": "x"}, {"source": [1]}]}', "Cell 2 has no source"),
        (b"[" * 200_000, "nested"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "absurd numbers"),
        (b'{"cells": [' + b'{"source": ""},' * 6_000 + b'{"source": ""}]}', "more than 5000 cells"),
    ],
)
def test_what_is_no_notebook_has_a_reason(tmp_path: Path, content: bytes, reason: str):
    (tmp_path / "a.ipynb").write_bytes(content)
    with pytest.raises(SubmissionError, match=reason):
        read(tmp_path / "a.ipynb")


def test_a_fifty_megabyte_notebook_says_how_to_make_it_small(tmp_path: Path):
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate(2 * MAX_BYTES)
    with pytest.raises(SubmissionError, match="Clear Outputs"):
        read(path)


def test_a_pipe_a_dangling_link_and_an_unreadable_file_do_not_block(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SubmissionError, match="not a regular file"):
        read(tmp_path / "pipe.ipynb")
    with pytest.raises(SubmissionError, match="No such file"):
        read(tmp_path / "link.ipynb")
    assert all(found.handed_in() for found in find(tmp_path))


KNOWN = ["01-pods", "02-deployments"]


@pytest.mark.parametrize(
    ("metadata", "name", "lesson"),
    [
        ({"k8slearn": {"lesson": "02-deployments"}}, "alice", "02-deployments"),
        ({"k8slearn": {"lesson": "02-deployments"}}, "01-pods", "02-deployments"),
        ({}, "01-pods", "01-pods"),
        ({}, "alice_01-pods (1)", "01-pods"),
        ({"k8slearn": "odd"}, "01-pods", "01-pods"),
    ],
)
def test_the_lesson_is_what_the_metadata_says_else_the_file_name(tmp_path: Path, metadata, name, lesson):
    path = write(tmp_path / f"{name}.ipynb", [], metadata)
    assert lesson_of(read(path), path, KNOWN) == lesson


@pytest.mark.parametrize(
    ("metadata", "name"),
    [({}, "alice"), ({"k8slearn": {"lesson": "99-none"}}, "01-pods"), ({}, "01-pods and 02-deployments")],
)
def test_an_unknown_lesson_is_said_so(tmp_path: Path, metadata, name):
    path = write(tmp_path / f"{name}.ipynb", [], metadata)
    with pytest.raises(SubmissionError, match="01-pods, 02-deployments"):
        lesson_of(read(path), path, KNOWN)
