"""The panel that ``lesson.check(...)`` shows in a notebook: steps, points, and feedback for what is missing.

A terminal gets the same as text (``str(result)``, in the course). Everything that comes from a cluster or a
lesson is escaped first; of Markdown only `code` and **strong** are read afterwards.
"""

from __future__ import annotations

import re
from html import escape

from k8slearn.course.exercise import Feedback, Result, Status, StepResult
from k8slearn.course.finish import Finish

_MARKS = {
    Status.PASSED: ("✓", "#00795a"),
    Status.FAILED: ("✗", "#b03a00"),
    Status.SKIPPED: ("·", "#767676"),
}

FONT = "font-family:var(--jp-ui-font-family,sans-serif);font-size:13.5px;line-height:1.5"
MUTED = "color:var(--jp-ui-font-color2,#5c5c5c)"
_CODE = (
    "font-family:var(--jp-code-font-family,monospace);font-size:0.93em;padding:0 3px;border-radius:3px;"
    "background:var(--jp-layout-color2,#eee);color:inherit"
)


def html(result: Result) -> str:
    """``result`` as HTML in the theme's colours. Styles are inline: a saved notebook has no others."""
    word = result.texts.word
    mark, colour = _MARKS[Status.PASSED if result.passed else Status.FAILED]
    head = word("score", title=result.title, points=result.points, of=result.max_points)
    steps = "".join(_step(step, result) for step in result.steps)
    debrief = f'<div style="margin-top:8px">{_paragraphs(result.debrief)}</div>' if result.passed else ""
    return (
        f'<div style="{FONT};max-width:760px;margin:4px 0;padding:10px 16px;border-radius:8px;'
        "background:var(--jp-layout-color1,#fff);color:var(--jp-ui-font-color1,#212121);"
        f'border:1px solid var(--jp-border-color1,#bdbdbd);border-left:6px solid {colour}">'
        f'<div style="font-size:15px;font-weight:600">{_mark(mark, colour)}{inline(head)}</div>'
        f'<ul style="list-style:none;margin:6px 0 0;padding:0">{steps}</ul>{debrief}</div>'
        f"{_finish(result.finish) if result.finish is not None else ''}"
    )


def _finish(finish: Finish) -> str:
    """The end of the lesson, worth a panel of its own."""
    word = finish.texts.word
    chips = "".join(
        f'<span style="display:inline-block;margin:3px 6px 3px 0;padding:1px 10px;border-radius:11px;'
        f'background:var(--jp-layout-color1,#fff);color:inherit">✓ {inline(title)}</span>'
        for title in finish.exercises
    )
    return (
        f'<div style="{FONT};max-width:760px;margin:10px 0 4px;padding:16px 20px;border-radius:8px;'
        "color:var(--jp-ui-font-color1,#212121);border:1px solid #00795a;"
        'background:linear-gradient(135deg,rgba(0,121,90,.20),rgba(31,111,235,.16))">'
        f'<div style="font-size:20px;font-weight:700">{inline(word("finished", title=finish.title))}</div>'
        f'<div style="margin:4px 0">{inline(word("finished-score", points=finish.points, hints=finish.hints))}</div>'
        f'<div style="margin:8px 0">{chips}</div>'
        f'<div style="font-weight:600">{inline(word("goal"))}</div>{_paragraphs(finish.goal)}'
        f'<div style="margin-top:10px;font-weight:600">{inline(finish.next_step)}</div></div>'
    )


def _step(step: StepResult, result: Result) -> str:
    mark, colour = _MARKS[step.status]
    skipped = step.status is Status.SKIPPED
    note = f' <span style="{MUTED}">({inline(result.texts.word("skipped"))})</span>' if skipped else ""
    told = _feedback(step.feedback, result) if step.feedback is not None else ""
    style = f' style="{MUTED}"' if skipped else ""
    title = f"<span{style}>{inline(step.title)}</span>"
    return f'<li style="margin:2px 0">{_mark(mark, colour)}{title}{note}{told}</li>'


def _feedback(feedback: Feedback, result: Result) -> str:
    parts = (("seen", feedback.seen), ("why", feedback.why), ("advice", feedback.advice))
    rows = "".join(
        f'<div style="{MUTED};font-weight:600">{inline(result.texts.word(key))}</div>'
        f'<div style="overflow-wrap:anywhere">{inline(text)}</div>'
        for key, text in parts
    )
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:4px 14px;'
        "margin:6px 0 8px 24px;padding:8px 12px;border-radius:6px;"
        f'background:var(--jp-layout-color2,#f2f2f2)">{rows}</div>'
    )


def _mark(mark: str, colour: str) -> str:
    # A bright mark on its own light ground is legible in both themes.
    return (
        f'<span style="display:inline-block;width:17px;height:17px;line-height:17px;margin-right:7px;'
        f"border-radius:50%;text-align:center;font-weight:700;font-size:12px;"
        f'color:#fff;background:{colour}">{mark}</span>'
    )


def _paragraphs(text: str) -> str:
    return "".join(
        f'<p style="margin:6px 0 0">{inline(part)}</p>' for part in re.split(r"\n\s*\n", text.strip())
    )


def inline(text: str) -> str:
    """Escaped text with `code` and **strong**.

    >>> inline("**<b>**")
    '<strong>&lt;b&gt;</strong>'
    """
    pieces = re.split(r"`([^`]+)`", text)
    # re.split alternates: text, code, text, code, …
    return "".join(
        f'<code style="{_CODE}">{escape(piece)}</code>'
        if index % 2
        else re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(piece))
        for index, piece in enumerate(pieces)
    )
