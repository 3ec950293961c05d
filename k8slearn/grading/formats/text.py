"""Feedback as text: what an exercise's steps saw, for JUnit, Gradescope and Moodle, and as Markdown for CI."""

from __future__ import annotations

import re

from k8slearn.course.texts import load
from k8slearn.grading.outcome import Mark, Outcome


def said(mark: Mark, lang: str) -> str:
    """One exercise's feedback: its note, and of each step that did not pass what was seen, why it matters, what
    to try."""
    word = load(lang).word
    lines = [mark.note] if mark.note else []
    for step in mark.steps:
        lines.append(f"{word('grade-step-' + step.status)}: {step.name}")
        if step.status != "passed":
            parts = (("seen", step.seen), ("why", step.why), ("advice", step.advice))
            lines += [f"  {word('labelled', label=word(key), text=text)}" for key, text in parts if text]
    return "\n".join(lines)


def feedback(outcome: Outcome) -> str:
    """A submission's feedback: a line an exercise, and what was said of those that did not pass."""
    lines = [headline(outcome)]
    for mark in outcome.marks:
        lines.append(points(mark.title, mark.points, mark.max_points, outcome.lang))
        if not mark.passed:
            lines.append(said(mark, outcome.lang))
    return "\n".join(filter(None, lines))


def markdown(outcome: Outcome) -> str:
    """The same for a log or a summary of CI, where nothing that a learner wrote is markup."""
    lines = [f"## {_plain(outcome.lesson or outcome.name)}", ""]
    if outcome.marks:
        total = load(outcome.lang).word(
            "grade-points", points=f"{outcome.score:g}", of=f"{outcome.max_points:g}"
        )
        lines += [f"**{total}**", ""]
    if told := headline(outcome):
        lines += [_plain(told), ""]
    for mark in outcome.marks:
        head = points(mark.title, mark.points, mark.max_points, outcome.lang)
        lines += [f"### {'✅' if mark.passed else '❌'} {_plain(head)}", ""]
        if not mark.passed:
            lines += ["```text", said(mark, outcome.lang).replace("```", "'''"), "```", ""]
    return "\n".join(lines)


def headline(outcome: Outcome) -> str:
    """What is to be said of a run as a whole; empty for one that went to its end in time."""
    word = load(outcome.lang).word
    late = word("grade-late", points=f"{outcome.penalty:g}") if outcome.penalty else ""
    return " ".join(filter(None, (word(f"grade-{outcome.status.value}"), outcome.detail, late)))


def points(title: str, reached: float, most: float, lang: str) -> str:
    return load(lang).word("score", title=title, points=f"{reached:g}", of=f"{most:g}")


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))
