"""What goes wrong while JSON becomes an object, and where: the state of one decoding, and Go's sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from k8slearn.embedded.apiserver.messages import Field

Object = dict[str, Any]

MOST_PROBLEMS = 100
"""Go stops collecting strict errors there."""


class DecodeError(ValueError):
    """What was sent cannot be decoded; ``str()`` is Go's sentence.

    ``converted`` is the sentence of the converter that a strategic merge patch goes through instead.
    """

    def __init__(self, sentence: str, converted: str = "") -> None:
        super().__init__(sentence)
        self.converted = converted or sentence


Path = tuple[Any, Any] | None
"""Where we are: ``(where before, Field | index | map key)``. A chain, so that going down costs little."""


class Decoding:
    """What was found wrong on the way."""

    __slots__ = ("first", "problems")

    def __init__(self) -> None:
        self.first: DecodeError | None = None
        """The first value of a wrong type. Go goes on to the end and then reports that one."""
        self.problems: list[str] = []

    def problem(self, what: str, path: Path, name: str) -> None:
        text = f'{what} field "{_dotted((path, name))}"'
        if len(self.problems) < MOST_PROBLEMS and text not in self.problems:
            self.problems.append(text)

    def mismatch(self, value: Any, go: str, path: Path, converted: str) -> None:
        if self.first is None:
            self.first = type_error(value, go, path, converted)


Reader = Callable[[Decoding, Any, Path], Any]


def type_error(value: Any, go: str, path: Path, converted: str = "") -> DecodeError:
    """``json: cannot unmarshal object into Go struct field Pod.spec of type v1.PodSpec``."""
    stack: list[str] = []
    owner = ""
    while path is not None:
        path, step = path
        if isinstance(step, Field):
            owner = owner or step.owner
            stack.append(step.stack)
    where = f"struct field {owner}.{'.'.join(reversed(stack))}" if owner else "value"
    return DecodeError(
        f"json: cannot unmarshal {_json_kind(value, go)} into Go {where} of type {go}", converted
    )


def _json_kind(value: Any, go: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {json.dumps(value)}" if go in ("int32", "int64") else "number"
    return {str: "string", list: "array"}.get(type(value), "object") if value is not None else "null"


def go_kind(value: Any) -> str:
    kinds = {str: "string", bool: "bool", int: "int64", float: "float64", list: "slice"}
    return kinds.get(type(value), "map")


def _dotted(path: Path) -> str:
    """``spec.containers[0].name``."""
    parts: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(f".{step.name if isinstance(step, Field) else step}")
    return "".join(reversed(parts)).removeprefix(".")


def go_print(value: Any) -> str:
    """A value as Go's ``%v`` prints it: ``map[spec:map[replicas:two]]``."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{go_print(item)}' for name, item in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_print, value))}]"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else json.dumps(value)
