"""A small class, graded whole: right, wrong, half, broken and hostile submissions get the marks meant for them.

tests/data/class-grades.csv is what was meant: grades.csv without the times of the files.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from k8slearn.grading.grade import Grades, grade
from k8slearn.grading.outcome import Outcome

pytestmark = pytest.mark.usefixtures("sandbox")

CLASS = Path(__file__).parent.parent / "data" / "class"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: cell for name, cell in row.items() if name != "timestamp"} for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Grades]:
    out = tmp_path_factory.mktemp("marks")
    return out, grade(CLASS, out, 2)


@pytest.fixture(scope="module")
def of(graded: tuple[Path, Grades]) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in graded[1].outcomes}


def test_the_marks_are_as_designed(graded: tuple[Path, Grades]):
    assert rows(graded[0] / "grades.csv") == rows(CLASS.with_name("class-grades.csv"))


def test_one_at_a_time_gives_the_same_rows_byte_for_byte(graded: tuple[Path, Grades], tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name in ("dee.ipynb", "ivy.ipynb", "kim.ipynb"):
        shutil.copy2(CLASS / name, tmp_path / "in")
    grade(tmp_path / "in", tmp_path / "out", 1)
    alone = (tmp_path / "out" / "grades.csv").read_text().splitlines()[1:]
    together = (graded[0] / "grades.csv").read_text().splitlines()
    assert len(alone) == 3
    for line in alone:  # the whole class has columns for other lessons' exercises behind these
        assert [row for row in together if row.startswith(line)]


def test_each_learner_has_a_page_in_the_language_of_the_notebook(graded: tuple[Path, Grades]):
    pages = {path.stem: path.read_text() for path in (graded[0] / "feedback").glob("*.html")}
    assert len(pages) == len({outcome.learner for outcome in graded[1].outcomes})
    assert "为什么重要" in pages["bo"] and "Why it matters" in pages["dee"] and "12 / 21 分" in pages["陈静"]


def test_a_page_shows_the_cluster_as_the_run_left_it_and_the_answers(of: dict[str, Outcome]):
    picture = of["ada"].view
    ElementTree.fromstring(picture)
    assert "tokenizer" in picture and "duo" in picture and "duo" not in of["gus"].view
    assert (
        of["ada"].marks[0].answer == "%kubectl run model --image=nginx:1.29"
        and of["gus"].marks[0].answer == ""
    )


def test_the_overview_names_the_misconceptions_and_those_who_are_alike(graded: tuple[Path, Grades]):
    text = (graded[0] / "overview.html").read_text()
    for name in ("refused", "pod-image", "still-running"):
        assert f"<b>{name}</b>" in text
    assert '>ivy</a> · <a href="feedback/jon.html">jon</a>' in text


def test_of_two_attempts_the_later_one_counts(graded: tuple[Path, Grades], of: dict[str, Outcome]):
    assert graded[1].superseded == 1 and of["hana/second/01-pods"].handed_in == "2026-03-02T08:30:00+00:00"
    assert "hana/first/01-pods" not in of


def test_what_a_hostile_learner_prints_is_only_text(graded: tuple[Path, Grades], of: dict[str, Outcome]):
    hostile = of["=1+1"]
    assert hostile.points == 0 and "<script>" in hostile.output
    assert all("<script>" not in path.read_text() for path in graded[0].rglob("*.html"))
