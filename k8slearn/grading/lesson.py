"""The lesson as an answer cell sees it while it is graded: names and numbers, the cluster, and no judge.

What it tells or does comes from the real judge, outside, over the channel; there is no check, hint or solution in
this process that one could read or change. It stands in for ``k8slearn.start``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.course.texts import Text
from k8slearn.engines.cluster import Cluster
from k8slearn.errors import LessonError

Ask = Callable[[str, Any], Any]
"""Asks the judge: (``begin``, exercise), (``wait``, seconds), (``settle``, None). Raises LessonError."""


class GradedLesson:
    """``told`` has the lesson's id, lang and namespace, and by exercise the values and the tasks."""

    def __init__(self, told: dict[str, Any], cluster: Cluster, ask: Ask) -> None:
        self.id: str = told["id"]
        self.lang: str = told["lang"]
        self.namespace: str = told["namespace"]
        self.cluster = cluster
        self._values: dict[str, dict[str, Any]] = told["values"]
        self._tasks: dict[str, str] = told["tasks"]
        self._ask = ask

    def values(self, exercise: str) -> dict[str, Any]:
        """The names and numbers that this learner's exercise asks for."""
        return dict(self._of(self._values, exercise))

    def task(self, exercise: str) -> Text:
        return Text(self._of(self._tasks, exercise))

    def begin(self, exercise: str) -> None:
        """Have the scene of an exercise set by the judge."""
        self._of(self._values, exercise)
        self._ask("begin", exercise)

    reset = begin

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the cluster's time pass."""
        self.cluster.let_pass(seconds)

    def look(self, *_: Any, **__: Any) -> None:
        """What only shows something to a reader: there is none, and the judge comes at the check cell."""

    check = hint = solution = quiz = map = look

    def _of(self, known: dict[str, Any], exercise: str) -> Any:
        if exercise not in known:
            raise LessonError(f"The lesson {self.id} has no exercise {exercise!r}: {', '.join(known)}.")
        return known[exercise]

    def __repr__(self) -> str:
        return self.id


class JudgesClock:
    """The clock of the learner's cluster, which the judge moves."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def advance(self, duration: float | str) -> None:
        self._ask("wait", duration)

    def settle(self) -> bool:
        return bool(self._ask("settle", None))
