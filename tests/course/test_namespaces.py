"""A lesson's namespaces: what stands beside the lesson's own is made once, and goes with a reset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import k8slearn
from k8slearn.course import Context, Lesson, Progress, namespaces
from k8slearn.engines import Cluster


@pytest.fixture
def lesson(tmp_path: Path) -> Iterator[Lesson]:
    with k8slearn.embedded(seed=1) as embedded:
        yield Lesson("pods", Cluster.of(embedded), progress=Progress(tmp_path / "progress.json"))


def test_a_neighbours_namespace_is_made_once_and_named_after_the_lessons(lesson: Lesson):
    context = Context(lesson.cluster, lesson.namespace)
    assert context.beside("shop").namespace == context.beside("shop").namespace == "lesson-pods-shop"
    assert context.beside("shop").run("cat /etc/resolv.conf").output.startswith("search lesson-pods-shop.svc")


def test_reset_deletes_what_stands_beside_the_lesson_and_nothing_else(lesson: Lesson):
    Context(lesson.cluster, lesson.namespace).beside("shop")
    namespaces.make(lesson.cluster, "lesson-pods-of-another-learner")
    lesson.reset()
    assert not namespaces.exists(lesson.cluster, "lesson-pods-shop")
    assert namespaces.exists(lesson.cluster, "lesson-pods-of-another-learner")
    assert namespaces.exists(lesson.cluster, lesson.namespace)
