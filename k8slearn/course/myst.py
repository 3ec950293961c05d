"""MyST Markdown, as far as lessons need it: prose, code cells with a name and tags, and breaks between cells.

    # Pods
    ```{code-cell}
    :name: answer-serve
    :tags: answer
    %kubectl run model --image=nginx:1.29
    ```
    +++

A fence of any other kind is prose. ``+++`` on a line of its own ends a prose cell. A code cell without a name
gets the number of its place, so ids stay the same from build to build.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from k8slearn.errors import LessonError

FENCE = "{code-cell}"
BREAK = "+++"


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: ``kind`` is code or markdown, ``line`` where it begins in its source."""

    id: str
    kind: str
    source: str
    tags: tuple[str, ...] = ()
    line: int = 0


def parse(text: str, where: str) -> list[Cell]:
    """The cells of a text. Raises LessonError, naming ``where`` and the line, for an id used twice."""
    cells: list[Cell] = []
    seen: dict[str, int] = {}
    counts = {"code": 0, "markdown": 0}
    for kind, source, options, line in _pieces(text):
        counts[kind] += 1
        name = options.get("name", f"{'code' if kind == 'code' else 'text'}-{counts[kind]:02}")
        if name in seen:
            raise LessonError(
                f"{where}:{line}: the name {name!r} is taken by line {seen[name]}. Use another."
            )
        seen[name] = line
        cells.append(Cell(name, kind, source, tuple(options.get("tags", "").split()), line))
    return cells


def _pieces(text: str) -> Iterator[tuple[str, str, dict[str, str], int]]:
    """Kind, source, options and first line of each cell, in order."""
    lines = text.splitlines()
    start = 0
    for token in MarkdownIt("commonmark").parse(text):
        if token.type != "fence" or token.level or token.info.split()[:1] != [FENCE]:
            continue
        assert token.map is not None  # every block token has one
        yield from _prose(lines, start, token.map[0])
        options, source = _options(token.content)
        yield "code", source, options, token.map[0] + 1
        start = token.map[1]
    yield from _prose(lines, start, len(lines))


def _prose(lines: list[str], start: int, end: int) -> Iterator[tuple[str, str, dict[str, str], int]]:
    begin = start
    for at in range(start, end + 1):
        if at == end or lines[at].strip() == BREAK:
            source = "\n".join(lines[begin:at]).strip("\n")
            if source.strip():
                yield "markdown", source, {}, begin + 1
            begin = at + 1


def _options(content: str) -> tuple[dict[str, str], str]:
    """The ``:key: value`` lines at a fence's top, and the source after them."""
    lines = content.splitlines()
    options: dict[str, str] = {}
    while lines and lines[0].startswith(":"):
        key, _, value = lines.pop(0)[1:].partition(":")
        options[key.strip()] = value.strip()
    return options, "\n".join(lines).strip("\n")
