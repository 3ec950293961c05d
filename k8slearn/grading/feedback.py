"""One learner's page: what passed, and for what did not: what was seen, why it matters, what to try.

It is made to be read on a phone and to be printed; each lesson's part is in the language that the lesson was in.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from k8slearn.course.texts import load
from k8slearn.grading.formats.text import headline
from k8slearn.grading.outcome import Mark, Outcome, Step
from k8slearn.grading.pages import document, inline, track

OUTPUT_LIMIT = 4_000
"""Characters of the learner's output that are shown: its end."""


def page(outcomes: Sequence[Outcome]) -> str:
    """The page as HTML, of all that one learner handed in (at least one outcome)."""
    first = outcomes[0]
    title = f"{load(first.lang).word('grade-page')} · {first.learner}"
    head = f"<h1>{escape(title)}</h1>"
    return document(title, first.lang, head + "\n".join(_lesson(one) for one in outcomes))


def _lesson(outcome: Outcome) -> str:
    word = load(outcome.lang).word
    score = word("grade-points", points=f"{outcome.score:g}", of=f"{outcome.max_points:g}")
    head = f"<h2>{escape(outcome.lesson or outcome.name)}</h2>"
    if outcome.marks:
        head += f'<span class="score">{escape(score)}</span>'
    parts = [f'<div class="head">{head}</div>']
    if outcome.marks:
        parts.append(track(outcome.score, outcome.max_points))
    if outcome.handed_in:
        time = outcome.handed_in.replace("T", " ").replace("+00:00", " UTC")
        parts.append(f'<p class="soft">{escape(word("grade-handed-in", time=time))}</p>')
    if told := headline(outcome):
        parts.append(f'<p class="note">{escape(told)}</p>')
    elif outcome.marks and all(mark.passed for mark in outcome.marks):
        parts.append(f"<p>{escape(word('grade-passed-all'))}</p>")
    sections = [
        f'<section class="card">{"".join(parts)}</section>',
        *(_exercise(one, outcome.lang) for one in outcome.marks),
    ]
    if outcome.view:
        sections.append(_section(word("grade-view"), f'<div class="view">{outcome.view}</div>'))
    if outcome.output.strip():
        sections.append(
            _section(word("grade-output"), f"<pre>{escape(outcome.output[-OUTPUT_LIMIT:])}</pre>")
        )
    return f'<article lang="{outcome.lang}">{"".join(sections)}</article>'


def _section(title: str, body: str) -> str:
    return f'<section class="card"><h2>{escape(title)}</h2>{body}</section>'


def _exercise(mark: Mark, lang: str) -> str:
    word = load(lang).word
    points = word("grade-points", points=f"{mark.points:g}", of=f"{mark.max_points:g}")
    note = f'<p class="note">{escape(mark.note)}</p>' if mark.note else ""
    steps = "".join(_step(step, lang) for step in mark.steps)
    answer = ""
    if mark.answer.strip():
        opened = "" if mark.passed else " open"
        told = escape(word("grade-answer"))
        answer = f"<details{opened}><summary>{told}</summary><pre>{escape(mark.answer)}</pre></details>"
    return (
        f'<section class="card"><div class="head"><h2>{inline(mark.title)}</h2><span>{escape(points)}</span></div>'
        f"{note}<ul>{steps}</ul>{answer}</section>"
    )


def _step(step: Step, lang: str) -> str:
    word = load(lang).word
    said = ""
    if step.status != "passed":
        texts = (("seen", step.seen), ("why", step.why), ("advice", step.advice))
        said = "".join(f"<dt>{escape(word(key))}</dt><dd>{inline(text)}</dd>" for key, text in texts if text)
    status = escape(step.status)
    return (
        f'<li class="{status}" aria-label="{escape(word(f"grade-step-{step.status}"))}">{inline(step.name)}'
        f"{f'<dl>{said}</dl>' if said else ''}</li>"
    )
