from __future__ import annotations

import base64
import json
import re

from k8slearn.course.quiz import Option, Question, Quiz
from k8slearn.course.texts import load
from k8slearn.lab import quizpanel

OPTIONS = (Option("The `kubelet`", True, "It <watches>."), Option("Nobody", False, "It is **watched**."))
QUIZ = Quiz("01-pods", "Pods & more", (Question("who", "Who restarts <it>?", OPTIONS),), load("zh"))


def test_a_saved_notebook_shows_questions_and_options_and_no_answer():
    static = quizpanel.html(QUIZ).split("<script")[0]
    for part in ("测验：Pods &amp; more", "Who restarts &lt;it&gt;?", "kubelet</code>", "Nobody"):
        assert part in static
    assert "watche" not in static
    assert static.count("<button") == 2
    assert 'lang="zh"' in static


def test_the_script_knows_what_each_option_explains():
    found = re.search(r'data-answers="([^"]+)"', quizpanel.html(QUIZ))
    assert found is not None
    answers = json.loads(base64.b64decode(found[1]))
    assert answers["questions"] == [
        [
            {"right": True, "why": "It &lt;watches&gt;."},
            {"right": False, "why": "It is <strong>watched</strong>."},
        ]
    ]
    assert answers["words"]["score"] == "一次答对 {right} / {of} 题"


def test_it_is_the_same_each_time():
    assert quizpanel.html(QUIZ) == quizpanel.html(QUIZ)


def test_a_notebook_shows_it_by_itself(shell):
    data, _ = shell.display_formatter.format(QUIZ)
    assert data["text/html"] == quizpanel.html(QUIZ)
    assert data["text/plain"] == str(QUIZ)
