"""How virtual time follows the wall clock, and what clients see of it.

The cluster's time runs beside the wall clock (``speed`` 1), faster, or not at all (paused). Whatever it does,
no client may ever see a timestamp that lies ahead of its own clock: kubectl prints ``<invalid>`` for such an
age. So every timestamp is shifted on its way out by a whole number of seconds, and back on its way in.

    Advance the cluster by five minutes at 12:00. A pod made then carries 12:05 inside, and 12:00 for clients;
    one made before at 11:59 carries 11:59 inside and 11:54 for clients: six minutes old, as it should be.

What a client sees is thus always its own clock's time less the object's age in the cluster. While the cluster
stands still, ages do too, so that the timestamps follow the wall clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from k8slearn.embedded.clock import Clock, parse_timestamp, timestamp

_TIMESTAMP = re.compile(
    rb'("(?:[a-z][A-Za-z]*(?:Time|Timestamp)|startedAt|finishedAt|time|timestamp'
    rb'|batch\.kubernetes\.io/cronjob-scheduled-timestamp|endpoints\.kubernetes\.io/last-change-trigger-time)":")'
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?Z\")"
)
"""Fields that hold a time in the API's types, and the annotations in which the cluster itself writes one. Other
annotations have a slash or a dot in their names, and a JSON text inside a string has its quotes escaped: neither
matches, so what a user wrote stays as it is."""

_LINE_TIMESTAMP = re.compile(rb"(?m)^()(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+Z )")
"""How a line of ``kubectl logs --timestamps`` begins."""

_SLACK = 2.0
"""Seconds by which what clients see may lag: a shift that changed at every look would make timestamps flicker."""


class Pacemaker:
    """``wall`` tells the wall clock's seconds since 1970; tests give their own."""

    def __init__(self, clock: Clock, wall: Callable[[], float], *, paused: bool = False) -> None:
        self._clock = clock
        self._wall = wall
        self.speed = 1.0
        self.paused = paused
        self.shift = 0
        self._anchor()

    def _anchor(self) -> None:
        """Count from here: after a change of speed, a pause or a jump."""
        self._since = (self._wall(), self._clock.now)
        self.shift = math.ceil(self._clock.now - self._wall())

    # -- time goes on ---------------------------------------------------------------------------

    def due(self) -> float:
        """The virtual time that it should be by now."""
        if self.paused:
            return self._clock.now
        wall, virtual = self._since
        return max(self._clock.now, virtual + (self._wall() - wall) * self.speed)

    def delay(self) -> float | None:
        """Wall seconds until something happens in the cluster; None when nothing will."""
        event = self._clock.next_event()
        if event is None or self.paused:
            return None
        return max(0.0, (event - self.due()) / self.speed)

    def catch_up(self, at_most: int) -> bool:
        """Make the calls that are due, ``at_most`` of them. True when none is left over."""
        due = self.due()
        for _ in range(at_most):
            event = self._clock.next_event()
            if event is None or event > due:
                self._clock.run_until(due)
                ahead = self._clock.now - self._wall()
                if ahead < self.shift - _SLACK:  # the cluster is slower than the wall clock
                    self.shift = math.ceil(ahead)
                self._keep_out_of_the_future()
                return True
            self._clock.step()
        self._keep_out_of_the_future()
        return False

    def _keep_out_of_the_future(self) -> None:
        ahead = self._clock.now - self._wall()
        if ahead > self.shift:
            self.shift = math.ceil(ahead)

    # -- the powers -----------------------------------------------------------------------------

    def pause(self) -> None:
        self.paused = True
        self._anchor()

    def resume(self) -> None:
        self.paused = False
        self._anchor()

    def set_speed(self, speed: float) -> None:
        """``speed`` virtual seconds a wall second; more than 0."""
        self.speed = speed
        self._anchor()

    def jumped(self) -> None:
        """The clock was moved by hand (step, settle, advance): go on from there."""
        self._anchor()

    # -- what clients see -----------------------------------------------------------------------

    def outward(self, body: bytes) -> bytes:
        """A body for a client: its timestamps moved to the client's time."""
        return _shifted(body, -self.shift) if self.shift else body

    def inward(self, body: bytes) -> bytes:
        """A body from a client: its timestamps moved to the cluster's time."""
        return _shifted(body, self.shift) if self.shift else body

    def outward_lines(self, lines: bytes) -> bytes:
        """Log lines that begin with a timestamp, for a client."""
        return _shifted(lines, -self.shift, _LINE_TIMESTAMP) if self.shift else lines

    def inward_moment(self, text: str) -> str:
        """A timestamp from a client, such as ``?sinceTime=``; what is none stays as it is."""
        try:
            return timestamp(parse_timestamp(text) + self.shift)
        except ValueError:
            return text


def _shifted(body: bytes, seconds: int, pattern: re.Pattern[bytes] = _TIMESTAMP) -> bytes:
    """
    >>> _shifted(b'{"startTime":"2026-01-01T00:05:00Z"}', -300)
    b'{"startTime":"2026-01-01T00:00:00Z"}'
    """
    by = timedelta(seconds=seconds)
    seen: dict[bytes, bytes] = {}

    def move(match: re.Match[bytes]) -> bytes:
        name, when, rest = match.groups()
        if when not in seen:
            seen[when] = (datetime.fromisoformat(when.decode()) + by).isoformat().encode()
        return name + seen[when] + rest

    return pattern.sub(move, body)
