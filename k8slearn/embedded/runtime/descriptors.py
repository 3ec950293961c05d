"""Open files: what the numbers 0, 1, 2 … of a process stand for. One object may stand behind several numbers
of several processes (``refs``); it closes with the last of them, which is how a pipe's reader learns the end.

Reading gives None when there is nothing *yet*, writing gives False when there is no room *yet*; then
``when_readable`` and ``when_writable`` are what a process waits on (see ``process.Suspension``).
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from k8slearn.embedded.runtime.files import RegularFile, os_error

Wake = Callable[..., None]

PIPE_CAPACITY = 65536


class Descriptor:
    """Base of all: can neither be read nor written."""

    tty = False

    def __init__(self) -> None:
        self.refs = 0

    def read(self, size: int) -> bytes | None:
        """Up to ``size`` bytes, b"" at the end, None when one must wait. Raises EBADF."""
        raise os_error(errno.EBADF)

    def write(self, data: bytes) -> bool:
        """Take all of ``data``; False when one must wait. Raises EBADF, EPIPE."""
        raise os_error(errno.EBADF)

    def when_readable(self, wake: Wake) -> Callable[[], None]:
        wake()
        return lambda: None

    def when_writable(self, wake: Wake) -> Callable[[], None]:
        wake()
        return lambda: None

    def retain(self) -> Descriptor:
        self.refs += 1
        return self

    def release(self) -> None:
        self.refs -= 1
        if self.refs == 0:
            self.close()

    def close(self) -> None:
        """The last user is gone."""


class Null(Descriptor):
    """``/dev/null``, and the standard input of a container without ``stdin: true``."""

    def read(self, size: int) -> bytes:
        return b""

    def write(self, data: bytes) -> bool:
        return True


class Zeros(Null):
    """``/dev/zero``, and ``/dev/urandom`` (whose randomness no lesson needs) with other ``content``."""

    def __init__(self, content: Callable[[int], bytes] = bytes) -> None:
        super().__init__()
        self.content = content

    def read(self, size: int) -> bytes:
        return self.content(size)


class OpenFile(Descriptor):
    """A regular file, at a position. ``touch`` notes the time of a change."""

    def __init__(
        self,
        node: RegularFile,
        *,
        readable: bool = False,
        writable: bool = False,
        append: bool = False,
        touch: Callable[[RegularFile], None] = lambda node: None,
    ) -> None:
        super().__init__()
        self.node = node
        self.readable = readable
        self.writable = writable
        self.append = append
        self.position = 0
        self.touch = touch

    def read(self, size: int) -> bytes:
        if not self.readable:
            raise os_error(errno.EBADF)
        data = self.node.content[self.position : self.position + size]
        self.position += len(data)
        return data

    def write(self, data: bytes) -> bool:
        if not self.writable:
            raise os_error(errno.EBADF)
        content = self.node.content
        if self.append:
            self.position = len(content)
        before = content[: self.position].ljust(self.position, b"\0")
        self.position += len(data)
        self.node.content = before + data + content[self.position :]
        self.touch(self.node)
        return True


class Pipe:
    """``reader`` and ``writer`` are its two ends."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.read_waiters: dict[Wake, None] = {}
        self.write_waiters: dict[Wake, None] = {}
        self.reader = PipeReader(self)
        self.writer = PipeWriter(self)


class PipeReader(Descriptor):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self.pipe = pipe
        self.closed = False

    def read(self, size: int) -> bytes | None:
        buffer = self.pipe.buffer
        if buffer:
            data = bytes(buffer[:size])
            del buffer[:size]
            wake_all(self.pipe.write_waiters)
            return data
        return b"" if self.pipe.writer.closed else None

    def when_readable(self, wake: Wake) -> Callable[[], None]:
        self.pipe.read_waiters[wake] = None
        return lambda: self.pipe.read_waiters.pop(wake, None)

    def close(self) -> None:
        self.closed = True
        wake_all(self.pipe.write_waiters)


class PipeWriter(Descriptor):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self.pipe = pipe
        self.closed = False

    def write(self, data: bytes) -> bool:
        """Raises EPIPE when nobody can read it any more."""
        if self.pipe.reader.closed:
            raise os_error(errno.EPIPE)
        if len(self.pipe.buffer) >= PIPE_CAPACITY:
            return False
        self.feed(data)
        return True

    def feed(self, data: bytes) -> None:
        """``write`` for one who cannot wait, such as a client's input to ``exec``."""
        self.pipe.buffer += data
        wake_all(self.pipe.read_waiters)

    def when_writable(self, wake: Wake) -> Callable[[], None]:
        self.pipe.write_waiters[wake] = None
        return lambda: self.pipe.write_waiters.pop(wake, None)

    def close(self) -> None:
        self.closed = True
        wake_all(self.pipe.read_waiters)


def wake_all(waiters: dict[Wake, None]) -> None:
    """In the order in which they came: a dict, unlike a set, keeps it, and so does the simulation."""
    waiting = list(waiters)
    waiters.clear()
    for wake in waiting:
        wake()
