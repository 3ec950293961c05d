"""The panel of a check: what passed, what did not, why, and nothing that a cluster says as markup."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from k8slearn.course.exercise import Feedback, Result, Status, StepResult
from k8slearn.course.finish import Finish
from k8slearn.course.texts import load
from k8slearn.lab import panel


def result(*steps, debrief=""):
    return Result("serve", "Serve the model", steps, debrief, load("en"))


PASSED = StepResult("runs", "The pod runs", Status.PASSED, 1)
SKIPPED = StepResult("logs", "It writes a log", Status.SKIPPED, 1)


def failed(seen):
    feedback = Feedback("refused", seen, "Why it matters", "Try `%kubectl get pods`")
    return StepResult("answers", "It answers", Status.FAILED, 2, feedback)


class Text(HTMLParser):
    def __init__(self, document):
        super().__init__()
        self.text, self.open = "", []
        self.feed(document)
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + " "


def test_it_shows_steps_points_and_feedback():
    text = Text(panel.html(result(PASSED, failed("Connection refused."), SKIPPED))).text
    assert "Serve the model: 1 of 4 points" in text
    assert text.index("✓ The pod runs") < text.index("✗ It answers") < text.index("· It writes a log")
    for part in ("Connection refused.", "Why it matters", "%kubectl get pods", "not looked at yet"):
        assert part in text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "`</code><b>`"]
)
def test_what_a_cluster_says_is_never_markup(hostile):
    document = panel.html(result(failed(hostile)))
    assert "<script" not in document
    assert "<img" not in document
    assert "<b>" not in document
    Text(document)


def test_the_debrief_comes_when_all_has_passed():
    debrief = "A pod is **mortal**.\n\nIts name is not."
    assert "<strong>mortal</strong>" in panel.html(result(PASSED, debrief=debrief))
    assert "mortal" not in panel.html(result(failed("x"), debrief=debrief))


def test_the_end_of_a_lesson_is_worth_a_panel():
    finish = Finish("Pods", ("Serve <it>",), 20, 2, "You can run `pods`.", "Services", load("zh"))
    text = Text(panel.html(replace(result(PASSED), finish=finish))).text
    for part in ("已完成《Pods》", "✓ Serve <it>", "得分 20", "本课目标，已达成", "下一课：Services"):
        assert part in text
