from __future__ import annotations

from pathlib import Path

import pytest

from k8slearn.errors import SubmissionError
from k8slearn.grading import roster
from k8slearn.grading.grade import grade
from k8slearn.grading.outcome import Status


def test_a_roster_says_who_has_which_seed(tmp_path: Path):
    path = tmp_path / "roster.csv"
    path.write_text("name,seed,learner\nAlice A.,7f3a,alice\nBob,9,bob\n", encoding="utf-8-sig")
    assert roster.read(path) == {"alice": "7f3a", "bob": "9"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,seed\na,1\n", "columns learner and seed"),
        ("learner,seed\nalice,\n", ":2: a learner or a seed is missing"),
        ("learner,seed\nalice,1\nalice,2\n", ":3: alice has a seed already"),
    ],
)
def test_a_roster_that_does_not_say_it_is_refused_with_the_line(tmp_path: Path, text: str, said: str):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(SubmissionError, match=said):
        roster.read(path)


def test_a_learner_without_a_seed_is_named_before_anything_is_graded(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "carol.ipynb").write_text("{}")
    with pytest.raises(SubmissionError, match="no seed for carol"):
        grade(tmp_path / "in", tmp_path / "out", seeds={"alice": "1"})


@pytest.mark.usefixtures("sandbox")
def test_whoever_is_on_the_roster_and_handed_nothing_in_is_missing(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "carol.ipynb").write_text("{}")
    grades = grade(tmp_path / "in", tmp_path / "out", seeds={"carol": "1", "alice": "2"})
    assert {one.learner: one.status for one in grades.outcomes} == {
        "carol": Status.MALFORMED,
        "alice": Status.MISSING,
    }
