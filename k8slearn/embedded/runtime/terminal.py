"""A terminal as a program sees it: echo, line editing, ^C and ^D (termios' cooked mode)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from k8slearn.embedded.runtime.descriptors import Descriptor, Wake, wake_all

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.kernel import Kernel

INTERRUPT, END_OF_FILE, ERASE, KILL_LINE = 0x03, 0x04, (0x08, 0x7F), 0x15


class Terminal(Descriptor):
    """Stdin, stdout and stderr of an ``exec`` with a terminal. ``output`` gets what its screen shows.

    A line can be read once it is complete. ^C sends INT to the programs of the terminal.
    """

    tty = True

    def __init__(self, kernel: Kernel, output: Callable[[bytes], None]) -> None:
        super().__init__()
        self.kernel = kernel
        self.output = output
        self.hung_up = False
        self._line = bytearray()
        self._ready: list[bytes] = []
        """Complete lines; b"" is an end of file that was typed."""
        self._waiters: dict[Wake, None] = {}

    def read(self, size: int) -> bytes | None:
        if not self._ready:
            return b"" if self.hung_up else None
        line = self._ready.pop(0)
        if len(line) > size:
            self._ready.insert(0, line[size:])
        return line[:size]

    def write(self, data: bytes) -> bool:
        self.output(data.replace(b"\n", b"\r\n"))
        return True

    def when_readable(self, wake: Wake) -> Callable[[], None]:
        self._waiters[wake] = None
        return lambda: self._waiters.pop(wake, None)

    def type(self, data: bytes) -> None:
        """Keys that the user pressed."""
        for key in data:
            if key == INTERRUPT:
                self._interrupt()
            elif key == END_OF_FILE:
                self._submit(bytes(self._line))
            elif key in ERASE:
                if self._line:
                    self._line.pop()
                    self.output(b"\b \b")
            elif key == KILL_LINE:
                self.output(b"\b \b" * len(self._line))
                self._line.clear()
            elif key in b"\r\n":
                self.output(b"\r\n")
                self._submit(bytes(self._line) + b"\n")
            else:
                self._line.append(key)
                self.output(bytes([key]))

    def hang_up(self) -> None:
        """The user's side is gone."""
        self.hung_up = True
        wake_all(self._waiters)

    def _submit(self, line: bytes) -> None:
        self._line.clear()
        self._ready.append(line)
        wake_all(self._waiters)

    def _interrupt(self) -> None:
        """A program that still waits for input afterwards, a shell, gets an empty line: it asks anew."""
        self.output(b"^C\r\n")
        self._line.clear()
        for process in list(self.kernel.processes.values()):
            if self in process.fds.values():
                self.kernel.signal(process, "INT")
        if self._waiters:
            self._submit(b"\n")
