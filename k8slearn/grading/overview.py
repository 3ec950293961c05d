"""The instructor's page: how the class did, where it failed and why, and who to look at.

Counts are of learners, not of tries; what was never run (missing, malformed) is no zero in any of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from statistics import mean, median
from urllib.parse import quote

from k8slearn.course.texts import Texts, load
from k8slearn.grading import similar
from k8slearn.grading.outcome import Mark, Outcome, Status
from k8slearn.grading.pages import document, inline

Where = tuple[str, ...]
"""A lesson, an exercise in it, and what of that is counted."""

MOST = 15
"""Rows of a table that names the worst."""


def page(outcomes: Sequence[Outcome], lang: str, pages: Mapping[str, str]) -> str:
    """The page as HTML in a language; ``pages`` has each learner's own by its address beside it."""
    texts = load(lang)
    word = texts.word
    learners = len({one.learner for one in outcomes})
    counted = word("grade-count", submissions=len(outcomes), learners=learners)
    parts = [
        f'<h1>{escape(word("grade-overview"))}</h1><p class="soft">{escape(counted)}</p>',
        _distribution(outcomes, texts),
        _card(texts, "grade-exercises", _exercises(outcomes, texts)),
        _card(texts, "grade-steps", _steps(outcomes, texts), word("grade-steps-note")),
        _card(texts, "grade-wrong", _wrong(outcomes, texts), word("grade-wrong-note")),
        _card(
            texts,
            "grade-similar",
            _similar(outcomes, texts, pages),
            word("grade-similar-note", few=similar.FEW, least=similar.LEAST),
        ),
        _card(texts, "grade-legend-status", _unfinished(outcomes, texts, pages)),
        _card(texts, "grade-all", _all(outcomes, texts, pages)),
    ]
    return document(word("grade-overview"), lang, "\n".join(parts))


def _card(texts: Texts, title: str, body: str, note: str = "") -> str:
    told = f'<p class="soft">{escape(note)}</p>' if note else ""
    body = body or f"<p>{escape(texts.word('grade-none'))}</p>"
    return f'<section class="card"><h2>{escape(texts.word(title))}</h2>{told}{body}</section>'


def _table(texts: Texts, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of HTML cells; a column whose word begins with ``#`` is of numbers. Empty without a row."""
    style = [' class="number"' if column.startswith("#") else "" for column in columns]
    head = "".join(
        f"<th{one}>{escape(texts.word(column.lstrip('#'))) if column else ''}</th>"
        for one, column in zip(style, columns, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(f'<td{one}>{cell}</td>' for one, cell in zip(style, row, strict=True))}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _distribution(outcomes: Sequence[Outcome], texts: Texts) -> str:
    shares = [100 * one.score / one.max_points for one in outcomes if one.marks and one.max_points]
    if not shares:
        return _card(texts, "grade-distribution", "")
    bins = Counter(min(int(share // 10), 9) for share in shares)
    most = max(bins.values())
    bars = "".join(
        f'<div><span>{bins[tenth] or ""}</span><i style="height:{80 * bins[tenth] / most:.0f}%"></i>'
        f"<span>{10 * tenth}–{10 * tenth + 10}</span></div>"
        for tenth in range(10)
    )
    told = texts.word("grade-mean", mean=f"{mean(shares):.0f}", median=f"{median(shares):.0f}")
    body = f'<p>{escape(told)}</p><div class="bars">{bars}</div>'
    return _card(texts, "grade-distribution", body, texts.word("grade-distribution-note"))


def _exercises(outcomes: Sequence[Outcome], texts: Texts) -> str:
    """Of each exercise: who passed, who answered in vain, who left it blank."""
    counted: dict[Where, list[int]] = {}
    for one in outcomes:
        for mark in one.marks:
            counts = counted.setdefault((one.lesson, mark.exercise), [0, 0, 0])
            counts[0 if mark.passed else 1 if mark.answer else 2] += 1
    rows = [(_name(*where), _share(counts), *map(str, counts)) for where, counts in sorted(counted.items())]
    columns = ("grade-exercise", "", "#grade-step-passed", "#grade-step-failed", "#grade-blank")
    return _table(texts, columns, rows)


def _share(counts: Sequence[int]) -> str:
    parts = "".join(f'<i style="width:{100 * count / sum(counts):.0f}%"></i>' for count in counts)
    return f'<div class="share">{parts}</div>'


def _steps(outcomes: Sequence[Outcome], texts: Texts) -> str:
    judged: Counter[Where] = Counter()
    failed: Counter[Where] = Counter()
    called: dict[Where, str] = {}
    for one, mark in _answered(outcomes, texts):
        for step in mark.steps:
            where = (one.lesson, mark.exercise, step.id)
            called.setdefault(where, step.name)
            judged[where] += step.status != "skipped"
            failed[where] += step.status == "failed"
    rows = [
        (_name(*where[:2]), inline(called[where]), f"{count} / {judged[where]}")
        for where, count in failed.most_common(MOST)
        if count
    ]
    return _table(texts, ("grade-exercise", "grade-step", "#grade-step-failed"), rows)


def _wrong(outcomes: Sequence[Outcome], texts: Texts) -> str:
    met: Counter[Where] = Counter()
    example: dict[Where, str] = {}
    for one, mark in _answered(outcomes, texts):
        for name, seen in {step.feedback: step.seen for step in mark.steps if step.feedback}.items():
            where = (one.lesson, mark.exercise, name)
            met[where] += 1
            example.setdefault(where, seen)
    rows = [
        (_name(*where[:2]), f"<b>{escape(where[2])}</b><br>{inline(example[where])}", str(count))
        for where, count in met.most_common(MOST)
    ]
    return _table(texts, ("grade-exercise", "grade-feedback-name", "#grade-seen-by"), rows)


def _answered(outcomes: Sequence[Outcome], texts: Texts) -> Iterator[tuple[Outcome, Mark]]:
    """The exercises that were answered at all; those in the page's language first, for the examples are theirs."""
    for one in sorted(outcomes, key=lambda one: one.lang != texts.lang):
        for mark in one.marks:
            if mark.answer:
                yield one, mark


def _name(*words: str) -> str:
    """Names that are not broken within."""
    return " ".join(f'<span class="name">{escape(word)}</span>' for word in words)


def _similar(outcomes: Sequence[Outcome], texts: Texts, pages: Mapping[str, str]) -> str:
    rows = [
        (escape(pair.lesson), " · ".join(_link(one, pages) for one in pair.learners), str(pair.lines))
        for pair in similar.pairs(outcomes)[:MOST]
    ]
    return _table(texts, ("grade-lesson", "grade-learner", "#grade-shared"), rows)


def _unfinished(outcomes: Sequence[Outcome], texts: Texts, pages: Mapping[str, str]) -> str:
    rows = [
        (_link(one.learner, pages), _name(one.lesson), _name(one.status.value), escape(one.detail))
        for one in outcomes
        if one.status is not Status.GRADED
    ]
    return _table(texts, ("grade-learner", "grade-lesson", "grade-status", "grade-reason"), rows)


def _all(outcomes: Sequence[Outcome], texts: Texts, pages: Mapping[str, str]) -> str:
    rows = [
        (
            _link(one.learner, pages),
            _name(one.lesson),
            _name(one.status.value),
            f"{one.score:g} / {one.max_points:g}" if one.marks else "",
        )
        for one in outcomes
    ]
    return _table(texts, ("grade-learner", "grade-lesson", "grade-status", "#grade-score"), rows)


def _link(learner: str, pages: Mapping[str, str]) -> str:
    """A learner's name, which leads to their page where there is one."""
    if learner not in pages:
        return escape(learner)
    return f'<a href="{escape(quote(pages[learner]))}">{escape(learner)}</a>'
