"""Spans of time as people and as Go write them.

Upstream: apimachinery ``util/duration``, Go's ``time.ParseDuration``.
"""

from __future__ import annotations

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def human_duration(seconds: float) -> str:
    """An age as ``kubectl get`` prints it: fewer digits the older something is.

    >>> [human_duration(s) for s in (5, 119, 130, 3600, 10800, 90000, 900000)]
    ['5s', '119s', '2m10s', '60m', '3h', '25h', '10d']
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return _two(minutes, "m", rest, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    if hours < 8:
        return _two(hours, "h", rest, "m")
    if hours < 48:
        return f"{hours}h"
    days, rest = divmod(hours, 24)
    if days < 8:
        return _two(days, "d", rest, "h")
    if days < 2 * 365:
        return f"{days}d"
    years, rest = divmod(days, 365)
    return _two(years, "y", rest, "d") if years < 8 else f"{years}y"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"


def parse_duration(text: str) -> float:
    """The seconds of a Go duration: ``5m``, ``1h30m``, ``250ms``, ``-1.5s``, ``0``.

    Raises ValueError, in Go's words, when ``text`` is none.
    """
    body = text.lstrip("+-") if text[:1] in ("+", "-") else text
    sign = -1.0 if text.startswith("-") else 1.0
    if body == "0":
        return 0.0
    total, position = 0.0, 0
    while match := _PART.match(body, position):
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if not position or position < len(body):
        missing = re.fullmatch(r"[\d.]*\d[\d.]*", body[position:])
        why = "missing unit in duration" if missing else "invalid duration"
        raise ValueError(f'time: {why} "{text}"')
    return sign * total
