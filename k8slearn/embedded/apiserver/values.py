"""Single values: strings, numbers, bytes, and the types that have a JSON form of their own.

Each reader gives the value as the API server would write it back, or says what is wrong with it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from k8slearn.embedded.apiserver.decoding import DecodeError, Decoding, Path, Reader, go_kind, type_error
from k8slearn.kube import quantity


def _string(go: str) -> Reader:
    def read(state: Decoding, value: Any, path: Path) -> str:
        if type(value) is str:
            return value
        wrong = f"cannot convert int64 to {go}" if type(value) is int else "unrecognized type: string"
        state.mismatch(value, go, path, wrong)
        return ""

    return read


def _integer(bits: int) -> Callable[[str], Reader]:
    largest = 2 ** (bits - 1) - 1

    def make(go: str) -> Reader:
        def read(state: Decoding, value: Any, path: Path) -> int:
            if type(value) is int and -largest - 1 <= value <= largest:
                return value
            convertible = isinstance(value, float | int) and not isinstance(value, bool)
            wrong = (
                f"cannot convert {go_kind(value)} to {go}" if convertible else f"unrecognized type: int{bits}"
            )
            state.mismatch(value, go, path, wrong)
            return 0

        return read

    return make


def _boolean(go: str) -> Reader:
    def read(state: Decoding, value: Any, path: Path) -> bool:
        if type(value) is not bool:
            state.mismatch(value, go, path, "unrecognized type: bool")
        return value is True

    return read


def _float(go: str) -> Reader:
    def read(state: Decoding, value: Any, path: Path) -> float:
        if type(value) is int or type(value) is float:
            return value
        state.mismatch(value, go, path, "unrecognized type: float64")
        return 0

    return read


def _bytes(go: str) -> Reader:
    """Base64, as it is kept; Go's decoder names the first byte that is wrong."""

    def read(state: Decoding, value: Any, path: Path) -> str:
        if type(value) is not str:
            state.mismatch(value, "[]uint8", path, f"cannot restore slice from {go_kind(value)}")
            return ""
        if not _GOOD_BASE64.fullmatch(value) and (at := _illegal_base64(value)) is not None:
            sentence = f"illegal base64 data at input byte {at}"
            state.first = state.first or DecodeError(sentence, f"error decoding from json: {sentence}")
            return ""
        # Line breaks and stray bits in the last character are not kept.
        return (
            base64.b64encode(base64.b64decode(value)).decode() if value[-1:] in ("=", "\n", "\r") else value
        )

    return read


_GOOD_BASE64 = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _illegal_base64(text: str) -> int | None:
    """Where Go's ``base64.StdEncoding`` gives up; None when the text is good but for line breaks."""
    filled = at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character in "\r\n":
            continue
        if character in _BASE64:
            filled = (filled + 1) % 4
            continue
        if character != "=" or filled < 2:
            return at - 1
        at = _skip_breaks(text, at)
        if filled == 2:
            # Two characters want two signs of padding.
            if at == len(text):
                return at
            if text[at] != "=":
                return at - 1
            at = _skip_breaks(text, at + 1)
        return at if at < len(text) else None
    return at - filled if filled else None


def _skip_breaks(text: str, at: int) -> int:
    while text[at : at + 1] in ("\r", "\n"):
        at += 1
    return at


SCALARS: dict[str, Callable[[str], Reader]] = {
    "string": _string,
    "int32": _integer(32),
    "int64": _integer(64),
    "bool": _boolean,
    "float64": _float,
    "bytes": _bytes,
}


def _quantity(state: Decoding, value: Any, path: Path) -> str:
    text = value if type(value) is str else json.dumps(value)
    try:
        return quantity.canonical(text)
    except quantity.QuantityError as error:
        raise DecodeError(str(error)) from None


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)")


def _timestamp(layout: str, digits: int) -> Reader:
    """RFC 3339, written in UTC with so many ``digits`` after the seconds' point."""

    def read(state: Decoding, value: Any, path: Path) -> str:
        if type(value) is not str:
            raise type_error(value, "string", path)
        if not _TIME.fullmatch(value):
            raise DecodeError(_unreadable_time(value, layout))
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise DecodeError(
                f"parsing time {json.dumps(value)}: {_out_of_range(value)} out of range"
            ) from None
        fraction = f".{moment.microsecond:06d}" if digits else ""
        return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z".rjust(20, "0")

    return read


def _out_of_range(value: str) -> str:
    """The part that is, in the order in which Go looks at them."""
    limits = {"month": (5, 12), "hour": (11, 23), "minute": (14, 59), "second": (17, 59)}
    for part, (at, largest) in limits.items():
        number = int(value[at : at + 2])
        if number > largest or (part == "month" and number == 0):
            return part
    return "day"


_LAYOUT_PARTS = re.compile(r"2006|01|02|15|04|05(?:\.000000)?|Z07:00|[-T:]")
_TIME_PARTS = {
    "2006": r"\d{4}",
    "01": r"\d\d",
    "02": r"\d\d",
    "15": r"\d\d?",
    "04": r"\d\d",
    "Z07:00": r"Z|[+-]\d\d:\d\d",
}


def _unreadable_time(value: str, layout: str) -> str:
    """Go's sentence: it names the part of the layout at which reading stopped, and what stood there."""
    rest = value
    for part in map(str, _LAYOUT_PARTS.findall(layout)):
        pattern: str = r"\d\d([.,]\d+)?" if part.startswith("05") else _TIME_PARTS.get(part, part)
        match = re.match(pattern, rest)
        if match is None:
            name = part.partition(".")[0]
            return (
                f"parsing time {json.dumps(value)} as {json.dumps(layout)}: "
                f"cannot parse {json.dumps(rest)} as {json.dumps(name)}"
            )
        rest = rest[match.end() :]
    return f"parsing time {json.dumps(value)}: extra text: {json.dumps(rest)}"


def _int_or_string(state: Decoding, value: Any, path: Path) -> int | str:
    if type(value) is str or (type(value) is int and -(2**31) <= value < 2**31):
        return value
    raise type_error(value, "int32", path)


def _duration(state: Decoding, value: Any, path: Path) -> str:
    if type(value) is str:
        return value
    raise type_error(value, "string", path)


def _raw(state: Decoding, value: Any, path: Path) -> Any:
    return value


OWN_FORMS: dict[str, Reader] = {
    "quantity": _quantity,
    "time": _timestamp("2006-01-02T15:04:05Z07:00", 0),
    "microtime": _timestamp("2006-01-02T15:04:05.000000Z07:00", 6),
    "duration": _duration,
    "intorstring": _int_or_string,
    "raw": _raw,
}
