from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from k8slearn import paths
from k8slearn.course import Lesson, skeleton
from k8slearn.course.loader import Folder


@pytest.mark.parametrize("number", range(6))
def test_the_answers_of_a_new_lesson_get_the_verdict_they_deserve(
    number: int,
    open_lesson: Callable[[str], Lesson],
    execute: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "lessons").mkdir()
    monkeypatch.setattr(paths, "lessons", lambda: tmp_path / "lessons")
    answers = Folder(skeleton.new("first")).answers()
    lesson = open_lesson("first")
    for cell in answers[number].cells:
        execute(cell)
    result = lesson.check("page")
    assert (result.feedback.key if result.feedback else None) == answers[number].draws
