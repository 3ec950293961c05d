"""Small wrongs made of a right answer: a field dropped or changed, a command left out or changed.

Pure functions from the cells of an answer to its mutants; ``mutants.py`` tries them. Of a cell ``%%apply`` each
field of each object is dropped and each value changed; of ``%kubectl`` each command is dropped, and each of its
numbers, names and images changed. What only looks or waits is left alone; Python is too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

LOOKS = ("get", "describe", "wait", "logs", "events", "explain", "top", "rollout status", "rollout history")
"""Commands without which the cluster is the same."""

IDENTITY = ("apiVersion", "kind")
"""Fields without which there is no object to judge."""


@dataclass(frozen=True)
class Mutant:
    """``what`` was done, as in ``spec.replicas: 2 → 3`` or ``%kubectl scale …: dropped``."""

    what: str
    cells: tuple[str, ...]


def mutants(cells: tuple[str, ...]) -> Iterator[Mutant]:
    """All mutants of an answer; each has one wrong."""
    for at, cell in enumerate(cells):
        changed = _of_manifest(cell) if cell.startswith("%%apply") else _of_commands(cell)
        for what, source in changed:
            if source != cell:
                yield Mutant(what, (*cells[:at], source, *cells[at + 1 :]))


# -- manifests --------------------------------------------------------------------------------------


def _of_manifest(cell: str) -> Iterator[tuple[str, str]]:
    head, _, body = cell.partition("\n")
    documents = [document for document in yaml.safe_load_all(body) if document]
    for at, document in enumerate(documents):
        name = f"{document['kind']} {_told(document['metadata'].get('name', ''))}".strip()
        for path, changed in _changes(document):
            others = [*documents[:at], changed, *documents[at + 1 :]]
            text = yaml.safe_dump_all([one for one in others if one], sort_keys=False)
            yield f"{name}: {path}", f"{head}\n{_unquoted(text)}"


def _unquoted(text: str) -> str:
    """``{port}``, which stands for a Python value, as it was: YAML reads it as a mapping without a value."""
    return re.sub(r"\n\s+(\w+): null\n", r" {\1}\n", text)


def _changes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each way to change one thing in a tree, and what it was: ``("spec.replicas dropped", {…})``."""
    if isinstance(value, dict) and not _placeholder(value):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else str(key)
            if here not in IDENTITY:
                yield f"{here} dropped", {one: kept for one, kept in value.items() if one != key}
                for what, changed in _changes(inner, here):
                    yield what, {**value, key: changed}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            here = f"{path}[{at}]"
            if len(value) > 1:
                yield f"{here} dropped", value[:at] + value[at + 1 :]
            for what, changed in _changes(inner, here):
                yield what, [*value[:at], changed, *value[at + 1 :]]
    elif not isinstance(value, dict) and value is not None:
        other = _other(value, path.rpartition(".")[2])
        yield f"{path}: {value} → {other}", other


def _placeholder(value: dict[str, Any]) -> bool:
    return list(value.values()) == [None]


def _told(name: Any) -> str:
    """An object's name, or the placeholder that stands for it."""
    return f"{{{next(iter(name))}}}" if isinstance(name, dict) else name


def _other(value: Any, field: str) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if field == "image":
        return _other_image(value)
    if found := re.fullmatch(r"(\d+)([A-Za-z%]*)", value):
        return f"{int(found[1]) * 2}{found[2]}"
    return f"{value}-x"


def _other_image(image: str) -> str:
    """The same repository with a tag that does not exist."""
    return f"{image.rpartition(':')[0] or image}:no-such-tag"


# -- commands ---------------------------------------------------------------------------------------


def _of_commands(cell: str) -> Iterator[tuple[str, str]]:
    lines = cell.splitlines()
    for at, line in enumerate(lines):
        command = line.strip().removeprefix("%kubectl ")
        if command == line.strip() or command.startswith(LOOKS):
            continue
        yield f"{line.strip()}: dropped", "\n".join([*lines[:at], "pass", *lines[at + 1 :]])
        for word, other in _words(command):
            changed = line.replace(f" {word}", f" {other}" if other else "", 1)
            told = f"{word} → {other}" if other else f"{word} dropped"
            yield f"{line.strip()}: {told}", "\n".join([*lines[:at], changed, *lines[at + 1 :]])


def _words(command: str) -> Iterator[tuple[str, str]]:
    """The words of a command to change, with what they become ("" for a word to drop)."""
    before, dashes, after = command.partition(" -- ")
    for number, word in enumerate(before.split()):
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            yield word, ""
        if equals and name.lstrip("-") == "image":
            yield word, f"{name}={_other_image(value)}"
        elif equals and value:
            yield word, f"{name}={_other(int(value) if value.isdecimal() else value, name)}"
        elif number > 1 and not word.startswith("-") and re.fullmatch(r"[a-z][\w./-]*", word):
            yield word, f"{word}-x"
    if dashes:
        yield f"-- {after}", ""
