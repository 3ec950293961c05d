"""Lessons go into an nbgrader course and come back from it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from k8slearn.course.loader import find
from k8slearn.errors import LessonError
from k8slearn.grading import nbgrader, notebook, splice


def exported(folder: Path, lang: str = "en") -> dict:
    nbgrader.export(["pods"], folder, lang)
    return json.loads((folder / "source" / "01-pods" / "01-pods.ipynb").read_text())


def test_answers_are_solutions_checks_have_points_and_all_else_is_locked(tmp_path: Path):
    cells = {cell["id"]: cell["metadata"]["nbgrader"] for cell in exported(tmp_path)["cells"]}
    assert all(about["grade_id"] == name and about["schema_version"] == 3 for name, about in cells.items())
    assert (
        cells["answer-serve"] | {"solution": True, "locked": False, "grade": False} == cells["answer-serve"]
    )
    assert cells["setup"] | {"solution": False, "locked": True, "grade": False} == cells["setup"]
    checks = find("pods").checks
    assert {name: about.get("points") for name, about in cells.items() if about["grade"]} == {
        f"check-{name}": check.points for name, check in checks.items()
    }


def test_what_nbgrader_blanks_is_the_lessons_own_blank(tmp_path: Path):
    exported(tmp_path, "zh")
    config = SimpleNamespace(ClearSolutions=SimpleNamespace())
    runpy.run_path(str(tmp_path / nbgrader.CONFIG), {"get_config": lambda: config})
    blank = config.ClearSolutions.code_stub["python"]
    pristine = json.loads((find("pods").path.parent / "zh" / "01-pods.ipynb").read_text())
    assert blank in {"".join(cell["source"]) for cell in pristine["cells"] if cell["id"] == "answer-serve"}


def test_an_instructors_own_configuration_stays(tmp_path: Path):
    (tmp_path / nbgrader.CONFIG).write_text("mine = True\n")
    exported(tmp_path)
    assert (tmp_path / nbgrader.CONFIG).read_text() == "mine = True\n"


def test_answers_come_back_even_where_the_ids_were_made_anew(tmp_path: Path):
    handed_in = exported(tmp_path)
    for number, cell in enumerate(handed_in["cells"]):
        cell["id"] = f"{number:08x}"
    answers = notebook.parse(json.dumps(handed_in).encode()).cells
    pristine = notebook.parse((find("pods").path.parent / "en" / "01-pods.ipynb").read_bytes()).cells
    assert set(splice.splice(pristine, answers).handed.values()) == {splice.Handed.ANSWERED}


def test_an_unknown_lesson_is_said_so(tmp_path: Path):
    with pytest.raises(LessonError, match="01-pods"):
        nbgrader.export(["nothing"], tmp_path, "en")
