"""An exercise as learners meet it: a check with its texts in one language, and what judging it came to.

A verdict is about the learner's cluster and nothing else: when the cluster cannot be reached, or answers
what it must not, there is no verdict but a ClusterError, and nothing that was passed before is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from k8slearn.course.check import Check, Failed, Step, Stuck
from k8slearn.course.context import Context
from k8slearn.course.texts import Text, Texts
from k8slearn.errors import ClusterError, LessonError

if TYPE_CHECKING:
    from k8slearn.course.finish import Finish


class Status(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Feedback:
    """Why a step did not pass: what was ``seen``, ``why`` it matters, and what to try (``advice``)."""

    key: str
    seen: str
    why: str
    advice: str


@dataclass(frozen=True)
class StepResult:
    """One step of a Result. ``points`` is what the step is worth, ``feedback`` is there when it failed."""

    id: str
    title: str
    status: Status
    points: int
    feedback: Feedback | None = None


@dataclass(frozen=True, repr=False)
class Result:
    """What judging an exercise came to. ``str()`` is the text that a terminal shows."""

    exercise: str
    title: str
    steps: tuple[StepResult, ...]
    debrief: str
    texts: Texts
    finish: Finish | None = None
    """The end of the lesson, with the pass that completes it."""

    @property
    def passed(self) -> bool:
        return all(step.status is Status.PASSED for step in self.steps)

    @property
    def points(self) -> int:
        return sum(step.points for step in self.steps if step.status is Status.PASSED)

    @property
    def max_points(self) -> int:
        return sum(step.points for step in self.steps)

    @property
    def feedback(self) -> Feedback | None:
        """That of the first step that failed, None when all passed."""
        return next((step.feedback for step in self.steps if step.feedback is not None), None)

    def __str__(self) -> str:
        word = self.texts.word
        head = word("score", title=self.title, points=self.points, of=self.max_points)
        lines = [f"{'✓' if self.passed else '✗'} {head}"]
        for step in self.steps:
            mark = {Status.PASSED: "✓", Status.FAILED: "✗", Status.SKIPPED: "·"}[step.status]
            skipped = f" ({word('skipped')})" if step.status is Status.SKIPPED else ""
            lines.append(f"  {mark} {step.title}{skipped}")
            if step.feedback is not None:
                for key in ("seen", "why", "advice"):
                    said = word("labelled", label=word(key), text=getattr(step.feedback, key))
                    lines.append(f"      {said}")
        if self.passed:
            lines.append(f"  {self.debrief}")
        if self.finish is not None:
            lines += ["", str(self.finish)]
        return "\n".join(lines)

    __repr__ = __str__


@dataclass(frozen=True)
class Exercise:
    """A check and its texts, for one learner: ``values`` are theirs, and fill the gaps in the texts."""

    check: Check
    title: str
    step_titles: dict[str, str]
    hints: tuple[str, ...]
    debrief: str
    feedback: dict[str, dict[str, str]]
    texts: Texts
    task: str = ""
    """What is to be done, where that depends on the values; else the lesson's text says it."""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.check.id

    @property
    def points(self) -> int:
        return self.check.points

    def judge(self, context: Context) -> Result:
        """Run the steps. Raises ClusterError when the cluster gives no ground for a verdict."""
        context = context.with_values(self.values)
        results: dict[str, StepResult] = {}
        for step in self.check.steps:
            needed = (results[one].status is Status.PASSED for one in step.needs)
            status, feedback = self._run(step, context) if all(needed) else (Status.SKIPPED, None)
            title = self.step_titles[step.id]
            results[step.id] = StepResult(step.id, title, status, step.points, feedback)
        return Result(self.id, self.title, tuple(results.values()), self.debrief, self.texts)

    def begin(self, context: Context) -> Text:
        """Set the scene, or set it anew. Raises LessonError for an exercise that starts from nothing."""
        if self.check.scene is None:
            raise LessonError(self.texts.word("no-scene", exercise=self.id))
        with cluster_answers(self.texts):
            self.check.scene(context.with_values(self.values))
        return Text(self.texts.word("begun", title=self.title))

    def hint(self, level: int) -> Text:
        """The hint of a level, counted from 1; beyond the last one, the last one."""
        level = min(level, len(self.hints))
        head = self.texts.word("hint", level=level, of=len(self.hints))
        return Text(f"**{head}** {self.hints[level - 1]}")

    def _run(self, step: Step, context: Context) -> tuple[Status, Feedback | None]:
        try:
            with cluster_answers(self.texts):
                step.judge(context)
        except Failed as failed:
            return Status.FAILED, self._feedback(failed)
        return Status.PASSED, None

    def _feedback(self, failed: Failed) -> Feedback:
        text = self.feedback.get(failed.key) or self.texts.feedback.get(failed.key)
        if text is None:
            raise LessonError(
                f"The exercise {self.id!r} gives the feedback {failed.key!r}, which has no text."
            )
        values = {**self.values, **failed.values}
        seen, why, advice = (_fill_all(text[part], values) for part in ("seen", "why", "advice"))
        return Feedback(failed.key, seen, why, advice)


@contextmanager
def cluster_answers(texts: Texts) -> Iterator[None]:
    """Turns a cluster's failure into a ClusterError in the learner's language, so that it never becomes a verdict."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except Stuck as stuck:
        raise ClusterError(texts.word("stuck", **stuck.values)) from stuck
    except ApiException as error:
        word = "not-allowed" if error.status == 403 else "refused"
        raise ClusterError(texts.word(word, told=_told(error))) from error
    except (HTTPError, OSError) as error:
        raise ClusterError(texts.word("unreachable")) from error


def _told(error: Any) -> str:
    """The sentence of an ApiException's Status, or what there is instead."""
    try:
        return json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        return f"{error.status} {error.reason}"


def _fill_all(text: str, values: dict[str, object]) -> str:
    """Like ``texts.fill``, but a gap that the check left open is the lesson's fault: a KeyError."""
    return re.sub(r"\{(\w+)\}", lambda gap: str(values[gap[1]]), text)
