"""Lessons for an nbgrader course: the same notebooks, with the metadata by which nbgrader knows their cells.

    DIR/source/01-pods/01-pods.ipynb     solved; `nbgrader generate_assignment` blanks the answers
    DIR/nbgrader_config.py               what a blank answer looks like; left alone where there is one

nbgrader hands out and collects; ``k8slearn grade DIR/submitted`` gives the marks, in nbgrader's columns. An answer is
known by its cell's id, and by nbgrader's name for it where a tool has made the ids anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from k8slearn import paths
from k8slearn.course.loader import ANSWER, CHECK, Folder, find, folders
from k8slearn.course.texts import load
from k8slearn.errors import StorageError

CONFIG = "nbgrader_config.py"
SCHEMA_VERSION = 3
"""Of nbgrader's metadata of a cell."""


def export(names: Iterable[str], target: Path, lang: str) -> list[Path]:
    """Write the named lessons, or all, into the course folder ``target``; the files written.

    Raises LessonError for an unknown lesson, StorageError where ``target`` cannot be written.
    """
    lessons = [find(name) for name in names] or folders()
    starter = load(lang).word("starter")
    wanted = {
        target / "source" / one.id / f"{one.id}.ipynb": _source(one, one.language(lang)) for one in lessons
    }
    if not (target / CONFIG).exists():
        wanted[target / CONFIG] = (
            f'c = get_config()\nc.ClearSolutions.code_stub = {{"python": {starter!r}}}\n'
        )
    try:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}. Name another folder.") from error
    return list(wanted)


def _source(lesson: Folder, lang: str) -> str:
    notebook = json.loads(
        (paths.lessons() / "solutions" / lang / f"{lesson.id}.ipynb").read_text(encoding="utf-8")
    )
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"] = _metadata(cell["id"], lesson)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _metadata(cell: str, lesson: Folder) -> dict[str, Any]:
    """An answer is a solution, a check an autograded test with its points, all else is read-only."""
    about = {
        "grade_id": cell,
        "grade": cell.startswith(CHECK),
        "locked": not cell.startswith(ANSWER),
        "solution": cell.startswith(ANSWER),
        "task": False,
        "schema_version": SCHEMA_VERSION,
    }
    if cell.startswith(CHECK):
        about["points"] = lesson.checks[cell.removeprefix(CHECK)].points
    return about
