"""Shows what a command waits for: one line that changes on a terminal, a line for each new thing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from k8slearn.engines.engine import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status


@contextmanager
def shown() -> Iterator[Progress]:
    """On stderr, so that what a command prints on stdout stays for scripts."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("") as status:
        yield _Changing(console, status)


def wait(seconds: float, text: str) -> None:
    """Sleep, with a bar that shows how far; whoever interrupts it has waited long enough."""
    from rich.progress import track

    steps = max(1, round(seconds * 4))
    with suppress(KeyboardInterrupt):
        for _ in track(range(steps), description=text):
            time.sleep(seconds / steps)


class _Lines:
    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._last = ""

    def say(self, text: str) -> None:
        if text != self._last:
            print(f"[{time.monotonic() - self._begun:4.0f} s] {text}", file=sys.stderr, flush=True)
            self._last = text

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class _Changing:
    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status

    def say(self, text: str) -> None:
        from rich.markup import escape

        self._status.update(escape(text))

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)
