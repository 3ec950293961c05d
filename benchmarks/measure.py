"""How things are timed: median wall seconds of a few runs."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple


class Result(NamedTuple):
    """``floor`` names what ``floor_seconds`` were measured of, in the same run."""

    what: str
    seconds: float
    goal: float
    floor: str
    floor_seconds: float


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
