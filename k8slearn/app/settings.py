"""Settings come from the environment, as a container's do; a wrong one ends the program with a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from .host import Host


class WrongSetting(Exception):
    """``str()`` says which setting, what it is, and what it may be."""


def number(host: Host, name: str, default: float) -> float:
    """A number of seconds, bytes or requests: 0 or more. Raises WrongSetting."""
    given = host.env.get(name, "")
    try:
        value = float(given) if given else default
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise WrongSetting(f"{name} is {given!r}; it takes a number, 0 or more, such as {default:g}")
    return value


def choice(host: Host, name: str, choices: Sequence[str]) -> str:
    """One of ``choices``; the first is the default. Raises WrongSetting."""
    given = host.env.get(name, "") or choices[0]
    if given not in choices:
        raise WrongSetting(f"{name} is {given!r}; it takes one of {', '.join(choices)}")
    return given


def port(host: Host) -> int:
    """``PORT``, 8080 unless told otherwise. Raises WrongSetting."""
    value = number(host, "PORT", 8080)
    if value != int(value) or not 1 <= value <= 65535:
        raise WrongSetting(f"PORT is {host.env['PORT']!r}; it takes a port between 1 and 65535")
    return int(value)
