"""Judging, without a cluster: steps, what depends on what, and what is no verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError

from k8slearn.course import Check, Context, Exercise, Result, Status
from k8slearn.course.texts import load
from k8slearn.errors import ClusterError, LessonError

Judge = Callable[[Context], Any]


def passes(ctx: Context) -> None:
    pass


def fails(ctx: Context) -> None:
    ctx.fail("empty", what="the {namespace}")


def exercise(*steps: tuple[Judge, int, tuple[str, ...] | None]) -> Exercise:
    check = Check("fill")
    for judge, points, needs in steps:
        check.step(points=points, needs=needs)(judge)
    return Exercise(
        check=check,
        title="Fill it",
        step_titles={step.id: step.id for step in check.steps},
        hints=("look", "look closer"),
        debrief="Filled.",
        feedback={"empty": {"seen": "{what} is empty, see {.status}", "why": "w", "advice": "a"}},
        texts=load("en"),
    )


def judge(*steps: tuple[Judge, int, tuple[str, ...] | None]) -> Result:
    nothing: Any = None
    return exercise(*steps).judge(Context(nothing, "pods"))


def named(name: str, judge: Judge) -> Judge:
    def step(ctx: Context) -> None:
        judge(ctx)

    step.__name__ = name
    return step


def test_points_are_those_of_the_steps_that_passed():
    result = judge((named("one", passes), 1, None), (named("two", fails), 2, None))
    assert (result.points, result.max_points, result.passed) == (1, 3, False)


def test_a_step_whose_need_failed_is_skipped_and_one_that_stands_alone_is_not():
    result = judge(
        (named("one", fails), 1, None), (named("two", passes), 1, None), (named("three", passes), 1, ())
    )
    assert [step.status for step in result.steps] == [Status.FAILED, Status.SKIPPED, Status.PASSED]


def test_only_gaps_that_have_a_value_are_filled():
    result = judge((fails, 1, None))
    assert result.feedback is not None
    assert result.feedback.seen == "the {namespace} is empty, see {.status}"


def test_the_text_of_a_failure_says_what_was_seen_why_it_matters_and_what_to_try():
    assert str(judge((fails, 1, None))).splitlines() == [
        "✗ Fill it: 0 of 1 points",
        "  ✗ fails",
        "      Seen: the {namespace} is empty, see {.status}",
        "      Why it matters: w",
        "      Try: a",
    ]


def test_the_debrief_comes_with_the_pass():
    assert str(judge((passes, 2, None))).endswith("Filled.")


@pytest.mark.parametrize(
    "error",
    [ApiException(status=500, reason="sick"), ConnectionRefusedError(), MaxRetryError(None, "/", None)],  # type: ignore[arg-type]
)
def test_a_cluster_that_does_not_answer_is_no_verdict(error: Exception):
    def breaks(ctx: Context) -> None:
        raise error

    with pytest.raises(ClusterError, match="Nothing was judged"):
        judge((breaks, 1, None))


def test_a_feedback_without_a_text_is_the_lesson_s_fault():
    def unknown(ctx: Context) -> None:
        ctx.fail("nosuch")

    with pytest.raises(LessonError, match="nosuch"):
        judge((unknown, 1, None))


def test_hints_grow_clearer_and_the_last_one_stays():
    made = exercise((passes, 1, None))
    assert [made.hint(level).split("** ")[1] for level in (1, 2, 3)] == [
        "look",
        "look closer",
        "look closer",
    ]
