"""Signals by name and number, as Linux on amd64 and arm64 has them (signal(7))."""

from __future__ import annotations

NUMBERS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "TRAP": 5,
    "ABRT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "WINCH": 28,
}

IGNORED_BY_DEFAULT = frozenset({"CHLD", "CONT", "URG", "WINCH"})

_NAMES = {number: name for name, number in NUMBERS.items()}


def signal_name(text: str) -> str | None:
    """``9``, ``KILL``, ``SIGKILL`` and ``kill`` are all KILL; None for what is no signal."""
    if text.isdigit():
        return _NAMES.get(int(text))
    name = text.upper().removeprefix("SIG")
    return name if name in NUMBERS else None


def status_of(signal: str) -> int:
    """The exit status of a process that ``signal`` ended: KILL gives 137."""
    return 128 + NUMBERS[signal]
