"""How things are timed: median wall seconds of a few runs; and what a result is."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

import psutil


class Unit(NamedTuple):
    """How a number is printed: multiplied by ``scale``, with ``decimals``."""

    name: str
    scale: float = 1.0
    decimals: int = 0

    def text(self, value: float, more: int = 0) -> str:
        return f"{value * self.scale:,.{self.decimals + more}f} {self.name}"


MILLISECONDS = Unit("ms", 1000)
MICROSECONDS = Unit("µs", 1_000_000)
KILOBYTES = Unit("kB", 1 / 1000, 1)
PERCENT = Unit("% of a core", 100, 2)


class Result(NamedTuple):
    """``floor`` names what ``floor_measured`` was measured of, in the same run and unit. Less is better.

    The values are seconds (bytes, parts of one) whatever ``unit`` they are printed in.
    """

    what: str
    measured: float
    goal: float
    floor: str
    floor_measured: float
    unit: Unit = MILLISECONDS


def median(action: Callable[[], object], runs: int = 5) -> float:
    """The median seconds of ``runs`` calls."""
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def command(*words: str, env: dict[str, str] | None = None) -> Callable[[], object]:
    """A command that must succeed."""
    return lambda: subprocess.run(words, check=True, capture_output=True, env=env)


def resident() -> float:
    """The memory of this process at this moment, in bytes."""
    return psutil.Process().memory_info().rss
