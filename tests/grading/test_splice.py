"""Answers are put into the pristine lesson by the ids of their cells, and nothing else gets in."""

from __future__ import annotations

from k8slearn.grading.notebook import Cell
from k8slearn.grading.splice import Handed, Step, splice

LESSON = [
    Cell("title", False, "# Pods"),
    Cell("setup", True, "lesson = k8slearn.start('pods')"),
    Cell("answer-a", True, "# your answer"),
    Cell("check-a", True, "lesson.check('a')"),
    Cell("answer-b", True, "# your answer"),
    Cell("check-b", True, "lesson.check('b')"),
]


def spliced(*submission: Cell):
    return splice(LESSON, submission)


def test_answers_replace_blanks_and_all_else_is_the_lessons_own():
    result = spliced(
        Cell("setup", True, "import antigravity"),
        Cell("answer-b", True, "second()"),
        Cell("mine", True, "import os; os._exit(0)"),
        Cell("answer-a", True, "first()"),
        Cell("check-a", True, "# NBVAL_SKIP"),
    )
    assert result.steps == (
        Step("setup", "lesson = k8slearn.start('pods')"),
        Step("answer-a", "first()"),
        Step("check-a", "", "a"),
        Step("answer-b", "second()"),
        Step("check-b", "", "b"),
    )
    assert result.handed == {"a": Handed.ANSWERED, "b": Handed.ANSWERED}


def test_a_missing_or_renamed_answer_has_nothing_to_run_and_a_note():
    result = spliced(Cell("answer-a", True, "first()"), Cell("answer-B", True, "second()"))
    assert result.handed == {"a": Handed.ANSWERED, "b": Handed.MISSING}
    assert Step("answer-b", "") in result.steps
    assert "answer-b" in result.handed["b"].note("b")


def test_an_answer_that_was_turned_into_text_is_missing():
    assert spliced(Cell("answer-a", False, "first()")).handed["a"] is Handed.MISSING


def test_an_untouched_answer_is_blank():
    result = spliced(*LESSON)
    assert result.handed == {"a": Handed.BLANK, "b": Handed.BLANK}
    assert result == splice(LESSON, LESSON)


def test_of_several_different_answers_the_last_changed_one_runs():
    result = spliced(
        Cell("answer-a", True, "one"),
        Cell("answer-a", True, "two"),
        Cell("answer-a", True, "# your answer\n"),
    )
    assert Step("answer-a", "two") in result.steps
    assert result.handed["a"] is Handed.DUPLICATED and "last one" in result.handed["a"].note("a")


def test_equal_copies_are_one_answer():
    assert (
        spliced(Cell("answer-a", True, "one"), Cell("answer-a", True, "one")).handed["a"] is Handed.ANSWERED
    )


def test_answers_to_exercises_that_the_lesson_has_not_are_dropped():
    assert "evil()" not in [step.source for step in spliced(Cell("answer-z", True, "evil()")).steps]


def test_what_only_looks_is_left_out_of_the_lessons_cells_but_not_of_answers():
    look = "%kubectl get pods\n%kubectl describe pod a\nlesson.map()"
    lesson = [
        Cell("show", True, f"%kubectl run a --image=b\n{look}\nx = 1"),
        Cell("answer-a", True, "# blank"),
    ]
    result = splice(lesson, [Cell("answer-a", True, look)])
    assert result.steps == (Step("show", "%kubectl run a --image=b\nx = 1"), Step("answer-a", look))


def test_where_the_lesson_waits_time_is_moved_on():
    lesson = [Cell("show", True, "%kubectl rollout status deployment/web --timeout=60s")]
    assert splice(lesson, []).steps == (Step("show", "lesson.cluster.clock.settle()"),)


def test_cell_magics_stay_whole():
    lesson = [Cell("show", True, "%%apply\n%kubectl get pods")]
    assert splice(lesson, []).steps == (Step("show", "%%apply\n%kubectl get pods"),)
