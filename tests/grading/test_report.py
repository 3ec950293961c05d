"""Reports say what came of a batch, and let nothing that a learner wrote act in them."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from k8slearn.course.loader import find
from k8slearn.grading import feedback, overview, report, similar
from k8slearn.grading.formats import documents, junit, tables
from k8slearn.grading.naming import Person
from k8slearn.grading.outcome import Mark, Outcome, Status, Step

EVIL = '=HYPERLINK("http://x")</td><script>alert(1)</script>\x00\x1b[31m\ud800, "quoted"\nnext'

STEPS = (
    Step("The pod runs", "passed", id="runs"),
    Step(
        "It answers",
        "failed",
        "Connection refused.",
        "Clients get an error.",
        "Look at the port.",
        "refused",
        "ok",
    ),
    Step("It stays up", "skipped", id="stays"),
)
HALF = Outcome(
    "alice",
    "alice",
    "01-pods",
    Status.GRADED,
    handed_in="2026-01-01T10:00:00+00:00",
    key="k1",
    marks=(
        Mark("serve", "Serve", 1, 3, "", STEPS, "%kubectl run web"),
        Mark("finish", "Finish a task", 4, 4),
    ),
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
    return list(csv.DictReader(io.StringIO(tables.grades(outcomes))))


def test_outcomes_survive_json():
    for outcome in BATCH:
        assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_csv_has_nbgraders_columns_the_status_and_a_column_an_exercise():
    (alice, bob) = rows(HALF, LATE)
    assert list(alice) == [*tables.NBGRADER, "status", "detail", "01-pods/serve", "01-pods/finish"]
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
    assert "score" not in json.loads(documents.gradescope([outcome]))
    (written,) = json.loads(documents.grades([outcome]))
    assert written["points"] is written["score"] is written["max_points"] is None


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t", "\r"])
def test_no_cell_is_a_formula(start: str):
    (row,) = rows(Outcome(f"{start}1+1", f"{start}1+1", "", Status.MISSING))
    assert row["student_id"] == f"'{start}1+1"


def test_names_with_commas_quotes_and_lines_stay_one_cell():
    (row,) = rows(BROKEN)
    assert row["student_id"] == "'" + EVIL and row["status"] == "malformed"


def test_junit_is_named_by_lesson_and_exercise():
    root = ET.fromstring(junit.junit([HALF, ABSENT]))
    alice, carol = root
    assert [(case.get("classname"), case.get("name")) for case in alice] == [
        ("01-pods", "serve"),
        ("01-pods", "finish"),
    ]
    assert (alice.get("tests"), alice.get("failures"), alice.get("errors")) == ("2", "1", "0")
    assert [(one.get("name"), one.get("value")) for one in alice[0].iter("property")] == [
        ("points", "1"),
        ("max_points", "3"),
    ]
    failure = alice[0].find("failure")
    assert failure is not None and failure.text is not None
    assert failure.get("message") == "1 of 3 points" and "Connection refused." in failure.text
    error = carol[0].find("error")
    assert error is not None and error.get("message") == "No notebook."


def test_junit_stays_xml_whatever_learners_write():
    ET.fromstring(junit.junit(BATCH))


def test_gradescope_has_a_test_an_exercise():
    result = json.loads(documents.gradescope([HALF, ABSENT]))
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
    text = feedback.page([HALF])
    assert "5 of 7 points" in text and '<meta name="viewport"' in text
    for part in ("The pod runs", "Connection refused.", "Clients get an error.", "Look at the port."):
        assert part in text


def test_a_page_has_all_lessons_of_a_learner_each_in_its_language():
    text = feedback.page([HALF, replace(HALF, lesson="02-deployments", lang="zh")])
    assert (
        text.count("<article") == 2
        and "5 of 7 points" in text
        and "5 / 7 分" in text
        and "为什么重要" in text
    )


def test_a_page_shows_the_answer_the_end_of_the_output_and_the_cluster():
    mark = replace(HALF.marks[0], answer="kubectl run <b>web</b>")
    text = feedback.page(
        [replace(HALF, marks=(mark,), output="x" * 10_000 + "<i>last", view="<svg><g/></svg>")]
    )
    assert "kubectl run &lt;b&gt;web" in text and "&lt;i&gt;last" in text and "<svg><g/></svg>" in text
    assert text.count("x") < 5_000


def test_pages_are_self_contained_and_learners_text_is_only_text():
    pages = {one.learner: f"feedback/{report.place(one.learner)}.html" for one in BATCH}
    for text in [*(feedback.page([one]) for one in BATCH), overview.page(BATCH, "en", pages)]:
        found = _Tags(text)
        assert not found.tags & {"script", "img", "link", "iframe"}
        assert not found.attributes & {"src", "onclick"}


def test_the_overview_counts_what_failed_what_was_met_and_what_was_never_run():
    text = overview.page(
        [HALF, replace(HALF, name="x", learner="x"), ABSENT], "en", {"alice": "feedback/a b.html"}
    )
    assert "3 submissions of 3 learners" in text and "Mean 71 %, median 71 %" in text
    assert "<td>It answers</td>" in text and "2 / 2" in text and "left blank" in text
    assert "<b>refused</b><br>Connection refused." in text
    assert 'href="feedback/a%20b.html"' in text
    assert ">missing</span></td>" in text


def test_the_overview_speaks_chinese():
    assert "成绩分布" in overview.page(BATCH, "zh", {})


def answered(learner: str, *lines: str) -> Outcome:
    mark = Mark("serve", "Serve", 1, 3, answer="\n".join(lines))
    return Outcome(learner, learner, "01-pods", Status.GRADED, marks=(mark,))


def test_similar_is_who_shares_lines_that_hardly_anybody_else_wrote():
    odd = ["first = make_a_pod('model')", "second=first.labels   # mine", "third(second, 'spelt wrnog')"]
    common = ["client.create_namespaced_pod(namespace, body)"]
    batch = [
        answered("a", *odd, *common, "%kubectl run model --image=nginx:1.29"),
        answered("b", *common, *(line.replace("   # mine", "") for line in odd)),
        answered("c", *odd[:2], "one = 'of its own'", "two = 'of its own'"),
        *(answered(f"other-{number}", *common) for number in range(5)),
    ]
    assert similar.pairs(batch) == [similar.Pair("01-pods", ("a", "b"), 3)]


def test_what_the_lesson_says_itself_makes_nobody_similar():
    solved = "\n".join(cell.source for cell in find("pods").cells("zh") if cell.kind == "code")
    assert similar.pairs([answered("a", solved), answered("b", solved)]) == []


def test_moodle_gets_a_worksheet_a_lesson_in_the_columns_that_it_reads():
    people = {"alice": Person("moodle", "Alice Adams", "12345")}
    worksheets = tables.moodle([replace(HALF, penalty=0.5), ABSENT, LATE], people)
    (row,) = csv.DictReader(io.StringIO(worksheets["01-pods"]))
    assert list(row) == list(tables.MOODLE) and list(worksheets) == ["01-pods"]
    assert (row["Identifier"], row["Full name"]) == ("Participant 12345", "Alice Adams")
    assert (row["Grade"], row["Maximum Grade"]) == ("4.5", "7") and "Connection refused." in row[
        "Feedback comments"
    ]


def test_canvas_gets_a_gradebook_with_a_column_a_lesson():
    people = {"alice": Person("canvas", "adamsalice", "4711"), "bob": Person("canvas", "bobbuilder", "4712")}
    text = tables.canvas([HALF, replace(HALF, lesson="02-deployments"), LATE, ABSENT], people)
    assert text is not None
    header, most, alice, bob = csv.reader(io.StringIO(text))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01-pods", "02-deployments"]
    assert most[0].strip() == "Points Possible" and most[5:] == ["3", "7"]
    assert alice == ["adamsalice", "4711", "", "", "", "5", "5"] and bob[5:] == ["0", ""]


def test_without_an_export_there_is_nothing_for_moodle_or_canvas():
    assert tables.moodle(BATCH, {}) == {} and tables.canvas(BATCH, {}) is None


def test_grades_json_is_as_its_schema_says():
    schema = json.loads((Path(documents.__file__).parent / "grades.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    written = json.loads(documents.grades(BATCH))
    jsonschema.validate(written, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**written[0], "status": "excellent"}], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**written[0], "new": 1}], schema)


def test_as_markdown_a_learners_text_is_no_markup():
    text = report.markdown(HOSTILE)
    outside = re.sub(r"```text\n.*?\n```", "", text, flags=re.DOTALL)
    assert text.count("```") == 2 and "<" not in outside.replace("\\<", "")
    assert report.markdown(HALF).startswith("## 01-pods\n\n**5 of 7 points**")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "x" * 300, "学员" * 100, "a\nb", "-rf", "con.html", "\udcff", "=1+1", EVIL]
)
def test_files_have_names_that_are_safe_and_differ(tmp_path: Path, name: str):
    safe = report.place(name)
    (tmp_path / f".{safe}.html.partial").write_text("")
    assert safe not in {"", ".", ".."} and "/" not in safe and not safe.startswith(("-", "."))
    assert report.place(name + "'") != safe


def test_all_reports_are_written(tmp_path: Path):
    people = {"alice": Person("moodle", "Alice", "1"), "dave": Person("canvas", "dave", "2")}
    report.write((HALF, LATE, HOSTILE), tmp_path, people)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "canvas.csv",
        "feedback/alice.html",
        "feedback/bob.html",
        "feedback/dave.html",
        "grades.csv",
        "grades.json",
        "gradescope/alice.json",
        "gradescope/bob.json",
        "gradescope/dave.json",
        "junit.xml",
        "moodle/01-pods.csv",
        "overview.html",
    ]


def test_the_table_has_a_row_a_submission():
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(report.table(BATCH))
    text = console.export_text()
    assert "\x1b" not in report.printable(EVIL)
    assert "5/7" in text and "timeout" in text and "✗ serve" in text and "✓ finish" in text
