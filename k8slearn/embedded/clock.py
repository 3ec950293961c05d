"""Virtual time, the event queue and seeded chance: the only source of both below ``server/``.

The embedded cluster is a discrete-event simulation. Whoever wants something to happen later asks the
clock to call it; the clock calls in order of time, and time jumps from one call to the next. Nothing
sleeps. Two clusters with the same seed that see the same requests at the same virtual times make the
same calls in the same order, so they end up equal byte for byte.

Timers come in two sorts:

* *pending* work moves the cluster towards what was asked for: a queued reconcile, a container that
  starts, a grace period. ``settle`` runs until none is left.
* *background* work goes on for ever: lease renewals, a program's ``sleep``, the wait before a crashed
  container starts again. It runs when time passes, but ``settle`` does not wait for it.

    >>> clock = Clock()
    >>> timer = clock.call_later(2.5, lambda: print("at", clock.timestamp()))
    >>> clock.settle()
    at 2026-01-01T00:00:02Z
    True
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""When virtual time begins unless told otherwise: fixed, so that equal seeds give equal clusters."""

SETTLE_LIMIT = 600.0
"""Virtual seconds after which ``settle`` gives up: longer than any start, rollout or grace period."""


class Timer:
    """One call that will happen. ``cancel()`` is allowed at any time, also after it has happened."""

    __slots__ = ("action", "background", "clock", "sequence", "when")

    def __init__(
        self, clock: Clock, when: float, sequence: int, action: Callable[[], None], background: bool
    ) -> None:
        self.clock = clock
        self.when = when
        self.sequence = sequence
        self.action: Callable[[], None] | None = action
        self.background = background

    def __lt__(self, other: Timer) -> bool:
        return (self.when, self.sequence) < (other.when, other.sequence)

    @property
    def active(self) -> bool:
        return self.action is not None

    def cancel(self) -> None:
        if self.action is not None:
            self.move_to_background()
            self.action = None

    def move_to_background(self) -> None:
        """It will happen all the same, but settling need not wait for it any more."""
        if self.action is not None and not self.background:
            self.background = True
            self.clock._pending -= 1


class Clock:
    """Virtual time in seconds since 1970 (UTC), and everything that is going to happen.

    ``random`` is the simulation's only source of chance. Names, jitter and choices come from it.
    """

    def __init__(self, seed: int = 0, start: float = START) -> None:
        self._now = start
        self.random = random.Random(seed)
        self._queue: list[Timer] = []
        self._sequence = 0
        self._pending = 0
        self._last_stamp = 0

    @property
    def now(self) -> float:
        return self._now

    def reseed(self, seed: int | str) -> None:
        """Begin another sequence of chance: for a cluster that goes on where a journal ends."""
        self.random.seed(seed)

    # -- asking for calls ---------------------------------------------------------------------

    def call_later(self, delay: float, action: Callable[[], None], *, background: bool = False) -> Timer:
        """Call ``action`` after ``delay`` virtual seconds (0: after what is due now)."""
        return self.call_at(self.now + max(delay, 0.0), action, background=background)

    def call_at(self, when: float, action: Callable[[], None], *, background: bool = False) -> Timer:
        """Call ``action`` at the virtual time ``when``; a time that has passed means now."""
        self._sequence += 1
        timer = Timer(self, max(when, self.now), self._sequence, action, background)
        heapq.heappush(self._queue, timer)
        if not background:
            self._pending += 1
        return timer

    # -- letting time pass --------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How many timers ``settle`` would wait for."""
        return self._pending

    def next_event(self) -> float | None:
        """When the next call is due, or None when nothing will ever happen."""
        while self._queue and not self._queue[0].active:
            heapq.heappop(self._queue)
        return self._queue[0].when if self._queue else None

    def step(self) -> bool:
        """Jump to the next call and make it. False when there is none."""
        if self.next_event() is None:
            return False
        timer = heapq.heappop(self._queue)
        action = timer.action
        assert action is not None
        timer.cancel()
        self._now = timer.when
        action()
        return True

    def run_until(self, when: float) -> None:
        """Make every call that is due up to and including ``when``; it is ``when`` afterwards."""
        while (due := self.next_event()) is not None and due <= when:
            self.step()
        self._now = max(self._now, when)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass."""
        self.run_until(self.now + seconds)

    def settle(self, limit: float = SETTLE_LIMIT) -> bool:
        """Run until no pending work is left. False when ``limit`` virtual seconds were not enough."""
        deadline = self.now + limit
        while self._pending:
            due = self.next_event()
            if due is None or due > deadline:
                return False
            self.step()
        return True

    # -- telling the time ---------------------------------------------------------------------

    def timestamp(self) -> str:
        """Now as Kubernetes' ``metav1.Time``: ``2026-01-01T00:00:00Z``."""
        return timestamp(self.now)

    def micro_timestamp(self) -> str:
        """Now as Kubernetes' ``metav1.MicroTime``: ``2026-01-01T00:00:00.000000Z``."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def stamp(self) -> int:
        """Now in nanoseconds since 1970, and always later than the stamp before: names made of it are unique
        and sort in the order in which they were made."""
        self._last_stamp = max(int(self.now * 1_000_000) * 1000, self._last_stamp + 1)
        return self._last_stamp


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as ``metav1.Time``, which has whole seconds."""
    return _timestamp(int(seconds))


@lru_cache(maxsize=64)
def _timestamp(second: int) -> str:
    """Written once for all that happens within a second: sixteen times for a pod until it runs."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> float:
    """The seconds since 1970 of a ``metav1.Time`` or ``metav1.MicroTime``.

    Raises ValueError when ``text`` is neither.
    """
    return datetime.fromisoformat(text).timestamp()
