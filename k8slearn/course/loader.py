"""Find lessons and load what is in their folders.

lessons/01-pods/lesson.en.md       the text, with the solutions in its answer cells
                exercises.en.yaml  titles, steps, hints, feedback, debriefs
                checks.py          the judges: Check objects, in the order of the lesson
                quiz.en.yaml       questions that need no cluster
                answers.md         other right answers, and wrong ones with the feedback each must draw
"""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from k8slearn import paths
from k8slearn.course import myst, quiz, texts
from k8slearn.course.check import Check
from k8slearn.course.exercise import Exercise
from k8slearn.course.myst import Cell
from k8slearn.course.quiz import Quiz
from k8slearn.errors import LessonError

NAME = re.compile(r"(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)")
ANSWER = "answer-"
CHECK = "check-"


def learners_seed() -> str:
    """What a learner's own names and numbers are drawn from: K8SLEARN_SEED, any text, or the same for all."""
    return os.environ.get("K8SLEARN_SEED") or "0"


@dataclass(frozen=True)
class Answer:
    """An answer that the tests try: shell cells, and the feedback's key it must draw (None: it is right).

    ``points``: what a wrong one earns all the same, None where answers.md does not say.
    """

    exercise: str
    title: str
    cells: tuple[str, ...]
    draws: str | None
    points: int | None = None


@dataclass(frozen=True)
class Folder:
    """A lesson's folder, and all that it holds."""

    path: Path

    @property
    def id(self) -> str:
        """As in ``01-pods``."""
        return self.path.name

    @property
    def number(self) -> int:
        return int(self.id[:2])

    @property
    def name(self) -> str:
        """As in ``pods``."""
        return self.id[3:]

    @property
    def namespace(self) -> str:
        """The lesson's own on the cluster, as in ``lesson-pods``."""
        return f"lesson-{self.name}"

    @cached_property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(path.name.split(".")[1] for path in self.path.glob("lesson.*.md")))

    def language(self, asked: str | None = None) -> str:
        """The language to use: the one asked for where the lesson has it, else English."""
        lang = texts.language(asked)
        return lang if lang in self.languages else "en"

    def cells(self, lang: str) -> list[Cell]:
        """The lesson's text in a language, with its solutions. Raises LessonError."""
        path = self.path / f"lesson.{lang}.md"
        try:
            return myst.parse(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise LessonError(f"{path} cannot be read: {error.strerror}") from error

    def title(self, lang: str) -> str:
        """The lesson's first heading."""
        for cell in self.cells(lang):
            if found := re.match(r"#\s+(.+)", cell.source):
                return found[1]
        raise LessonError(f"{self.path / f'lesson.{lang}.md'} must begin with a heading: # …")

    def goal(self, lang: str) -> str:
        """What one can do at the lesson's end: the last paragraph of its first cell."""
        return re.split(r"\n\s*\n", self.cells(lang)[0].source.strip())[-1]

    def solution(self, exercise: str, lang: str) -> str:
        """What the answer cell of an exercise holds."""
        return next(cell.source for cell in self.cells(lang) if cell.id == ANSWER + exercise)

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The judges by exercise, in the order of checks.py. Raises LessonError when it cannot be loaded."""
        path = self.path / "checks.py"
        spec = importlib.util.spec_from_file_location(f"k8slearn_lesson_{self.id.replace('-', '_')}", path)
        assert spec is not None and spec.loader is not None  # a path that ends in .py always has both
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise LessonError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
        return {one.id: one for one in vars(module).values() if isinstance(one, Check)}

    def values(self, exercise: str, seed: str | None = None) -> dict[str, object]:
        """The names and numbers of an exercise for the learner with the ``seed`` (default: this one)."""
        return self.checks[exercise].drawn(f"{seed or learners_seed()}/{self.id}/{exercise}")

    def exercises(self, lang: str, seed: str | None = None) -> dict[str, Exercise]:
        """The exercises with their texts in a language, for the learner with the ``seed`` (default: this one).

        Raises LessonError when a text is missing.
        """
        path = self.path / f"exercises.{lang}.yaml"
        written = texts.read_yaml(path)
        shared = texts.load(lang)
        exercises = {}
        for check in self.checks.values():
            values = self.values(check.id, seed)
            try:
                own = written[check.id]
                exercises[check.id] = Exercise(
                    check=check,
                    title=texts.fill(own["title"], values),
                    step_titles={step.id: texts.fill(own["steps"][step.id], values) for step in check.steps},
                    hints=tuple(texts.fill(hint, values) for hint in own["hints"]),
                    debrief=texts.fill(own["debrief"].strip(), values),
                    feedback=own.get("feedback", {}),
                    texts=shared,
                    task=texts.fill(own.get("task", "").strip(), values),
                    values=values,
                )
            except (KeyError, TypeError) as error:
                raise LessonError(f"{path}: the exercise {check.id!r} lacks the text {error}.") from error
        return exercises

    def has_quiz(self, lang: str) -> bool:
        return (self.path / f"quiz.{lang}.yaml").is_file()

    def quiz(self, lang: str) -> Quiz:
        """The quiz in a language. Raises LessonError where there is none, or one that is not sound."""
        shared = texts.load(lang)
        if not self.has_quiz(lang):
            raise LessonError(shared.word("no-quiz", lesson=self.id))
        questions = quiz.read(self.path / f"quiz.{lang}.yaml")
        return Quiz(self.id, self.title(lang), questions, shared)

    def answers(self) -> list[Answer]:
        """The lesson's solutions, its other right answers and its wrong ones. Raises LessonError."""
        solved = [
            Answer(one, "the lesson's own solution", (self.solution(one, "en"),), None) for one in self.checks
        ]
        path = self.path / "answers.md"
        return solved + _read_answers(myst.parse(path.read_text(encoding="utf-8"), str(path)), path)


def folders() -> list[Folder]:
    """All lessons, in order."""
    return [Folder(path) for path in sorted(paths.lessons().iterdir()) if NAME.fullmatch(path.name)]


def find(name: str | int) -> Folder:
    """The lesson called ``01-pods``, ``pods`` or ``1``. Raises LessonError when there is none."""
    wanted = str(name)
    for folder in folders():
        if wanted in (folder.id, folder.name) or (wanted.isdecimal() and int(wanted) == folder.number):
            return folder
    known = ", ".join(folder.id for folder in folders())
    raise LessonError(texts.word("no-lesson", name=wanted, known=known))


_HEADING = re.compile(r"^(#+)\s+(.+)$", re.MULTILINE)
_WRONG = re.compile(r"(.+?)\s*(?:->|→)\s*([a-z0-9-]+)(?:, (\d+) points?)?")


def _read_answers(cells: list[Cell], path: Path) -> list[Answer]:
    """``# exercise``, below it ``## what it is`` or ``## what is wrong -> feedback-key``, then code cells.

    ``-> feedback-key, 4 points``: a part of it is right.
    """
    answers: list[Answer] = []
    exercise, title, draws, points = "", "", None, None
    pending: list[str] = []

    def close() -> None:
        if pending:
            answers.append(Answer(exercise, title, tuple(pending), draws, points))
            pending.clear()

    for cell in cells:
        if cell.kind == "code":
            if not title:
                raise LessonError(f"{path}:{cell.line}: an answer needs a heading above it: ## what it is")
            pending.append(cell.source)
            continue
        for level, text in _HEADING.findall(cell.source):
            close()
            if level == "#":
                exercise, title = text.strip(), ""
            elif wrong := _WRONG.fullmatch(text.strip()):
                title, draws, points = wrong[1], wrong[2], int(wrong[3]) if wrong[3] else None
            else:
                title, draws, points = text.strip(), None, None
    close()
    return answers
