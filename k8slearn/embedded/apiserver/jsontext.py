"""JSON text as a server reads it: names that occur twice are noticed, faults are told in Go's words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.decoding import DecodeError, Object


class Repeated(dict[str, Any]):
    """A JSON object in which names occur twice: the last value counts, ``names`` are those that do."""

    names: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    seen: set[str] = set()
    repeated.names = tuple(dict.fromkeys(name for name, _ in pairs if name in seen or seen.add(name)))
    return repeated


def _integer(digits: str) -> int | float:
    """What no 64 bits hold is a floating point number, as Go makes one of it where it may be any number."""
    if len(digits) > _MOST_DIGITS or not -(2**63) <= (value := int(digits)) < 2**64:
        return _float(digits)
    return value


def _float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise DecodeError(f"json: cannot unmarshal number {digits} into Go value of type float64")
    return value


_MOST_DIGITS = 20
"""Those of the largest number of 64 bits."""


def _no_constant(name: str) -> None:
    raise DecodeError(f"invalid character '{name[0]}' looking for beginning of value")


_LONE_SURROGATE = re.compile(
    r"(?<!\\)(\\\\)*(?:(\\u[dD][89abAB]..)(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]..)"
)
_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer, parse_float=_float
)

_GO_SYNTAX = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}


def parse(body: bytes) -> Any:
    """The JSON value in ``body``; objects with a name twice are ``Repeated``. Raises DecodeError."""
    text = body.decode("utf-8", "replace")
    if "\\ud" in text or "\\uD" in text:
        text = _LONE_SURROGATE.sub(r"\1\\ufffd", text)
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :]
        if error.msg.startswith("Expecting"):
            rest = rest.lstrip()
        elif error.msg.startswith(
            "Illegal trailing comma"
        ):  # since Python 3.13; Go minds what comes after it
            rest = rest[1:].lstrip()
        elif error.msg.startswith("Invalid \\"):
            rest = rest.lstrip("\\")
        if not rest or error.msg.startswith("Unterminated"):
            raise DecodeError("unexpected end of JSON input") from None
        why = _GO_SYNTAX.get(error.msg.split(": ")[0], "looking for beginning of value")
        raise DecodeError(f"invalid character {_quoted(rest[0])} {why}") from None
    except RecursionError:
        raise DecodeError("exceeded max depth") from None


def _quoted(character: str) -> str:
    """As Go's ``%q`` writes a character."""
    if character == "'":
        return r"'\''"
    return f"'{json.dumps(character, ensure_ascii=False)[1:-1]}'" if character != '"' else "'\"'"


def duplicates(value: Any, path: str = "") -> Iterator[str]:
    """``duplicate field "spec.replicas"`` for each name that occurs twice anywhere in a parsed value."""
    if isinstance(value, dict):
        for name in value.names if isinstance(value, Repeated) else ():
            yield f'duplicate field "{path}.{name}"' if path else f'duplicate field "{name}"'
        for name, item in value.items():
            yield from duplicates(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from duplicates(item, f"{path}[{index}]")
