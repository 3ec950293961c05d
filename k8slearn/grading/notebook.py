"""What a submitted notebook holds: read as plain JSON, never trusted.

Of its cells only the code cells' ids and sources matter, so one odd output, tag or execution count cannot
lose a whole submission.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from k8slearn.course.loader import ANSWER
from k8slearn.errors import SubmissionError

MAX_CELLS = 5_000
"""Most cells that are read. A lesson has under a hundred."""


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


def parse(content: bytes) -> Notebook:
    """The notebook that a file's content is.

    Raises SubmissionError with a reason for the learner when it is not a notebook of format 4.
    """
    if not content.strip():
        raise SubmissionError("It is empty.")
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


def lesson_of(notebook: Notebook, name: str, known: Iterable[str]) -> str:
    """Which of the ``known`` lessons (``["01-pods", "02-deployments"]``) this is an answer to.

    What the notebook's metadata says, else the lesson whose id is in the file's name:
    ``01-pods (1).ipynb`` is ``01-pods``. Raises SubmissionError when neither names exactly one lesson.
    """
    lessons = list(known)
    if notebook.lesson in lessons:
        return notebook.lesson
    named = [lesson for lesson in lessons if lesson in name]
    if notebook.lesson is None and len(named) == 1:
        return named[0]
    said = f"names the lesson {notebook.lesson!r:.60}" if notebook.lesson else "does not name its lesson"
    raise SubmissionError(
        f"The notebook {said}, and this k8slearn has {', '.join(lessons)}. "
        "Start from the lesson's own notebook, or name the file after the lesson."
    )


def _named(document: Any, key: str) -> str | None:
    value = _under(_under(_under(document, "metadata"), "k8slearn"), key)
    return value if isinstance(value, str) else None


def _under(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _cells(document: Any) -> Iterator[Cell]:
    cells = _under(document, "cells")
    if not isinstance(cells, list):
        raise SubmissionError("It is JSON but not a notebook of format 4: it has no list of cells.")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"It has more than {MAX_CELLS} cells.")
    for number, cell in enumerate(cells, 1):
        source = _under(cell, "source")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise SubmissionError(
                f"Cell {number} has no source. Open the notebook in JupyterLab and save it."
            )
        yield Cell(_id(cell), cell.get("cell_type") == "code", source)


def _id(cell: dict[str, Any]) -> str:
    """The cell's id; where a tool has made the ids anew, what nbgrader calls the answer."""
    name = cell.get("id")
    graded = _under(_under(_under(cell, "metadata"), "nbgrader"), "grade_id")
    if isinstance(graded, str) and graded.startswith(ANSWER):
        return graded
    return name if isinstance(name, str) else ""
