"""Make the notebooks from the lessons' sources: byte for byte the same each time, with the same cell ids.

    lessons/01-pods/lesson.en.md  →  lessons/en/01-pods.ipynb             answer cells blank
                                     lessons/solutions/en/01-pods.ipynb   answer cells filled

                                     lessons/index.en.md                  where a command is explained (index.py)

The notebooks are committed; ``build(check=True)`` names those that are not what their sources say.
"""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from k8slearn import paths
from k8slearn.course import index, quiz, texts
from k8slearn.course.loader import ANSWER, CHECK, Folder, find, folders
from k8slearn.course.myst import Cell
from k8slearn.errors import LessonError


def build(lessons: Iterable[str] = (), *, check: bool = False) -> list[Path]:
    """Write the notebooks that differ from their sources, or with ``check`` only name them.

    Those of the named ``lessons``, or of all: then a notebook without a source is stale too, and removed, and the
    index is written with them. Raises LessonError for a source that is not sound.
    """
    root = paths.lessons()
    chosen = [find(name) for name in lessons]
    wanted = render(chosen or folders(), root) | ({} if chosen else render_index(root))
    present = {*root.glob("[a-z][a-z]/*.ipynb"), *root.glob("solutions/[a-z][a-z]/*.ipynb")}
    if chosen:
        present = {path for path in present if path.stem in {folder.id for folder in chosen}}
    stray = sorted(present - wanted.keys())
    if not check:
        for path in stray:
            path.unlink()
    return _write(wanted, check) + stray


def build_index(*, check: bool = False) -> list[Path]:
    """Write the index in each language where it differs from what the lessons say, or only name it."""
    return _write(render_index(paths.lessons()), check)


def render_index(root: Path) -> dict[Path, str]:
    """The text of the index in each language by its path."""
    return {root / f"index.{lang}.md": index.render(folders(), lang) for lang in texts.languages()}


def _write(wanted: dict[Path, str], check: bool) -> list[Path]:
    """The files that do not hold what is wanted; afterwards, unless it is a check, they do."""
    stale = [path for path, text in wanted.items() if not _holds(path, text)]
    for path in [] if check else stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    return stale


def render(lessons: list[Folder], root: Path) -> dict[Path, str]:
    """The text of every notebook by its path."""
    notebooks: dict[Path, str] = {}
    for folder in lessons:
        english = folder.cells("en")
        for lang in folder.languages:
            cells = folder.cells(lang)
            _validate(folder, lang, cells, english)
            starter = texts.load(lang).word("starter")
            for role, place in (("lesson", root / lang), ("solution", root / "solutions" / lang)):
                blank = starter if role == "lesson" else None
                notebooks[place / f"{folder.id}.ipynb"] = _notebook(folder.id, lang, role, cells, blank)
    return notebooks


def _notebook(lesson: str, lang: str, role: str, cells: list[Cell], blank: str | None) -> str:
    notebook = {
        "cells": [_cell(cell, blank) for cell in cells],
        "metadata": {
            "k8slearn": {"lesson": lesson, "lang": lang, "role": role},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cell(cell: Cell, blank: str | None) -> dict[str, Any]:
    source = blank if blank is not None and cell.id.startswith(ANSWER) else cell.source
    metadata = {"tags": list(cell.tags)} if cell.tags else {}
    made: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell.id,
        "metadata": metadata,
        "source": source.splitlines(keepends=True),
    }
    if cell.kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def _validate(folder: Folder, lang: str, cells: list[Cell], english: list[Cell]) -> None:
    """A sound lesson has a set-up cell, an answer and a check cell per exercise, and English's code cells."""
    where = folder.path / f"lesson.{lang}.md"
    code = {cell.id: cell for cell in cells if cell.kind == "code"}
    if "setup" not in code:
        raise LessonError(f"{where}: there is no code cell named setup.")
    for exercise in folder.exercises(lang):
        answer, check = code.get(ANSWER + exercise), code.get(CHECK + exercise)
        if answer is None or "answer" not in answer.tags:
            raise LessonError(f"{where}: {exercise!r} needs a cell answer-{exercise}, tagged answer.")
        if check is None or check.source != f'lesson.check("{exercise}")':
            raise LessonError(
                f'{where}: {exercise!r} needs a cell check-{exercise}: lesson.check("{exercise}")'
            )
    for cell in code.values():
        kind, _, exercise = cell.id.partition("-")
        if kind in ("answer", "check") and exercise not in folder.checks:
            raise LessonError(f"{where}:{cell.line}: checks.py has no check for the cell {cell.id}.")
    if folder.has_quiz(lang) != ("quiz" in code):
        raise LessonError(f"{where}: a cell named quiz (lesson.quiz()) and quiz.{lang}.yaml belong together.")
    if folder.has_quiz("en") != folder.has_quiz(lang):
        raise LessonError(f"{folder.path}: the quiz is there in one language and not in the other.")
    if folder.has_quiz(lang):
        path = folder.path / f"quiz.{lang}.yaml"
        quiz.compare(folder.quiz(lang).questions, folder.quiz("en").questions, path)
    _compare_cells(where, cells, english)
    _compare_texts(folder, lang)


def _compare_cells(where: Path, cells: list[Cell], english: list[Cell]) -> None:
    """A translation has English's cells, in its order; their code differs in comments only."""
    for mine, other in zip(cells, english, strict=False):
        if mine.id != other.id:
            raise LessonError(f"{where}:{mine.line}: the cell {mine.id} is where English has {other.id}.")
        if mine.kind == "code" and mine.tags != other.tags:
            raise LessonError(f"{where}:{mine.line}: the tags of the cell {mine.id} differ from English's.")
        if mine.kind == "code" and without_comments(mine.source) != without_comments(other.source):
            raise LessonError(
                f"{where}:{mine.line}: the code cell {mine.id} differs from English's in more than comments."
            )
    if len(cells) != len(english):
        raise LessonError(f"{where}: it has {len(cells)} cells, English has {len(english)}.")


def _compare_texts(folder: Folder, lang: str) -> None:
    """A translation of the exercises has English's texts, with no gap that English does not fill."""
    path = folder.path / f"exercises.{lang}.yaml"
    ours, theirs = (_flat(texts.read_yaml(folder.path / f"exercises.{one}.yaml")) for one in (lang, "en"))
    for key in sorted(ours.keys() ^ theirs.keys()):
        raise LessonError(f"{path}: {key} is there in one language and not in the other.")
    for key, text in ours.items():
        if unknown := sorted(_gaps(text) - _gaps(theirs[key])):
            raise LessonError(f"{path}: {key} has the gap {{{unknown[0]}}}, which English's has not.")


def _flat(written: Any, prefix: str = "") -> dict[str, str]:
    """``{"a": {"hints": ["x", "y"]}}`` as ``{"a/hints/0": "x", "a/hints/1": "y"}``.

    The parts of one feedback are one text: a translation may put a value into another of its sentences.
    """
    if isinstance(written, dict) and written.keys() == {"seen", "why", "advice"}:
        return {prefix: " ".join(map(str, written.values()))}
    if isinstance(written, dict | list):
        items = written.items() if isinstance(written, dict) else enumerate(written)
        return {key: text for name, value in items for key, text in _flat(value, f"{prefix}/{name}").items()}
    return {prefix: str(written)}


def _gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def without_comments(source: str) -> str:
    """Code without comments and trailing blanks: what the translations of a cell have in common.

    In manifests and magics only a whole line can be a comment: ``%kubectl run a -- echo "#1"`` has none.
    """
    lines = [line.rstrip() for line in source.splitlines() if not line.lstrip().startswith("#")]
    if source.startswith("%%"):
        return "\n".join(lines)
    python = ["" if line.startswith("%") else line for line in lines]
    for token in tokenize.generate_tokens(io.StringIO("\n".join(python)).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except FileNotFoundError:
        return False
