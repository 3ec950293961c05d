"""The quiz in a notebook: choose, and the option explains itself; the first choice counts.

It is HTML with a script, not a widget: it works without a kernel, and again in a notebook that was saved and
is opened by whom it belongs to. Where scripts are not run (another's notebook, a page that shows notebooks)
questions and options stand there to be read, and no answer.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from html import escape
from pathlib import Path

from k8slearn.course.quiz import Question, Quiz
from k8slearn.lab.panel import FONT, MUTED, inline

_SCRIPT = Path(__file__).parent / "static" / "quiz.js"


def html(quiz: Quiz) -> str:
    """``quiz`` as HTML in the theme's colours; byte for byte the same for the same quiz."""
    word = quiz.texts.word
    asked = "".join(_question(number, one, quiz) for number, one in enumerate(quiz.questions, 1))
    answers = {
        # The script fills the score's gaps as answers come.
        "words": {
            "right": word("quiz-right"),
            "wrong": word("quiz-wrong"),
            "score": word("quiz-score", right="{right}", of="{of}"),
        },
        "questions": [
            [{"right": option.right, "why": inline(option.why)} for option in question.options]
            for question in quiz.questions
        ],
    }
    # Not to be read at a glance in the notebook's file; whoever decodes it cheats nobody but themselves.
    hidden = base64.b64encode(json.dumps(answers, ensure_ascii=False).encode()).decode()
    return (
        f'<div lang="{quiz.texts.lang}" style="{FONT};max-width:760px;margin:4px 0;padding:10px 16px;'
        "border-radius:8px;background:var(--jp-layout-color1,#fff);color:var(--jp-ui-font-color1,#212121);"
        'border:1px solid var(--jp-border-color1,#bdbdbd);border-left:6px solid #1f6feb">'
        f'<div style="font-size:15px;font-weight:600">{inline(word("quiz", title=quiz.title))}</div>'
        f'<div style="{MUTED}">{inline(word("quiz-how"))}</div>{asked}'
        '<div data-score="" role="status" style="font-weight:600;margin-top:10px"></div></div>'
        f'<script data-answers="{hidden}">{_script()}</script>'
    )


def _question(number: int, question: Question, quiz: Quiz) -> str:
    several = quiz.texts.word("quiz-several")
    note = f' <span style="{MUTED}">({inline(several)})</span>' if question.several else ""
    options = "".join(_option(option.text) for option in question.options)
    return (
        '<fieldset style="border:none;margin:12px 0 0;padding:0;min-width:0">'
        f'<legend style="padding:0;font-weight:600">{number}. {inline(question.question)}{note}</legend>'
        f"{options}</fieldset>"
    )


def _option(text: str) -> str:
    """A button, asleep until the script wakes it, and the place for what it explains."""
    style = escape(
        f"{FONT};display:block;width:100%;margin:5px 0 2px;padding:5px 10px;text-align:left;border-radius:6px;"
        "border:1px solid var(--jp-border-color1,#bdbdbd);background:var(--jp-layout-color2,#f2f2f2);"
        "color:var(--jp-ui-font-color1,#212121);white-space:normal;height:auto"
    )
    return (
        f'<button type="button" disabled aria-pressed="false" style="{style}">'
        f'<span data-mark="" style="display:inline-block;width:18px;font-weight:700">○</span>{inline(text)}'
        f'</button><div role="status" style="margin:0 0 4px 18px"></div>'
    )


@cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")
