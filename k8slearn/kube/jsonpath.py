"""JSONPath as far as a column of ``kubectl get`` needs it: ``.status.conditions[?(@.type=="Ready")].status``.

https://kubernetes.io/docs/reference/kubectl/jsonpath/
Upstream: client-go ``util/jsonpath``; without ranges over several templates, unions and ``..``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_FIELD = re.compile(r"\.((?:\\.|[^.\[\\])+)")
_INDEX = re.compile(r"\[(-?\d+)\]")
_ALL = re.compile(r"\[\*\]|\.\*")
_QUOTED = re.compile(r"\[(?:'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\")\]")
_FILTER = re.compile(r"\[\?\(\s*@((?:\.[^=!<>\s]+)+)\s*(==|!=)\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.-]+))\s*\)\]")


class JSONPathError(ValueError):
    """Not a path that this module can follow."""


@lru_cache(maxsize=1024)
def parse(path: str) -> Callable[[Any], list[Any]]:
    """What finds the values under ``path`` in an object: none where something is missing. Raises JSONPathError.

    >>> parse(".spec.ports[0].name")({"spec": {"ports": [{"name": "web"}]}})
    ['web']
    >>> parse('.conditions[?(@.type=="Ready")].status')({"conditions": [{"type": "Ready", "status": "True"}]})
    ['True']
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        for pattern, make in _STEPS:
            if match := pattern.match(path, at):
                steps.append(make(match))
                at = match.end()
                break
        else:
            if path != ".":
                raise JSONPathError(f"{path} is no JSONPath: it goes wrong at {path[at:]}")
            at = len(path)

    def find(obj: Any) -> list[Any]:
        found = [obj]
        for step in steps:
            found = [inner for outer in found for inner in step(outer)]
        return found

    return find


def _field(match: re.Match[str]) -> Step:
    name = re.sub(r"\\(.)", r"\1", match[1])
    return lambda value: iter([value[name]] if isinstance(value, dict) and name in value else [])


def _quoted(match: re.Match[str]) -> Step:
    name = re.sub(r"\\(.)", r"\1", match[1] if match[1] is not None else match[2])
    return lambda value: iter([value[name]] if isinstance(value, dict) and name in value else [])


def _index(match: re.Match[str]) -> Step:
    index = int(match[1])
    return lambda value: iter(
        [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []
    )


def _all(match: re.Match[str]) -> Step:
    return lambda value: iter(value.values() if isinstance(value, dict) else value if _is_list(value) else ())


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _filter(match: re.Match[str]) -> Step:
    inner, equal = parse(match[1]), match[2] == "=="
    wanted = next(group for group in match.groups()[2:] if group is not None)

    def step(value: Any) -> Iterator[Any]:
        for item in value if isinstance(value, list) else ():
            found = inner(item)
            if found and (_text(found[0]) == wanted) == equal:
                yield item

    return step


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_STEPS = ((_FILTER, _filter), (_ALL, _all), (_INDEX, _index), (_QUOTED, _quoted), (_FIELD, _field))
