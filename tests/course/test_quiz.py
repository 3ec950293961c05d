from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slearn.course import quiz
from k8slearn.course.quiz import Quiz
from k8slearn.course.texts import load
from k8slearn.errors import LessonError


def question(name: str, *right: bool) -> dict[str, Any]:
    options = [{"text": f"option {n}", "why": f"because {n}"} for n in range(len(right))]
    for option, good in zip(options, right, strict=True):
        option |= {"right": True} if good else {}
    return {"id": name, "question": f"What is {name}?", "options": options}


FOUR = [
    question("a", True, False),
    question("b", False, True, True),
    *(question(n, True, False) for n in "cd"),
]


def read(tmp_path: Path, written: object) -> tuple[quiz.Question, ...]:
    path = tmp_path / "quiz.en.yaml"
    path.write_text(yaml.safe_dump(written))
    return quiz.read(path)


def made(tmp_path: Path) -> Quiz:
    return Quiz("03-services", "Services", read(tmp_path, FOUR), load("en"))


def test_a_terminal_shows_questions_and_options_and_no_answer(tmp_path: Path):
    text = str(made(tmp_path))
    assert "1. What is a?\n   a. option 0\n   b. option 1" in text
    assert "2. What is b? (more than one is true)" in text
    assert "k8slearn quiz 03-services" in text
    assert "because" not in text


def test_every_option_explains_itself(tmp_path: Path):
    assert made(tmp_path).explain(2, "A") == "Not so. because 0"
    assert made(tmp_path).explain(2, "b") == "Right. because 1"


@pytest.mark.parametrize("letter", ["c", "", "ab", "?"])
def test_a_letter_that_is_none_is_answered_with_those_there_are(tmp_path: Path, letter: str):
    with pytest.raises(LessonError, match="Choose one of: a, b"):
        made(tmp_path).explain(1, letter)


def changed(**change: object) -> list[dict[str, Any]]:
    return [{**FOUR[0], **change}, *FOUR[1:]]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (FOUR[:3], "4 to 8 questions"),
        (changed(options=question("a", False, False)["options"]), "question 1, 'a', has no right option"),
        (changed(options=[{"text": "x", "right": True}, {"text": "y", "why": "z"}]), "without text or why"),
        (changed(options=[{"text": 3, "why": "x"}, {"text": "y", "why": "z"}]), "put it in quotes"),
        (changed(options=[{"text": "x", "why": "x", "right": "yes"}] * 2), "neither true nor false"),
        (changed(id="b"), "several questions 'b'"),
        (changed(hint="x"), "question 1 needs id, question and options"),
    ],
)
def test_a_quiz_that_is_not_sound_is_refused(tmp_path: Path, written: object, said: str):
    with pytest.raises(LessonError, match=said):
        read(tmp_path, written)


def test_a_translation_asks_the_same(tmp_path: Path):
    english = read(tmp_path, FOUR)
    quiz.compare(english, english, tmp_path)
    with pytest.raises(LessonError, match="not English's"):
        quiz.compare(english[::-1], english, tmp_path)
    other = read(tmp_path, [question("a", False, True), *FOUR[1:]])
    with pytest.raises(LessonError, match="right options of 'a'"):
        quiz.compare(other, english, tmp_path)
