"""Waiting longer after each failure, as client-go's ``util/flowcontrol.Backoff``, with the kubelet's numbers.

A container that ends for the first time is started again at once; then it waits 10, 20, 40 … 300 seconds from
its end. One that ran for ten minutes begins anew.

    ends at t=0: started at once (the next wait is 10 s)
    ends at t=5: started at t=15 (the next is 20 s), ends at t=16: started at t=36 …
"""

from __future__ import annotations

from k8slearn.embedded.clock import Clock

INITIAL = 10.0
LONGEST = 300.0
FORGOTTEN = 2 * LONGEST
"""Seconds without a failure after which the waits begin anew."""


class BackOff:
    """Waits by key. ``event`` is the time of the failure: a container's end, or now for an image."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[float, float]] = {}

    def delay(self, key: str) -> float:
        """The whole wait that is in force, 0 before the first failure."""
        return self._entries.get(key, (0.0, 0.0))[0]

    def remaining(self, key: str, event: float) -> float:
        """Seconds that are left to wait after a failure at ``event``; 0 when there is nothing to wait for."""
        delay, updated = self._entries.get(key, (0.0, event))
        if event - updated > FORGOTTEN:
            return 0.0
        return max(0.0, event + delay - self._clock.now)

    def next(self, key: str, event: float) -> None:
        """Try again now; the wait after the next failure is twice as long."""
        delay, updated = self._entries.get(key, (0.0, event))
        if not delay or event - updated > FORGOTTEN:
            delay = INITIAL
        else:
            delay = min(2 * delay, LONGEST)
        self._entries[key] = delay, self._clock.now
