"""The course's certificate: a page to print, for those who have passed every exercise of every lesson.

It says what was done, and not more: the checks ran on the learner's own computer, and nobody watched.
"""

from __future__ import annotations

from datetime import date
from html import escape

from k8slearn.course.finish import done
from k8slearn.course.loader import Folder, folders
from k8slearn.course.progress import Progress
from k8slearn.course.texts import load
from k8slearn.errors import LessonError

_STYLE = """
@page { size: A4 landscape; margin: 0 }
* { box-sizing: border-box }
body { margin: 0; background: #eef2f7; color: #1b2a3a; font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif }
main { width: 297mm; min-height: 209mm; margin: 0 auto; padding: 18mm 24mm; background: #fff;
  border: 6mm solid #326ce5; text-align: center; display: flex; flex-direction: column }
h1 { font-size: 34px; letter-spacing: .08em; margin: 0 0 6mm; color: #326ce5 }
.name { font-size: 40px; font-weight: 700; margin: 3mm 0; padding-bottom: 2mm; border-bottom: 2px solid #c6d2e3;
  align-self: center; min-width: 60%; overflow-wrap: anywhere }
table { margin: 6mm auto; border-collapse: collapse; font-size: 14px; text-align: left }
td { padding: 1mm 5mm; border-bottom: 1px solid #e3e9f1 } td:last-child { text-align: right }
.small { color: #56657a; font-size: 13px; margin-top: auto }
@media print { body { background: none; -webkit-print-color-adjust: exact; print-color-adjust: exact } }
"""


def render(name: str, lang: str, progress: Progress, day: date) -> str:
    """The page as HTML. Raises LessonError, with what is missing, before all lessons are done."""
    lessons = folders()
    word = load(lang).word
    if missing := [one.id for one in lessons if not done(one, progress)]:
        raise LessonError(word("certificate-early", count=len(missing), lessons=", ".join(missing)))
    points = {one.id: sum(progress.points(one.id, exercise) for exercise in one.checks) for one in lessons}
    rows = "".join(_row(one, lang, points[one.id]) for one in lessons)
    told = word(
        "certificate-text",
        lessons=len(lessons),
        exercises=sum(len(one.checks) for one in lessons),
        points=sum(points.values()),
    )
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(word('certificate'))} · {escape(name)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body><main>\n<h1>{escape(word('certificate'))}</h1>\n<div>{escape(word('certificate-for'))}</div>\n"
        f'<div class="name">{escape(name)}</div>\n<div>{escape(told)}</div>\n<table>{rows}</table>\n'
        f'<div class="small">{escape(word("certificate-note", date=day.isoformat()))}</div>\n'
        "</main></body>\n</html>\n"
    )


def _row(folder: Folder, lang: str, points: int) -> str:
    title = folder.title(folder.language(lang))
    return f"<tr><td>{folder.number}</td><td>{escape(title)}</td><td>{points}</td></tr>"
