"""Every exercise of every lesson: untouched it fails, right answers pass, wrong ones draw their feedback."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from IPython.core.interactiveshell import InteractiveShell

from k8slearn.course import Lesson, Result
from k8slearn.course.loader import Answer, Folder, folders

ALL = folders()
EXERCISES = [pytest.param(folder, one, id=f"{folder.id}/{one}") for folder in ALL for one in folder.checks]
SEEDS = ("0", "another learner's")
SEEDED = [
    pytest.param(folder, answer, seed, id=f"{folder.id}/{answer.exercise}: {answer.title}, seed {seed}")
    for folder in ALL
    for answer in folder.answers()
    # What is wrong is wrong for all; of what is right it is to be seen.
    for seed in SEEDS[: 2 if answer.draws is None and folder.values(answer.exercise) else 1]
]

Open = Callable[..., Lesson]
Execute = Callable[[str], None]


@pytest.mark.parametrize(("folder", "exercise"), EXERCISES)
def test_an_untouched_exercise_fails_and_says_why(folder: Folder, exercise: str, open_lesson: Open) -> None:
    lesson = open_lesson(folder.id)
    if folder.checks[exercise].scene is not None:
        lesson.begin(exercise)
    result = lesson.check(exercise)
    assert not result.passed
    assert result.feedback is not None
    assert lesson.points == 0


@pytest.mark.parametrize(("folder", "exercise"), EXERCISES)
def test_an_exercise_whose_scene_was_never_set_fails_too(
    folder: Folder, exercise: str, open_lesson: Open
) -> None:
    assert not open_lesson(folder.id).check(exercise).passed


@pytest.mark.parametrize(("folder", "answer", "seed"), SEEDED)
def test_an_answer_gets_the_verdict_it_deserves(
    folder: Folder, answer: Answer, seed: str, open_lesson: Open, execute: Execute
) -> None:
    lesson = open_lesson(folder.id, seed)
    if folder.checks[answer.exercise].scene is not None:
        lesson.begin(answer.exercise)
    for cell in answer.cells:
        execute(cell)
    result = lesson.check(answer.exercise)
    assert answer.draws in (_drawn(result) or {None}), str(result)
    assert result.passed == (answer.draws is None)
    assert answer.points in (None, result.points), str(result)
    assert lesson.points == (result.max_points if result.passed else 0)
    if result.passed:
        # A check leaves the cluster as it found it: what has passed passes again, whoever reads along.
        for lang in set(folder.languages) - {lesson.lang}:
            again = Lesson(
                folder.id,
                lesson.cluster,
                lang=lang,
                namespace=lesson.namespace,
                progress=lesson.progress,
                seed=seed,
            )
            assert again.check(answer.exercise).passed


def _drawn(result: Result) -> set[str]:
    """The keys of all feedback: several where steps stand alone and the answer leaves some of them as they were."""
    return {step.feedback.key for step in result.steps if step.feedback is not None}


@pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.id)
def test_a_neighbour_s_solution_does_not_pass(
    folder: Folder, open_lesson: Open, execute: Execute, shell: InteractiveShell
) -> None:
    lesson = open_lesson(folder.id, SEEDS[0])
    for exercise in folder.checks:
        solution = folder.solution(exercise, "en")
        mine = folder.values(exercise, SEEDS[0])
        if "lesson.values(" not in solution:
            continue  # the same for all, or to be read from the cluster
        neighbour = next(
            str(number)
            for number in range(100)
            if all(mine[name] != value for name, value in folder.values(exercise, str(number)).items())
        )
        lesson.reset()
        if folder.checks[exercise].scene is not None:
            lesson.begin(exercise)
        shell.user_ns["lesson"] = Lesson(
            *(folder.id, lesson.cluster),
            namespace=lesson.namespace,
            progress=lesson.progress,
            seed=neighbour,
        )
        execute(solution)
        assert not lesson.check(exercise).passed, exercise


@pytest.mark.parametrize(("folder", "exercise"), EXERCISES)
def test_an_exercise_has_two_other_right_answers_and_at_least_five_wrong_ones(
    folder: Folder, exercise: str
) -> None:
    answers = [answer for answer in folder.answers() if answer.exercise == exercise]
    assert len([answer for answer in answers if answer.draws is None]) >= 3
    assert len([answer for answer in answers if answer.draws is not None]) >= 5


@pytest.mark.parametrize("folder", ALL, ids=lambda folder: folder.id)
def test_every_feedback_of_a_lesson_is_drawn_by_some_wrong_answer(folder: Folder) -> None:
    written = {key for exercise in folder.exercises("en").values() for key in exercise.feedback}
    assert written - {answer.draws for answer in folder.answers()} == set()
