"""Of several attempts one counts; what came late costs what the instructor's table says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from k8slearn.errors import SubmissionError
from k8slearn.grading import late
from k8slearn.grading.attempts import best, latest
from k8slearn.grading.outcome import Mark, Outcome, Status


def attempt(
    name: str, points: float = 0, day: int = 1, learner: str = "alice", lesson: str = "01-pods"
) -> Outcome:
    handed_in = f"2026-03-{day:02}T12:00:00+00:00"
    marks = (Mark("serve", "Serve", points, 10),) if lesson else ()
    return Outcome(name, learner, lesson, Status.GRADED, "", handed_in, marks=marks)


def names(outcomes: list[Outcome]) -> list[str]:
    return [one.name for one in outcomes]


def test_the_latest_counts_and_of_the_same_time_the_last_by_name():
    assert names(latest([attempt("a", 9, day=2), attempt("b", 1, day=3), attempt("c", 5, day=1)])) == ["b"]
    assert names(latest([attempt("pods-9"), attempt("pods-10"), attempt("pods-2")])) == ["pods-10"]


def test_the_best_counts_and_of_equals_the_latest():
    assert names(best([attempt("a", 9, day=2), attempt("b", 1, day=3)])) == ["a"]
    assert names(best([attempt("a", 9, day=2), attempt("b", 9, day=3), attempt("c", 9, day=1)])) == ["b"]


def test_best_is_after_lateness():
    on_time, late_one = attempt("a", 7), replace(attempt("b", 9, day=3), penalty=4.0)
    assert names(best([on_time, late_one])) == ["a"]


def test_other_learners_lessons_and_what_cannot_be_read_are_no_attempts_of_the_same():
    others = [
        attempt("a"),
        attempt("b", learner="bob"),
        attempt("c", lesson="02-deployments"),
        attempt("broken", day=9, lesson=""),
        attempt("also broken", day=9, lesson=""),
    ]
    assert latest(others) == others


def deadlines(tmp_path: Path, text: str) -> late.Deadlines:
    path = tmp_path / "late.csv"
    path.write_text(text, encoding="utf-8-sig")
    return late.read(path)


TABLE = """lesson,learner,due,percent_per_day
01-pods,,2026-03-01T13:00:00+01:00,10
01-pods,bob,2026-03-09T12:00:00,50
"""


@pytest.mark.parametrize(
    ("day", "learner", "penalty"),
    [(1, "alice", 0), (2, "alice", 0.8), (4, "alice", 2.4), (31, "alice", 8), (9, "bob", 0), (10, "bob", 4)],
)
def test_each_day_begun_costs_and_a_learner_may_have_an_extension(tmp_path: Path, day, learner, penalty):
    (one,) = late.applied([attempt("a", 8, day, learner)], deadlines(tmp_path, TABLE))
    assert (one.points, one.penalty, one.score) == (8, penalty, 8 - penalty)
    assert one.due == ("2026-03-01T12:00:00+00:00" if learner == "alice" else "2026-03-09T12:00:00+00:00")


def test_what_has_no_deadline_or_no_known_time_is_never_late(tmp_path: Path):
    table = deadlines(tmp_path, TABLE)
    given = [attempt("a", 8, 30, lesson="02-deployments"), replace(attempt("b", 8), handed_in="")]
    assert [one.penalty for one in late.applied(given, table)] == [0, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lesson,due\na,b\n", "the first line must name the columns lesson, due, percent_per_day"),
        ("lesson,due,percent_per_day\n01-pods,tomorrow,10\n", ":2: Invalid isoformat"),
        ("lesson,due,percent_per_day\n01-pods,2026-03-01,ten\n", ":2: could not convert"),
        ("lesson,due,percent_per_day\n01-pods,2026-03-01,200\n", ":2: .*from 0 to 100"),
    ],
)
def test_a_table_that_does_not_say_it_is_refused_with_the_line(tmp_path: Path, text: str, said: str):
    with pytest.raises(SubmissionError, match=said):
        deadlines(tmp_path, text)
