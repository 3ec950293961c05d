"""A lesson's object on an embedded cluster: what a notebook calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

import k8slearn
from k8slearn.course import CheckFailed, Lesson, Progress
from k8slearn.engines import Cluster
from k8slearn.errors import LessonError


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    monkeypatch.setattr("k8slearn.course.lesson.strict", lambda: False)
    with k8slearn.embedded(nodes=2, seed=1) as embedded:
        yield Lesson("pods", Cluster.of(embedded), progress=Progress(tmp_path / "progress.json"))


def solve(lesson: Lesson) -> None:
    container = client.V1Container(name="web", image="nginx:1.29")
    pod = client.V1Pod(
        metadata=client.V1ObjectMeta(name="model"), spec=client.V1PodSpec(containers=[container])
    )
    lesson.cluster.core.create_namespaced_pod(lesson.namespace, pod)


def test_a_pass_counts_and_a_failure_changes_nothing(lesson: Lesson):
    assert not lesson.check("serve").passed
    assert lesson.points == 0
    solve(lesson)
    assert lesson.check("serve").passed
    assert lesson.points == 3
    lesson.cluster.core.delete_namespaced_pod("model", lesson.namespace, grace_period_seconds=0)
    assert not lesson.check("serve").passed
    assert lesson.points == 3


def test_a_check_leaves_nothing_behind(lesson: Lesson):
    solve(lesson)
    lesson.check("serve")
    lesson.wait(1)
    pods = lesson.cluster.core.list_namespaced_pod(lesson.namespace).items
    assert [pod.metadata and pod.metadata.name for pod in pods] == ["model"]


def test_where_nobody_reads_along_a_failed_check_raises(lesson: Lesson, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    monkeypatch.setenv("K8SLEARN_STRICT", "1")
    with pytest.raises(CheckFailed, match="There is no pod called `model`"):
        lesson.check("serve")


def test_each_hint_says_more_than_the_one_before(lesson: Lesson):
    hints = [lesson.hint("serve") for _ in range(4)]
    assert len(set(hints)) == 3
    assert hints[2] == hints[3]
    assert "nginx:1.29" in hints[2]


def test_the_solution_opens_with_the_pass(lesson: Lesson):
    with pytest.raises(LessonError, match="opens once its check passes"):
        lesson.solution("serve")
    solve(lesson)
    lesson.check("serve")
    assert "%kubectl run model" in lesson.solution("serve")


def test_a_scene_can_be_set_anew(lesson: Lesson):
    lesson.begin("image")
    body = client.V1Pod(
        spec=client.V1PodSpec(containers=[client.V1Container(name="server", image="nginx:1.29")])
    )
    lesson.cluster.core.patch_namespaced_pod("embedder", lesson.namespace, body)
    lesson.begin("image")
    result = lesson.check("image")
    assert result.feedback is not None and result.feedback.key == "pod-image"


def test_an_exercise_that_starts_from_nothing_has_no_scene(lesson: Lesson):
    with pytest.raises(LessonError, match="starts from nothing"):
        lesson.begin("serve")


def test_reset_empties_the_namespace_and_forgets_the_points(lesson: Lesson):
    solve(lesson)
    lesson.check("serve")
    lesson.hint("serve")
    lesson.reset()
    assert lesson.points == 0
    assert lesson.cluster.core.list_namespaced_pod(lesson.namespace).items == []
    assert "Hint 1" in lesson.hint("serve")


def test_an_exercise_is_set_anew_and_forgotten_and_the_others_are_kept(lesson: Lesson):
    solve(lesson)
    lesson.check("serve")
    lesson.begin("image")
    lesson.cluster.core.delete_namespaced_pod("embedder", lesson.namespace, grace_period_seconds=0)
    lesson.progress.record_pass(lesson.id, "image", 1)
    lesson.reset("image")
    feedback = lesson.check("image").feedback
    assert feedback is not None and feedback.key == "pod-image"
    assert not lesson.progress.passed(lesson.id, "image")
    assert lesson.check("serve").passed


def test_an_exercise_that_starts_from_nothing_is_reset_to_nothing(lesson: Lesson):
    solve(lesson)
    lesson.check("serve")
    lesson.progress.record_pass(lesson.id, "image", 1)
    assert "the namespace lesson-pods is empty again" in lesson.reset("serve")
    assert lesson.cluster.core.list_namespaced_pod(lesson.namespace).items == []
    assert not lesson.progress.passed(lesson.id, "serve")
    assert lesson.progress.passed(lesson.id, "image")


def test_the_pass_that_completes_a_lesson_brings_its_end(lesson: Lesson):
    solve(lesson)
    result = lesson.check("serve")
    assert result.finish is None
    for exercise in lesson.exercises:
        lesson.progress.record_pass(lesson.id, exercise, 1)
    finish = lesson.check("serve").finish
    assert finish is not None
    assert finish.title == lesson.title
    assert finish.goal.startswith("By the end you can run a program")
    assert "Next: Deployments" in str(finish)


def test_an_unknown_exercise_is_answered_with_those_there_are(lesson: Lesson):
    with pytest.raises(LessonError, match="It has: serve, image"):
        lesson.check("server")


def test_the_lesson_shows_how_far_one_is(lesson: Lesson):
    solve(lesson)
    lesson.check("serve")
    assert repr(lesson).splitlines()[:2] == [
        "Pods: where programs live: 3 of 20 points",
        "  ✓ serve: A pod that answers (3)",
    ]
