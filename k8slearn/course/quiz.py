"""A lesson's quiz: questions that need no cluster, whose every option explains itself.

lessons/03-services/quiz.en.yaml:

    - id: who-restarts
      question: A container crashes. Who starts it again?
      options:
      - text: The kubelet, in the same pod
        right: true
        why: The pod's restartPolicy is the kubelet's to follow.
      - text: The ReplicaSet
        why: To it nothing is missing; the pod is there all the time.

``quiz.zh.yaml`` has the same questions with the same options in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8slearn.course import texts
from k8slearn.course.texts import Texts
from k8slearn.errors import LessonError

LETTERS = "abcdefgh"
FEWEST, MOST = 4, 8
"""Questions of a quiz."""


@dataclass(frozen=True)
class Option:
    """A possible answer; ``why`` it is right, or which misconception it is."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class Question:
    id: str
    question: str
    options: tuple[Option, ...]

    @property
    def several(self) -> bool:
        """Whether more than one option is right."""
        return sum(option.right for option in self.options) > 1


@dataclass(frozen=True, repr=False)
class Quiz:
    """The quiz of a lesson. ``str()`` is what a terminal shows: the questions, and no answer."""

    lesson: str
    title: str
    questions: tuple[Question, ...]
    texts: Texts

    def ask(self, number: int) -> str:
        """The question with that number, counted from 1, and its options with letters."""
        question = self.questions[number - 1]
        several = f" ({self.texts.word('quiz-several')})" if question.several else ""
        options = (
            f"   {letter}. {option.text}" for letter, option in zip(LETTERS, question.options, strict=False)
        )
        return "\n".join([f"{number}. {question.question}{several}", *options])

    def explain(self, number: int, letter: str) -> str:
        """What choosing an option is answered with. Raises LessonError for a letter that is none."""
        options = self.questions[number - 1].options
        at = LETTERS.find(letter.lower()) if len(letter) == 1 else -1
        if not 0 <= at < len(options):
            raise LessonError(self.texts.word("quiz-letters", letters=", ".join(LETTERS[: len(options)])))
        verdict = self.texts.word("quiz-right" if options[at].right else "quiz-wrong")
        return f"{verdict} {options[at].why}"

    def __str__(self) -> str:
        head = self.texts.word("quiz", title=self.title)
        asked = [self.ask(number) for number in range(1, len(self.questions) + 1)]
        return "\n\n".join([head, *asked, self.texts.word("quiz-terminal", lesson=self.lesson)])

    __repr__ = __str__


def read(path: Path) -> tuple[Question, ...]:
    """The questions in a file. Raises LessonError, with the question, for one that is not sound."""
    written = texts.read_yaml(path)
    if not isinstance(written, list) or not FEWEST <= len(written) <= MOST:
        raise LessonError(f"{path}: a quiz is a list of {FEWEST} to {MOST} questions.")
    questions = tuple(_question(path, number, one) for number, one in enumerate(written, 1))
    ids = [question.id for question in questions]
    for one in ids:
        if ids.count(one) > 1:
            raise LessonError(f"{path}: there are several questions {one!r}.")
    return questions


def compare(questions: tuple[Question, ...], others: tuple[Question, ...], path: Path) -> None:
    """Raises LessonError unless the translation ``questions``, in ``path``, asks the same as ``others``."""
    if [one.id for one in questions] != [one.id for one in others]:
        raise LessonError(f"{path}: its questions are not English's: {', '.join(one.id for one in others)}.")
    for one, other in zip(questions, others, strict=True):
        if [option.right for option in one.options] != [option.right for option in other.options]:
            raise LessonError(f"{path}: the right options of {one.id!r} are not where English has them.")


def _question(path: Path, number: int, written: Any) -> Question:
    where = f"{path}: question {number}"
    if not isinstance(written, dict) or set(written) != {"id", "question", "options"}:
        raise LessonError(f"{where} needs id, question and options, and has nothing else.")
    where += f", {written['id']!r},"
    options = written["options"]
    if not isinstance(options, list) or not 2 <= len(options) <= len(LETTERS):
        raise LessonError(f"{where} needs 2 to {len(LETTERS)} options.")
    for option in options:
        if not isinstance(option, dict) or not {"text", "why"} <= set(option) <= {"text", "why", "right"}:
            raise LessonError(f"{where} has an option without text or why, or with more than right.")
        if not all(isinstance(option[key], str) and option[key].strip() for key in ("text", "why")):
            raise LessonError(f"{where} has an option whose text or why is no text; put it in quotes.")
        if not isinstance(option.get("right", False), bool):
            raise LessonError(f"{where} has an option whose right is neither true nor false.")
    made = tuple(
        Option(option["text"].strip(), option.get("right", False), option["why"].strip())
        for option in options
    )
    if not any(option.right for option in made):
        raise LessonError(f"{where} has no right option.")
    return Question(str(written["id"]), str(written["question"]).strip(), made)
