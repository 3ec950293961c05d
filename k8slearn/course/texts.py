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
    """The language to speak: ``lang``, else K8SLEARN_LANG, else the locale's; English where it is not spoken.

    >>> language("zh_CN.UTF-8")
    'zh'
    """
    # As POSIX has it: the first of these that is set is the locale, whatever the others say.
    asked = (lang, *map(os.environ.get, ("K8SLEARN_LANG", "LC_ALL", "LC_MESSAGES", "LANG")))
    named = re.split("[-_.@]", next(filter(None, asked), "en"))[0].lower()
    return named if named in languages() else "en"


@functools.cache
def languages() -> tuple[str, ...]:
    """Those that the package speaks."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@functools.cache
def load(lang: str) -> Texts:
    """Raises LessonError for a language that the package does not speak."""
    if lang not in languages():
        known = ", ".join(languages())
        raise LessonError(f"There are no texts in the language {lang!r}. Choose one of: {known}.")
    return Texts(lang, **read_yaml(_FOLDER / f"{lang}.yaml"))


def word(key: str, **values: object) -> str:
    """A sentence in the learner's language, for those who have no lesson to ask for its language."""
    return load(language()).word(key, **values)


def fill(text: str, values: Mapping[str, object]) -> str:
    """``{name}`` becomes the value of ``name``; braces without one, as in ``{.status.phase}``, stay.

    >>> fill("port {port}, -o jsonpath={.spec}", {"port": 80})
    'port 80, -o jsonpath={.spec}'
    """
    return re.sub(r"\{(\w+)\}", lambda gap: str(values.get(gap[1], gap[0])), text)


# A lesson's texts are read whenever it is opened, and libyaml reads them ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """Raises LessonError, with the place, for a file that is missing or no YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _LOADER)
    except (OSError, yaml.YAMLError) as error:
        raise LessonError(f"{path} cannot be read: {error}") from error
