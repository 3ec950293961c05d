"""The certificate, the overview and the whole course: honest before the end, and worth having at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import k8slearn
from k8slearn import paths
from k8slearn.course import Progress, certificate, overview, skeleton, whole
from k8slearn.course.loader import folders
from k8slearn.engines import Cluster
from k8slearn.errors import LessonError

DAY = date(2026, 3, 1)


@pytest.fixture
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Progress:
    """Nothing has passed yet in a course of two lessons, 00-first and 01-second, with the exercise page each."""
    monkeypatch.setenv("K8SLEARN_HOME", str(tmp_path))
    (tmp_path / "lessons").mkdir()
    monkeypatch.setattr(paths, "lessons", lambda: tmp_path / "lessons")
    skeleton.new("first")
    skeleton.new("second")
    return Progress(tmp_path / "progress.json")


def pass_all(progress: Progress) -> int:
    exercises = [
        (folder.id, one, check.points) for folder in folders() for one, check in folder.checks.items()
    ]
    for lesson, exercise, points in exercises:
        progress.record_pass(lesson, exercise, points)
    return sum(points for _, _, points in exercises)


def test_there_is_none_before_all_lessons_are_done(progress: Progress):
    pass_all(progress)
    progress.forget("01-second", "page")
    with pytest.raises(LessonError, match=r"1 lessons are not done \(01-second\)"):
        certificate.render("Ada", "en", progress, DAY)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_names_the_learner_the_lessons_and_the_points(progress: Progress, lang: str):
    points = pass_all(progress)
    page = certificate.render("Ada <Lovelace>", lang, progress, DAY)
    for part in (
        "Ada &lt;Lovelace&gt;",
        str(points),
        "2026-03-01",
        folders()[0].title(folders()[0].language(lang)),
    ):
        assert part in page
    assert f'lang="{lang}"' in page


def test_the_overview_says_what_is_done_and_what_is_next(progress: Progress):
    progress.record_pass("00-first", "page", 3)
    assert overview.render().splitlines() == [
        "✓ 00-first  First: 3 of 3 points",
        "      ✓ page: A page (3)",
        "  01-second  Second: 0 of 3 points",
        "      · page: A page (3)",
        "",
        "3 of 6 points",
        "Next: second/page (A page)",
    ]
    pass_all(progress)
    assert overview.render().endswith('k8slearn certificate --name "…"')


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with k8slearn.embedded(nodes=2, seed=1) as embedded:
        yield Cluster.of(embedded)


def test_the_whole_course_is_judged_where_it_was_begun(progress: Progress, cluster: Cluster):
    k8slearn.Lesson("second", cluster, progress=progress)
    judged = whole.judge(cluster)
    assert list(judged) == [("01-second", "page")]
    assert not whole.complete()
    assert "Seen: There is no pod called `page`" in overview.render(judged=judged)


def test_what_has_passed_is_not_judged_again(progress: Progress, cluster: Cluster):
    k8slearn.Lesson("second", cluster, progress=progress)
    pass_all(progress)
    assert whole.judge(cluster) == {}
    assert whole.complete()
