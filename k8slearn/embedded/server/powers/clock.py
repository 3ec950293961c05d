"""``GET /k8slearn/v1/clock`` tells the time; ``POST`` with ``{"do": "advance", "seconds": 300}`` moves it. ``do``
is one of pause, resume, step, settle, advance (seconds), speed (factor). A step goes to the next moment at which
something happens; its answer has ``passed`` (virtual seconds) and what happened in sentences: ``told``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slearn.embedded.clock import Clock
    from k8slearn.embedded.server.pacemaker import Pacemaker

LONGEST_ADVANCE = 400 * 86400.0
"""Virtual seconds that one request may move the clock."""


def move(order: dict[str, Any], clock: Clock, pacemaker: Pacemaker) -> bool:
    """Carry out one order. False when settling found no rest. Raises ValueError, KeyError, TypeError."""
    settled = True
    match order["do"]:
        case "pause":
            pacemaker.pause()
        case "resume":
            pacemaker.resume()
        case "step":
            clock.step()
            clock.run_until(clock.now)  # what falls into the same moment belongs to it
        case "settle":
            settled = clock.settle()
        case "advance":
            seconds = float(order["seconds"])
            if not 0 <= seconds <= LONGEST_ADVANCE:
                raise ValueError(f"advance takes 0 to {LONGEST_ADVANCE:.0f} seconds, not {seconds}")
            clock.advance(seconds)
        case "speed":
            factor = float(order["factor"])
            if not 0 < factor <= 10_000:
                raise ValueError(f"speed takes a factor above 0 and up to 10000, not {factor}")
            pacemaker.set_speed(factor)
        case other:
            raise ValueError(f"{other!r} is none of pause, resume, step, settle, advance, speed")
    pacemaker.jumped()
    return settled


def show(clock: Clock, pacemaker: Pacemaker, settled: bool) -> dict[str, Any]:
    return {
        "now": clock.timestamp(),
        "paused": pacemaker.paused,
        "speed": pacemaker.speed,
        "pending": clock.pending,
        "settled": settled,
    }
