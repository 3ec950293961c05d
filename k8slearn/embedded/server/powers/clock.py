"""``GET /k8slearn/v1/clock`` tells the time; ``POST`` with ``{"do": "advance", "seconds": 300}`` moves it. ``do``
is one of pause, resume, step, settle, advance (seconds), speed (factor). A step goes to the next moment at which
something happens; its answer has ``passed`` (virtual seconds) and what happened in sentences: ``told``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.embedded.clock import Clock
    from k8slearn.embedded.server.pacemaker import Pacemaker

LONGEST_ADVANCE = 400 * 86400.0
"""Virtual seconds that one request may move the clock."""


def move(order: dict[str, Any], clock: Clock, pacemaker: Pacemaker) -> bool:
    """Carry out one order. False when settling found no rest. Raises ClusterError for what is no order."""
    try:
        match order["do"]:
            case "pause":
                pacemaker.pause()
            case "resume":
                pacemaker.resume()
            case "step":
                clock.step()
                clock.run_until(clock.now)  # what falls into the same moment belongs to it
            case "settle":
                return clock.settle()
            case "advance":
                seconds = number(order.get("seconds"), "The clock's seconds")
                if not 0 <= seconds <= LONGEST_ADVANCE:
                    raise ClusterError(
                        f"The clock's advance takes 0 to {LONGEST_ADVANCE:.0f} seconds, not {seconds}"
                    )
                clock.advance(seconds)
            case "speed":
                factor = number(order.get("factor"), "The clock's factor")
                if not 0 < factor <= 10_000:
                    raise ClusterError(
                        f"The clock's speed takes a factor above 0 and up to 10000, not {factor}"
                    )
                pacemaker.set_speed(factor)
            case other:
                raise ClusterError(
                    f"The clock knows no {other}, only pause, resume, step, settle, advance, speed"
                )
        return True
    finally:
        pacemaker.jumped()


def number(given: Any, name: str) -> float:
    """Raises ClusterError for what is no number."""
    try:
        return float(given)
    except (TypeError, ValueError):
        raise ClusterError(f"{name} must be a number, not {given!r}") from None


def show(clock: Clock, pacemaker: Pacemaker, settled: bool) -> dict[str, Any]:
    return {
        "now": clock.timestamp(),
        "paused": pacemaker.paused,
        "speed": pacemaker.speed,
        "pending": clock.pending,
        "settled": settled,
    }
