"""Reports say what came of a batch, and let nothing that a learner wrote act in them."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from k8slearn.grading import report
from k8slearn.grading.feedback import page
from k8slearn.grading.outcome import Mark, Outcome, Status, Step

EVIL = '=HYPERLINK("http://x")</td><script>alert(1)</script>\x00\x1b[31m\ud800, "quoted"\nnext'

STEPS = (
    Step("The pod runs", "passed"),
    Step("It answers", "failed", "Connection refused.", "Clients get an error.", "Look at the port."),
    Step("It stays up", "skipped"),
)
HALF = Outcome(
    "alice",
    "alice",
    "01-pods",
    Status.GRADED,
    handed_in="2026-01-01T10:00:00+00:00",
    key="k1",
    marks=(Mark("serve", "Serve", 1, 3, "", STEPS), Mark("finish", "Finish a task", 4, 4)),
    seconds=0.5,
)
LATE = Outcome(
    "bob/01-pods", "bob", "01-pods", Status.TIMEOUT, "Too long.", marks=(Mark("serve", "Serve", 0, 3),)
)
BROKEN = Outcome(EVIL, EVIL, "", Status.MALFORMED, EVIL)
ABSENT = Outcome("carol", "carol", "", Status.MISSING, "No notebook.")
HOSTILE = Outcome(
    "dave",
    "dave",
    "01-pods",
    Status.CRASHED,
    EVIL,
    marks=(Mark("serve", EVIL, 0, 3, EVIL, (Step(EVIL, "failed", EVIL),)),),
    output=EVIL,
)
BATCH = (HALF, LATE, BROKEN, ABSENT, HOSTILE)


def rows(*outcomes: Outcome) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(report.grades_csv(outcomes))))


def test_outcomes_survive_json():
    for outcome in BATCH:
        assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_csv_has_nbgraders_columns_the_status_and_a_column_an_exercise():
    (alice, bob) = rows(HALF, LATE)
    assert list(alice) == [*report.NBGRADER, "status", "detail", "01-pods/serve", "01-pods/finish"]
    assert (alice["assignment"], alice["student_id"], alice["score"], alice["max_score"]) == (
        "01-pods",
        "alice",
        "5",
        "7",
    )
    assert (alice["01-pods/serve"], alice["01-pods/finish"], alice["status"]) == ("1", "4", "graded")
    assert (bob["score"], bob["status"], bob["01-pods/finish"]) == ("0", "timeout", "")


@pytest.mark.parametrize("outcome", [BROKEN, ABSENT])
def test_what_was_never_run_has_no_score_rather_than_zero(outcome: Outcome):
    (row,) = rows(outcome)
    assert row["score"] == "" and row["max_score"] == ""
    assert "score" not in report.gradescope(outcome)
    assert report.grades_json(outcome)["points"] is None


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str):
    (row,) = rows(Outcome(f"{start}1+1", f"{start}1+1", "", Status.MISSING))
    assert row["student_id"] == f"'{start}1+1"


def test_names_with_commas_quotes_and_lines_stay_one_cell():
    (row,) = rows(BROKEN)
    assert row["student_id"] == "'" + EVIL and row["status"] == "malformed"


def test_junit_is_named_by_lesson_and_exercise():
    root = ET.fromstring(report.junit([HALF, ABSENT]))
    alice, carol = root
    assert [(case.get("classname"), case.get("name")) for case in alice] == [
        ("01-pods", "serve"),
        ("01-pods", "finish"),
    ]
    assert (alice.get("tests"), alice.get("failures"), alice.get("errors")) == ("2", "1", "0")
    failure = alice[0].find("failure")
    assert failure is not None and failure.text is not None
    assert failure.get("message") == "1 of 3 points" and "Connection refused." in failure.text
    error = carol[0].find("error")
    assert error is not None and error.get("message") == "No notebook."


def test_junit_stays_xml_whatever_learners_write():
    ET.fromstring(report.junit(BATCH))


def test_gradescope_has_a_test_an_exercise():
    result = report.gradescope(HALF)
    assert result["score"] == 5
    first = result["tests"][0]
    assert (first["name"], first["score"], first["max_score"], first["status"]) == (
        "01-pods: Serve",
        1,
        3,
        "failed",
    )
    assert first["visibility"] == "visible" and "Try: Look at the port." in first["output"]


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_a_page_shows_each_step_and_for_the_failed_one_seen_why_and_try():
    text = page(HALF)
    assert "5 of 7 points" in text and '<meta name="viewport"' in text
    for part in ("The pod runs", "Connection refused.", "Clients get an error.", "Look at the port."):
        assert part in text


def test_a_page_is_self_contained_and_learners_text_is_only_text():
    for outcome in BATCH:
        found = _Tags(page(outcome))
        assert not found.tags & {"script", "td", "img", "link", "iframe"}
        assert not found.attributes & {"src", "href", "onclick"}


def test_all_reports_are_written_below_the_names_of_the_submissions(tmp_path: Path):
    report.write((HALF, LATE, HOSTILE), tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "feedback/alice.html",
        "feedback/bob/01-pods.html",
        "feedback/dave.html",
        "grades.csv",
        "grades.json",
        "gradescope/alice.json",
        "gradescope/bob/01-pods.json",
        "gradescope/dave.json",
        "junit.xml",
    ]
    assert [one["name"] for one in json.loads((tmp_path / "grades.json").read_text())] == [
        "alice",
        "bob/01-pods",
        "dave",
    ]


def test_the_table_has_a_row_a_submission():
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(report.table(BATCH))
    text = console.export_text()
    assert "\x1b" not in report.printable(EVIL)
    assert "5/7" in text and "timeout" in text and "✗ serve" in text and "✓ finish" in text
