"""What learners handed in: found in a folder, read as JSON, never trusted.

Two layouts are understood, and may be mixed:

    SUBMISSIONS/alice.ipynb               one notebook a learner        name "alice"
    SUBMISSIONS/bob/01-pods.ipynb         a folder a learner            name "bob/01-pods"
    SUBMISSIONS/carol/                    handed nothing in             name "carol", no path

Nothing but ``*.ipynb`` is ever looked at, so a ``conftest.py`` or ``nbformat.py`` that came along does
nothing. A notebook is read as plain JSON under a size cap; of its cells only the code cells' ids and
sources matter, so one odd output, tag or execution count cannot lose a whole submission.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from k8slearn.errors import SubmissionError

MAX_BYTES = 25_000_000
"""Largest notebook that is read. A lesson is under 100 KB; what grows beyond this is saved output."""

MAX_CELLS = 5_000
"""Most cells that are read. A lesson has under a hundred."""


@dataclass(frozen=True)
class Submission:
    """One notebook to grade, or (``path`` None) a learner who handed none in."""

    name: str
    learner: str
    path: Path | None

    def handed_in(self) -> str:
        """When the file was last changed, as ISO 8601 in UTC; empty when there is no file."""
        if self.path is None:
            return ""
        return datetime.fromtimestamp(self.path.lstat().st_mtime, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Cell:
    """One cell of a submitted notebook. ``id`` is empty where the file had none."""

    id: str
    code: bool
    source: str


@dataclass(frozen=True)
class Notebook:
    """What is taken from a submitted file. ``lesson`` and ``lang`` are what its metadata says, unchecked."""

    lesson: str | None
    lang: str | None
    cells: tuple[Cell, ...]


def find(folder: Path) -> list[Submission]:
    """All submissions in ``folder``, ordered by name.

    Raises SubmissionError when ``folder`` is no folder or has nothing to grade.
    """
    if not folder.is_dir():
        raise SubmissionError(
            f"{folder} is not a folder. Give the folder that holds the learners' notebooks: "
            "one .ipynb or one folder a learner."
        )
    found: list[Submission] = []
    for entry in _visible(folder):
        if entry.is_dir():
            notebooks = [item for item in _visible(entry) if item.suffix == ".ipynb"]
            found += [Submission(f"{entry.name}/{item.stem}", entry.name, item) for item in notebooks]
            if not notebooks:
                found.append(Submission(entry.name, entry.name, None))
        elif entry.suffix == ".ipynb":
            found.append(Submission(entry.stem, entry.stem, entry))
    if not found:
        raise SubmissionError(
            f"{folder} holds no notebook. Put them there as alice.ipynb or alice/01-pods.ipynb."
        )
    return found


def _visible(folder: Path) -> Iterator[Path]:
    """The entries of ``folder`` by name, without hidden ones such as ``.ipynb_checkpoints``."""
    return iter(sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")))


def read(path: Path) -> Notebook:
    """The notebook in ``path``.

    Raises SubmissionError with a reason for the learner when it is not a notebook of format 4.
    """
    content = _content(path)
    try:
        document = json.loads(content)
    except UnicodeDecodeError as error:
        raise SubmissionError(f"It is not text in UTF-8 ({error.reason} at byte {error.start}).") from error
    except json.JSONDecodeError as error:
        raise SubmissionError(
            f"It is not a notebook: the JSON breaks off at line {error.lineno} ({error.msg}). "
            "Open it in JupyterLab, save it and hand it in again."
        ) from error
    except (RecursionError, ValueError) as error:
        raise SubmissionError(
            "It is not a notebook: its JSON is nested too deep or has absurd numbers."
        ) from error
    return Notebook(_named(document, "lesson"), _named(document, "lang"), tuple(_cells(document)))


def _content(path: Path) -> bytes:
    """The bytes of a regular file of at most MAX_BYTES. A pipe or a device would block; it is not opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SubmissionError("It is not a regular file.")
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SubmissionError(f"It cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise SubmissionError(
            f"It is larger than {MAX_BYTES // 1_000_000} MB. In JupyterLab choose Edit, Clear Outputs of All "
            "Cells, save it and hand it in again."
        )
    if not content.strip():
        raise SubmissionError("It is empty.")
    return content


def _named(document: Any, key: str) -> str | None:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    named = metadata.get("k8slearn") if isinstance(metadata, dict) else None
    value = named.get(key) if isinstance(named, dict) else None
    return value if isinstance(value, str) else None


def _cells(document: Any) -> Iterator[Cell]:
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise SubmissionError("It is JSON but not a notebook of format 4: it has no list of cells.")
    if len(document["cells"]) > MAX_CELLS:
        raise SubmissionError(f"It has more than {MAX_CELLS} cells.")
    for number, cell in enumerate(document["cells"], 1):
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise SubmissionError(
                f"Cell {number} has no source. Open the notebook in JupyterLab and save it."
            )
        name = cell.get("id")
        yield Cell(name if isinstance(name, str) else "", cell.get("cell_type") == "code", source)


def lesson_of(notebook: Notebook, path: Path, known: Iterable[str]) -> str:
    """Which of the ``known`` lessons (``["01-pods", "02-deployments"]``) this is an answer to.

    What the notebook's metadata says, else the lesson whose id is in the file's name:
    ``01-pods (1).ipynb`` is ``01-pods``. Raises SubmissionError when neither names exactly one lesson.
    """
    lessons = list(known)
    if notebook.lesson in lessons:
        return notebook.lesson
    named = [lesson for lesson in lessons if lesson in path.stem]
    if notebook.lesson is None and len(named) == 1:
        return named[0]
    said = f"names the lesson {notebook.lesson!r:.60}" if notebook.lesson else "does not name its lesson"
    raise SubmissionError(
        f"The notebook {said}, and this k8slearn has {', '.join(lessons)}. "
        "Start from the lesson's own notebook, or name the file after the lesson."
    )
