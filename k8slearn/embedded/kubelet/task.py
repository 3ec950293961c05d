"""Goroutines of the simulation: a generator that says what it waits for.

    def restart(container):
        container.stop(30)
        yield ended              # a Future: wait until somebody sets it
        yield 0.2                # seconds of virtual time
        container.start()

A ``Task`` runs such a generator by the clock, and is itself a Future of what the generator returns.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from k8slearn.embedded.clock import Clock, Timer

AWAITED = 60.0
"""Seconds that settling waits for something that may never come: a hook's end, an init container's, a probe's
success."""


class Future:
    """Something that will be known once. ``then`` calls back when it is, at once if it is already."""

    __slots__ = ("_callbacks", "done", "value")

    def __init__(self) -> None:
        self.done = False
        self.value: Any = None
        self._callbacks: list[Callable[[], None]] = []

    def set(self, value: Any = None) -> None:
        """Only the first value counts."""
        if self.done:
            return
        self.done, self.value = True, value
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def then(self, callback: Callable[[], None]) -> None:
        if self.done:
            callback()
        else:
            self._callbacks.append(callback)


Steps = Generator["float | Future", Any, Any]
"""What a task runs: it yields seconds or a Future, whose value it is sent."""


class Task(Future):
    """``steps`` at work. ``cancel`` ends it where it waits; a cancelled task is never done."""

    __slots__ = ("_clock", "_steps", "_timer", "cancelled")

    def __init__(self, clock: Clock, steps: Steps) -> None:
        super().__init__()
        self.cancelled = False
        self._clock = clock
        self._steps = steps
        self._timer: Timer | None = None
        self._resume(None)

    def cancel(self) -> None:
        self.cancelled = True
        if self._timer is not None:
            self._timer.cancel()
        self._steps.close()

    def _resume(self, value: Any) -> None:
        if self.cancelled:
            return
        self._timer = None
        try:
            wait = self._steps.send(value)
        except StopIteration as end:
            self.set(end.value)
            return
        if isinstance(wait, Future):
            wait.then(lambda: self._resume(wait.value))
        else:
            self._timer = self._clock.call_later(wait, lambda: self._resume(None))


def within(clock: Clock, future: Future, seconds: float) -> Future:
    """A Future that is True when ``future`` is known in ``seconds``, and False when it is not."""
    result = Future()
    timer = clock.call_later(seconds, lambda: result.set(False))

    def known() -> None:
        timer.cancel()
        result.set(True)

    future.then(known)
    return result


def awaited(clock: Clock, future: Future) -> Future:
    """``future``, for which settling waits, a minute at the most: the start of a pod depends on that program.

    What programs do is background work otherwise.
    """
    timer = clock.call_later(AWAITED, lambda: None)
    future.then(timer.cancel)
    return future
