"""A container's log as containerd writes it: what PID 1 and its children print, line by line, with times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

MAX_BYTES, MAX_FILES = 10 * 1024 * 1024, 5
"""The kubelet's containerLogMaxSize and containerLogMaxFiles. A file that is full is put away and a new one begun,
and only what is in the new one can be read: ``kubectl logs`` of a program that has just printed 10Mi is short."""


class LogLine(NamedTuple):
    time: float
    """Virtual seconds since 1970."""
    stream: str
    """stdout or stderr."""
    text: bytes
    """With its line feed, but for a last line that had none."""


class Log:
    """The lines so far, oldest first (``lines``), and whoever follows them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.lines: deque[LogLine] = deque()
        self.closed = False
        self._file_size = 0
        self._old_files: deque[int] = deque(maxlen=MAX_FILES - 1)
        self._now = now
        self._partial = {"stdout": b"", "stderr": b""}
        self._followers: list[tuple[Callable[[LogLine], None], Callable[[], None]]] = []

    @property
    def size(self) -> int:
        """Bytes that its files take."""
        return sum(self._old_files) + self._file_size

    def write(self, stream: str, data: bytes) -> None:
        """Take what a program printed. A line shows in the log once its line feed has come."""
        *whole, rest = (self._partial[stream] + data).split(b"\n")
        self._partial[stream] = rest
        for line in whole:
            self._add(stream, line + b"\n")

    def close(self) -> None:
        """The container has ended: unfinished lines are written, followers are told the end."""
        for stream, rest in self._partial.items():
            if rest:
                self._add(stream, rest)
        self.closed = True
        followers, self._followers = self._followers, []
        for _, on_end in followers:
            on_end()

    def follow(
        self,
        on_line: Callable[[LogLine], None],
        on_end: Callable[[], None] = lambda: None,
    ) -> Callable[[], None]:
        """Be told of every new line, and of the end of the container. Call what is returned to stop."""
        if self.closed:
            on_end()
            return lambda: None
        follower = (on_line, on_end)
        self._followers.append(follower)
        return lambda: self._followers.remove(follower) if follower in self._followers else None

    def _add(self, stream: str, text: bytes) -> None:
        if self._file_size > MAX_BYTES:
            self._old_files.append(self._file_size)
            self.lines.clear()
            self._file_size = 0
        line = LogLine(self._now(), stream, text)
        self.lines.append(line)
        self._file_size += len(text)
        for on_line, _ in list(self._followers):
            on_line(line)
