"""The words of one human language: those of this package (``texts/LANG.yaml``), shared by all lessons."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from k8slearn.errors import LessonError

_FOLDER = Path(__file__).with_name("texts")


class Text(str):
    """A text for people: printed as it is, shown as Markdown in a notebook."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Texts:
    """``words`` are sentences with gaps, ``feedback`` maps a key to its seen, why and advice."""

    lang: str
    words: dict[str, str]
    feedback: dict[str, dict[str, str]]

    def word(self, key: str, **values: object) -> str:
        return self.words[key].format(**values)


def language(lang: str | None = None) -> str:
    """The language asked for: ``lang``, else K8SLEARN_LANG, else English."""
    return lang or os.environ.get("K8SLEARN_LANG") or "en"


@functools.cache
def load(lang: str) -> Texts:
    """Raises LessonError for a language that the package does not speak."""
    path = _FOLDER / f"{lang}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in _FOLDER.glob("*.yaml")))
        raise LessonError(f"There are no texts in the language {lang!r}. Choose one of: {known}.")
    return Texts(lang, **read_yaml(path))


def fill(text: str, values: Mapping[str, object]) -> str:
    """``{name}`` becomes the value of ``name``; braces without one, as in ``{.status.phase}``, stay.

    >>> fill("port {port}, -o jsonpath={.spec}", {"port": 80})
    'port 80, -o jsonpath={.spec}'
    """
    return re.sub(r"\{(\w+)\}", lambda gap: str(values.get(gap[1], gap[0])), text)


def read_yaml(path: Path) -> Any:
    """Raises LessonError, with the place, for a file that is missing or no YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LessonError(f"{path} cannot be read: {error}") from error
