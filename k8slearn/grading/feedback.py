"""One learner's page: what passed, and for what did not: what was seen, why it matters, what to try.

It is a single file without scripts or outside parts, made to be read on a phone, in light and in dark.
"""

from __future__ import annotations

import re
from html import escape

from k8slearn.grading.outcome import Mark, Outcome, Status, Step

_HEADLINES = {
    Status.GRADED: "",
    Status.TIMEOUT: "Your notebook took too long and was stopped.",
    Status.CRASHED: "Your notebook's process ended before the last cell.",
    Status.OUTPUT_LIMIT: "Your notebook printed too much and was stopped.",
    Status.MALFORMED: "Your notebook could not be read.",
    Status.MISSING: "No notebook was handed in.",
    Status.INFRA_ERROR: "Grading failed. This is no fault of yours, and no mark was given.",
}

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --pass: #1a7f37; --fail: #c62828; --skip: #767676 }
@media (prefers-color-scheme: dark) { :root { --pass: #4ac26b; --fail: #ff7b72; --skip: #9a9a9a } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem }
body { overflow-wrap: anywhere }
h1 { font-size: 1.4rem; margin: 0 } h2 { font-size: 1.1rem; margin: 0 }
header, section { border-bottom: 1px solid var(--line); padding: 1rem 0 }
.score { font-size: 1.4rem; font-weight: 600 }
.note { border-left: 4px solid var(--fail); padding-left: .75rem }
ul { list-style: none; padding: 0; margin: .5rem 0 } li { padding: .25rem 0 0 1.6rem; position: relative }
li::before { position: absolute; left: 0; font-weight: 700 }
.passed::before { content: "✓"; color: var(--pass) } .failed::before { content: "✗"; color: var(--fail) }
.skipped::before { content: "–"; color: var(--skip) } .skipped { color: var(--skip) }
dl { margin: .25rem 0 }
dt { font-weight: 600; font-size: .875rem } dd { margin: 0 0 .35rem; white-space: pre-line }
pre { overflow-x: auto; border: 1px solid var(--line); padding: .5rem; font-size: .8rem }
"""


def page(outcome: Outcome) -> str:
    """The page as HTML."""
    title = escape(f"{outcome.lesson or 'Feedback'} · {outcome.learner}")
    score = (
        f'<p class="score">{outcome.points:g} of {outcome.max_points:g} points</p>' if outcome.marks else ""
    )
    output = ""
    if outcome.status is not Status.GRADED and outcome.output.strip():
        output = (
            f"<section><h2>What your notebook printed last</h2><pre>{escape(outcome.output)}</pre></section>"
        )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1>{score}{_headline(outcome)}</header>\n"
        + "\n".join(_section(mark) for mark in outcome.marks)
        + f"\n{output}</body>\n</html>\n"
    )


def _headline(outcome: Outcome) -> str:
    text = f"{_HEADLINES[outcome.status]} {outcome.detail}".strip()
    return f'<p class="note">{escape(text)}</p>' if text else ""


def _section(mark: Mark) -> str:
    note = f'<p class="note">{escape(mark.note)}</p>' if mark.note else ""
    steps = "".join(_item(step) for step in mark.steps)
    return (
        f"<section><h2>{_inline(mark.title)}</h2><p>{mark.points:g} of {mark.max_points:g} points</p>"
        f"{note}<ul>{steps}</ul></section>"
    )


def _item(step: Step) -> str:
    said = ""
    if step.status != "passed":
        texts = (("What was seen", step.seen), ("Why it matters", step.why), ("What to try", step.advice))
        said = "".join(f"<dt>{label}</dt><dd>{_inline(text)}</dd>" for label, text in texts if text)
    return f'<li class="{escape(step.status)}">{_inline(step.name)}{f"<dl>{said}</dl>" if said else ""}</li>'


def _inline(text: str) -> str:
    """Escaped text; of Markdown only `code` is read.

    >>> _inline("run `echo <b>`")
    'run <code>echo &lt;b&gt;</code>'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
