"""The course's index and glossary: from a command or an error message to the section that explains it.

Nobody writes it: commands are found in the lessons' cells and texts, and so are the words by which Kubernetes,
programs and kubectl say that something is wrong. A lesson may explain terms in a ``glossary.yaml``:

    - term: rolling update
      en: Pods of the new version come up while those of the old one go down.
      zh: 滚动更新：新版本的 Pod 逐步启动，旧版本的 Pod 逐步停掉。
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from k8slearn.course import texts
from k8slearn.course.loader import ANSWER, Folder
from k8slearn.errors import LessonError

WITH_SUBCOMMAND = ("auth", "config", "create", "rollout", "set", "top")

COMMAND = re.compile(r"(?:%|`|^\s*)kubectl ((?:-n \S+ )?)([a-z][a-z-]+)(?: ([a-z][a-z-]*))?", re.MULTILINE)

REASON = re.compile(
    r"\b(?:Err[A-Z][A-Za-z]+|[A-Z][A-Za-z]*(?:BackOff|ContainerError|ConfigError)|Failed[A-Z][A-Za-z]+|OOMKilled|Evicted"
    r"|StartError|InvalidImageName|Unhealthy|Unschedulable|[A-Z][A-Za-z]*DeadlineExceeded|NXDOMAIN)\b"
)
"""What a status or an event calls a failure: one word, as in ``CrashLoopBackOff``."""

MESSAGES = (
    "already exists",
    "bad address",
    "connection refused",
    "does not match",
    "error looking up service account",
    "exceeded quota",
    "executable file not found",
    "field is immutable",
    "no endpoints available",
    "timed out",
    "Insufficient cpu",
    "Insufficient memory",
    "is forbidden",
    "missing request for cpu",
    "no such host",
    "untolerated taint",
)
"""Parts of what programs, schedulers and API servers say."""

Places = dict[str, dict[str, str]]
"""By entry: by lesson, the section where it first comes."""


def render(lessons: list[Folder], lang: str) -> str:
    """The page in a language, as Markdown beside the folders of the notebooks."""
    word = texts.load(lang).word
    commands: Places = {}
    messages: Places = {}
    for folder in lessons:
        for section, text in _sections(folder, lang):
            for command in _commands(text):
                commands.setdefault(command, {}).setdefault(folder.id, section)
            for message in _messages(text):
                messages.setdefault(message, {}).setdefault(folder.id, section)
    lines = [f"# {word('index')}", "", word("index-made"), ""]
    for title, places in (("index-commands", commands), ("index-messages", messages)):
        lines += [f"## {word(title)}", "", *_table(places, lessons, lang), ""]
    if terms := _glossary(lessons, lang):
        lines += [f"## {word('glossary')}", "", *terms, ""]
    return "\n".join(lines)


def _sections(folder: Folder, lang: str) -> Iterator[tuple[str, str]]:
    """The English lesson's cells, each with the heading above it in ``lang``; the cells are the same in all.

    Answers, hints and debriefs are left out: whoever looks something up must not be told a solution.
    """
    spoken = folder.language(lang)
    section = folder.title(spoken)
    for cell, own in zip(folder.cells("en"), folder.cells(spoken), strict=True):
        headings = re.findall(r"^##+ (.+)$", own.source, re.MULTILINE) if own.kind == "markdown" else []
        section = headings[0] if headings else section
        if not cell.id.startswith(ANSWER):
            yield section, cell.source
        section = headings[-1] if headings else section
    exercises = folder.exercises("en")
    for exercise, own in zip(exercises.values(), folder.exercises(spoken).values(), strict=True):
        yield own.title, "\n".join(part for parts in exercise.feedback.values() for part in parts.values())


def _commands(text: str) -> Iterator[str]:
    """As in ``kubectl get``, ``kubectl rollout undo``."""
    for _, verb, word in COMMAND.findall(text):
        if verb not in WITH_SUBCOMMAND:
            yield f"kubectl {verb}"
        elif word:
            yield f"kubectl {verb} {word}"


def _messages(text: str) -> Iterator[str]:
    yield from REASON.findall(text)
    yield from (message for message in MESSAGES if message.lower() in text.lower())


def _table(places: Places, lessons: list[Folder], lang: str) -> list[str]:
    """An entry a line, with the lessons that it comes in."""
    known = {folder.id: folder for folder in lessons}
    lines = ["| | |", "|---|---|"]
    for entry in sorted(places, key=str.lower):
        links = []
        for lesson, section in places[entry].items():
            spoken = known[lesson].language(lang)
            links.append(f"[{lesson}]({spoken}/{lesson}.ipynb): {section.replace('|', chr(92) + '|')}")
        lines.append(f"| `{entry}` | {'<br>'.join(links)} |")
    return lines


def _glossary(lessons: list[Folder], lang: str) -> list[str]:
    terms: dict[str, str] = {}
    for folder in lessons:
        for term, explained in _terms(folder.path / "glossary.yaml", lang):
            if term in terms:
                raise LessonError(
                    f"{folder.path / 'glossary.yaml'}: {term!r} is explained in another lesson too."
                )
            link = f"[{folder.id}]({folder.language(lang)}/{folder.id}.ipynb)"
            terms[term] = f"- **{term}**: {explained} {link}"
    return [terms[term] for term in sorted(terms, key=str.lower)]


def _terms(path: Path, lang: str) -> Iterator[tuple[str, str]]:
    if not path.is_file():
        return
    for one in texts.read_yaml(path):
        if not isinstance(one, dict) or one.keys() != {"term", *texts.languages()}:
            raise LessonError(
                f"{path}: each entry has term, {', '.join(texts.languages())}, and nothing else."
            )
        yield str(one["term"]), str(one[lang]).strip()
