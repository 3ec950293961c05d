"""A queue of keys, as in client-go's ``util/workqueue``.

What it promises: a key that is added twice before it is worked on is worked on once; a key that is added
while it is worked on is worked on again; a key whose work fails comes back later and later (5 ms, 10 ms, …
16 minutes at the most); and keys come out in the order in which they became due.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from k8slearn.embedded.clock import Clock, Timer

K = TypeVar("K", bound=Hashable)

LATENCY = 0.02
"""Seconds from a change to the reconcile that it causes. In reality this is the watch's way through the API
server; here it also lets changes of the same moment be worked on together."""

FIRST_RETRY = 0.005
LAST_RETRY = 1000.0


class WorkQueue(Generic[K]):
    """Calls ``work(key)`` for every key added, by the clock.

    ``cause`` gives the revision of the change because of which a key is being added, or 0; the work finds those
    of its key in ``because``.
    """

    def __init__(self, clock: Clock, work: Callable[[K], None], cause: Callable[[], int] = lambda: 0) -> None:
        self.because: tuple[int, ...] = ()
        self._clock = clock
        self._work = work
        self._cause = cause
        self._causes: dict[K, list[int]] = {}
        self._timers: dict[K, Timer] = {}
        self._failures: dict[K, int] = {}

    def add(self, key: K, after: float = LATENCY, *, background: bool = False) -> None:
        """Work on ``key`` in ``after`` seconds, or earlier when it is queued for earlier already.

        ``background`` for a look at something that may never come (a deadline): settling does not wait for it.
        """
        if cause := self._cause():
            self._causes.setdefault(key, []).append(cause)
        when = self._clock.now + after
        queued = self._timers.get(key)
        if queued is not None:
            if queued.when <= when and (background or not queued.background):
                return
            # Earlier, or no longer only background: take the queued place.
            queued.cancel()
            when = min(queued.when, when)
        self._timers[key] = self._clock.call_at(when, lambda: self._run(key), background=background)

    def retry(self, key: K) -> None:
        """Work on ``key`` again after a failure, waiting longer each time, and still because of the same."""
        if self.because:
            self._causes.setdefault(key, []).extend(self.because)
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add(key, min(FIRST_RETRY * 2**failures, LAST_RETRY), background=failures > 12)

    def forget(self, key: K) -> None:
        """``key`` succeeded: its next failure is the first again."""
        self._failures.pop(key, None)

    def _run(self, key: K) -> None:
        del self._timers[key]
        self.because = tuple(self._causes.pop(key, ()))
        try:
            self._work(key)
        finally:
            self.because = ()
