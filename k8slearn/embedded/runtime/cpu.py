"""The CPU time of one container: what it uses, and how its limit slows it down.

A limit of 100m gives a container a tenth of a core. Linux lets it run for 10 ms and stops it for 90 (CFS
bandwidth control); here its work waits in line and is done at a tenth of the speed, which comes to the same over
any longer time: work of 20 ms takes 200. A simulated program has one thread, so no container uses more than a
core at a time.

Nothing happens by the clock here. Whoever samples asks what had been used at a moment in the past
(``used_at``), so a container that does nothing costs nothing.
"""

from __future__ import annotations

from k8slearn.embedded.clock import Clock

STEP = 0.00005
"""Seconds of CPU that a program's step (a command, a read, a write) takes: 1000 steps fill 50 ms."""

REQUEST = 0.0002
"""Seconds of CPU that a web server takes to answer with a file or a few words: 100 requests a second are 20m."""

SLICE = 0.05
"""Seconds of work that may wait in line before a program has to stop: it keeps the simulation answerable,
and makes a busy loop take time as it should."""

PATIENCE, COARSE = 1.0, 20
"""A program that has been busy for a second probably stays so: from then on its steps count for twenty, and
a loop that never ends costs the simulation a twentieth."""

KEPT = 45.0
"""Seconds of history: a metrics-server looks 15 to 30 s back."""

GRAIN = 3.0
"""Seconds from one note of the history to the next, at least; the real kubelet looks every ten."""


class Cpu:
    """``limit`` counts cores, None for none."""

    __slots__ = ("_busy_since", "_clock", "_free_at", "_history", "_speed", "_taken")

    def __init__(self, clock: Clock, limit: float | None) -> None:
        self._clock = clock
        self._speed = 1.0
        self.limit(limit)
        self._taken = 0.0
        self._free_at = self._busy_since = clock.now
        self._history: list[tuple[float, float]] = []
        """``(when, seconds used until then)``, where activity began and ended. A list, for most stay short."""

    def limit(self, limit: float | None) -> None:
        """Cores from now on, None for no limit; work that waits in line already is not sped up."""
        self._speed = min(limit or 1.0, 1.0)

    def charge(self, seconds: float) -> float:
        """Take ``seconds`` of CPU time. Returns how long it takes until that is done, by the clock."""
        now = self._clock.now
        if not self._history or now - self._history[-1][0] >= GRAIN:
            self._note(min(now, self._free_at))
            self._note(now)
        if self._free_at < now - 1e-6:
            self._free_at = self._busy_since = now
        self._taken += seconds
        self._free_at += seconds / self._speed
        return self._free_at - now

    def step(self) -> float:
        """Charge a program's step. Returns the seconds that it has to wait now, usually 0."""
        coarse = self._clock.now - self._busy_since > PATIENCE
        wait = self.charge(STEP * COARSE if coarse else STEP)
        return wait if wait >= SLICE else 0.0

    @property
    def used(self) -> float:
        """Seconds of CPU used so far: what was taken without what still waits in line."""
        return self._used(self._clock.now)

    def used_at(self, when: float) -> float:
        """``used`` as it was at ``when``, within the last half minute; between two notes it grew evenly."""
        end = min(self._clock.now, self._free_at)
        after = (end, self._used(end))
        if when >= end:
            return after[1]
        for note in reversed(self._history):
            if note[0] <= when:
                (t0, u0), (t1, u1) = note, after
                return u0 if t1 <= t0 else u0 + (u1 - u0) * (when - t0) / (t1 - t0)
            after = note
        return after[1]

    def _used(self, when: float) -> float:
        return max(self._taken - max(self._free_at - when, 0.0) * self._speed, 0.0)

    def _note(self, when: float) -> None:
        while self._history and self._history[0][0] < when - KEPT:
            del self._history[0]
        if not self._history or self._history[-1][0] < when:
            self._history.append((when, self._used(when)))
