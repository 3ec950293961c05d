"""Settings come from the environment, as a container's do; a wrong one ends the program with a sentence.

Some may be in a file instead, which ``NAME_FILE`` names: they are read anew each time, so that a change of the
file (a volume made from a ConfigMap or a Secret) is a change of the setting.
"""

from __future__ import annotations

from collections.abc import Sequence

from .host import Host


class WrongSetting(Exception):
    """``str()`` says which setting, what it is, and what it may be."""


def setting(host: Host, name: str, default: str = "") -> str:
    """What the file says that ``NAME_FILE`` names, to the letter, else the variable. Raises WrongSetting."""
    path = host.env.get(f"{name}_FILE", "")
    if not path:
        return host.env.get(name, default)
    try:
        return host.read(path).decode(errors="replace")
    except OSError as error:
        raise WrongSetting(f"{name}_FILE is {path!r}: {error.strerror or error}") from None


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
