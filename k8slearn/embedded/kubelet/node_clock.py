"""Time on a machine that may stand still: a suspended virtual machine, a node that swaps itself to death.

    >>> clock = NodeClock(Clock())
    >>> clock.freeze(); timer = clock.call_later(5, lambda: print("rings"))

Nothing rings after five seconds. It rings when the machine goes on, as a timer that was due meanwhile does.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.clock import Clock, Timer


class NodeClock(Clock):
    """The time of ``clock``; what is called through this one waits while it is frozen.

    It is for asking for calls. Time itself passes by ``clock`` only.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.random = clock.random
        self._held: list[Timer] | None = None

    @property
    def now(self) -> float:
        return self._clock.now

    def stamp(self) -> int:
        return self._clock.stamp()

    def call_at(self, when: float, action: Callable[[], None], *, background: bool = False) -> Timer:
        timer = self._clock.call_at(when, lambda: self._due(timer, action), background=background)
        return timer

    @property
    def frozen(self) -> bool:
        return self._held is not None

    def freeze(self) -> None:
        if self._held is None:
            self._held = []

    def thaw(self) -> None:
        """Make the calls that were due meanwhile, in their order."""
        held, self._held = self._held or [], None
        for timer in held:
            action = timer.action
            if action is not None:  # not cancelled by one of those before it
                timer.cancel()
                action()

    def _due(self, timer: Timer, action: Callable[[], None]) -> None:
        if self._held is None:
            action()
            return
        # Still to come, and may be cancelled; but when is open, so settling cannot wait for it.
        timer.action, timer.background = action, True
        self._held.append(timer)
