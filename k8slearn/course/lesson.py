"""The object that a lesson's notebook works with: its checks, hints and solutions.

It has no views: the lab, which is a layer above, adds them (``lab/lesson.py``).
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import Any

from k8slearn import paths
from k8slearn.course import namespaces
from k8slearn.course.context import Context
from k8slearn.course.exercise import Exercise, Result, cluster_answers
from k8slearn.course.finish import finish
from k8slearn.course.loader import Folder, find, learners_seed
from k8slearn.course.progress import Progress
from k8slearn.course.quiz import Quiz
from k8slearn.course.texts import Text, load
from k8slearn.engines import progress, shared_namespace
from k8slearn.engines.cluster import Cluster
from k8slearn.errors import LessonError


class CheckFailed(AssertionError):
    """An exercise's check did not pass. Raised only where nobody reads along: under pytest and in grading."""

    def __init__(self, result: Result) -> None:
        super().__init__(str(result))
        self.result = result

    def _render_traceback_(self) -> list[str]:
        """What IPython prints: the check's own words, not the lines of this package."""
        return [f"CheckFailed: {self}"]


def strict() -> bool:
    """Whether a failed check raises: K8SLEARN_STRICT is set, or the kernel was started by pytest (nbval).

    pytest sets PYTEST_CURRENT_TEST before nbval starts the kernel, which inherits it.
    """
    return os.environ.get("K8SLEARN_STRICT", "0") != "0" or "PYTEST_CURRENT_TEST" in os.environ


class Lesson:
    """A lesson on a cluster, in a namespace of its own, which is made when it is not there.

    Raises LessonError for an unknown lesson, ClusterError when the cluster does not answer.
    """

    def __init__(
        self,
        name: str | int,
        cluster: Cluster,
        *,
        lang: str | None = None,
        namespace: str | None = None,
        progress: Progress | None = None,
        seed: str | None = None,
    ) -> None:
        self.folder: Folder = find(name)
        self.lang = self.folder.language(lang)
        self.cluster = cluster
        self.namespace = namespace or cluster.namespace or self.folder.namespace
        self.progress = progress or Progress(paths.home() / "progress.json")
        self.seed = seed or learners_seed()
        self._texts = load(self.lang)
        self._make_namespace()

    @property
    def id(self) -> str:
        return self.folder.id

    @cached_property
    def title(self) -> str:
        return self.folder.title(self.lang)

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """The exercises by id, in the lesson's order."""
        return self.folder.exercises(self.lang, self.seed)

    def values(self, exercise: str) -> dict[str, Any]:
        """The names and numbers that this learner's exercise asks for."""
        return dict(self._exercise(exercise).values)

    def task(self, exercise: str) -> Text:
        """What is to be done, with this learner's names and numbers. Raises LessonError where there are none."""
        task = self._exercise(exercise).task
        if not task:
            raise LessonError(self._texts.word("no-task", exercise=exercise))
        return Text(task)

    def begin(self, exercise: str) -> Text:
        """Set the scene of an exercise: make what is there to be mended. Again: make it anew."""
        return self._exercise(exercise).begin(self._context)

    def check(self, exercise: str) -> Result:
        """Judge an exercise by what the cluster does.

        A pass is kept for good; a failure changes nothing. Raises ClusterError when there is no cluster to
        judge, and CheckFailed instead of returning a failure when ``strict()``.
        """
        result = self._exercise(exercise).judge(self._context)
        if result.passed:
            self.progress.record_pass(self.id, exercise, result.points)
            return replace(result, finish=finish(self.folder, self.lang, self.seed, self.progress))
        if strict():
            raise CheckFailed(result)
        return result

    def hint(self, exercise: str) -> Text:
        """The next hint, each time a more telling one."""
        found = self._exercise(exercise)
        level = min(self.progress.hints(self.id, exercise) + 1, len(found.hints))
        self.progress.record_hint(self.id, exercise, level)
        return found.hint(level)

    def solution(self, exercise: str) -> Text:
        """The solution and what to take home from it. Raises LessonError before the exercise has passed."""
        found = self._exercise(exercise)
        if not self.progress.passed(self.id, exercise):
            raise LessonError(self._texts.word("locked", exercise=exercise))
        return Text(f"```\n{self.folder.solution(exercise, self.lang)}\n```\n\n{found.debrief}")

    def quiz(self) -> Quiz:
        """Questions on the lesson, to answer in the notebook. Raises LessonError where there are none."""
        return self.folder.quiz(self.lang)

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the cluster's time pass; where time is virtual that takes a moment."""
        if "clock" in self.cluster.powers:
            self.cluster.let_pass(seconds)
        else:
            progress.wait(seconds, self._texts.word("real-time", seconds=f"{seconds:g}"))

    def reset(self, exercise: str | None = None) -> Text:
        """Begin an exercise anew, or the lesson: as it was at first, and what was passed in it is forgotten.

        An exercise that starts from nothing starts from an empty namespace; the others' passes are kept.
        """
        if exercise is None:
            self._empty_namespace()
            self.progress.forget(self.id)
            return Text(self._texts.word("reset", namespace=self.namespace))
        found = self._exercise(exercise)
        if found.check.scene is not None:
            found.begin(self._context)
            told = "reset-exercise"
        else:
            self._empty_namespace()
            told = "reset-to-nothing"
        self.progress.forget(self.id, exercise)
        return Text(self._texts.word(told, title=found.title, namespace=self.namespace))

    @property
    def points(self) -> int:
        """What has been reached so far, of ``max_points``."""
        return sum(self.progress.points(self.id, one) for one in self.exercises)

    @property
    def max_points(self) -> int:
        return sum(one.points for one in self.exercises.values())

    def __repr__(self) -> str:
        lines = [self._texts.word("score", title=self.title, points=self.points, of=self.max_points)]
        for one in self.exercises.values():
            mark = "✓" if self.progress.passed(self.id, one.id) else "·"
            lines.append(f"  {mark} {one.id}: {one.title} ({one.points})")
        if self.points == self.max_points:
            lines.append(self._texts.word("finished", title=self.title))
        return "\n".join(lines)

    # -- within -----------------------------------------------------------------------------------

    @property
    def _context(self) -> Context:
        return Context(self.cluster, self.namespace)

    def _exercise(self, exercise: str) -> Exercise:
        if exercise not in self.exercises:
            known = ", ".join(self.exercises)
            raise LessonError(self._texts.word("no-exercise", lesson=self.id, exercise=exercise, known=known))
        return self.exercises[exercise]

    @property
    def _is_shared(self) -> bool:
        """Whether the namespace was given by whoever runs the cluster: not ours to make or delete."""
        return self.namespace == self.cluster.namespace

    def _empty_namespace(self) -> None:
        with cluster_answers(self._texts):
            neighbours = namespaces.beside(self.cluster, self.namespace)
            if self._is_shared:
                shared_namespace.clear(self.cluster, self.namespace)
                self._delete_namespaces(neighbours)
            else:
                self._delete_namespaces([self.namespace, *neighbours])
        self._make_namespace()

    def _delete_namespaces(self, names: list[str]) -> None:
        for name in names:
            namespaces.delete(self.cluster, name)
        for name in names:
            if not self.cluster.wait_until(lambda name=name: not namespaces.exists(self.cluster, name), 120):
                raise LessonError(self._texts.word("emptying", namespace=name))

    def _make_namespace(self) -> None:
        if self._is_shared:
            return
        with cluster_answers(self._texts):
            namespaces.make(self.cluster, self.namespace)
