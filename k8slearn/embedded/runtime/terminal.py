"""A terminal as a program sees it: termios' cooked mode (echo, line editing, ^C, ^D), its raw mode, its size.

The keys come from the client, whose own terminal is in raw mode: ``kubectl exec -it`` sends every key at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from k8slearn.embedded.runtime.descriptors import Descriptor, Wake, wake_all

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.kernel import Kernel

INTERRUPT, END_OF_FILE, QUIT, KILL_LINE, ERASE_WORD = 0x03, 0x04, 0x1C, 0x15, 0x17
ERASE = (0x08, 0x7F)
ERASED = b"\b \b"
_SIGNALS = {INTERRUPT: "INT", QUIT: "QUIT"}


class Terminal(Descriptor):
    """Stdin, stdout and stderr of a program with a terminal; ``screen`` takes what is shown.

    Cooked: a line can be read once it is complete, and ^C sends INT to the programs of the terminal. ``raw``:
    every key can be read at once and means nothing, for a shell that edits its line itself.
    """

    tty = True

    def __init__(self, kernel: Kernel, screen: Descriptor) -> None:
        super().__init__()
        self.kernel = kernel
        self.screen = screen
        self.echo = True
        self.rows = self.columns = 0
        """0 until the client tells."""
        self.hung_up = False
        self._raw = False
        self._line = bytearray()
        self._ready: list[bytes] = []
        """Complete lines; b"" is an end of file that was typed."""
        self._waiters: dict[Wake, None] = {}

    @property
    def raw(self) -> bool:
        return self._raw

    @raw.setter
    def raw(self, raw: bool) -> None:
        """What was typed ahead of a prompt can be read there."""
        self._raw = raw
        if raw and self._line:
            self._submit()

    # -- the program's side ---------------------------------------------------------------------

    def read(self, size: int) -> bytes | None:
        if not self._ready:
            return b"" if self.hung_up else None
        line = self._ready.pop(0)
        if len(line) > size:
            self._ready.insert(0, line[size:])
        return line[:size]

    def write(self, data: bytes) -> bool:
        return self.screen.write(data.replace(b"\n", b"\r\n"))

    def when_readable(self, wake: Wake) -> Callable[[], None]:
        self._waiters[wake] = None
        return lambda: self._waiters.pop(wake, None)

    def when_writable(self, wake: Wake) -> Callable[[], None]:
        return self.screen.when_writable(wake)

    # -- the user's side ------------------------------------------------------------------------

    def type(self, data: bytes) -> None:
        """Keys that the user pressed."""
        for key in data:
            if self._raw:
                self._ready.append(bytes([key]))
            else:
                self._cook(key)
        if self._raw:
            wake_all(self._waiters)

    def resize(self, columns: int, rows: int) -> None:
        """The user's window has that size now; the programs are told by WINCH."""
        if (columns, rows) != (self.columns, self.rows):
            self.columns, self.rows = columns, rows
            self._signal("WINCH")

    def hang_up(self) -> None:
        """The user's side is gone."""
        self.hung_up = True
        wake_all(self._waiters)

    def _cook(self, key: int) -> None:
        if key in _SIGNALS:
            self._show(_caret(key))
            self._line.clear()
            self._signal(_SIGNALS[key])
        elif key == END_OF_FILE:
            self._submit()
        elif key in ERASE:
            self._erase(self._line[-1:])
        elif key == ERASE_WORD:
            self._erase(self._line[len(self._line.rstrip().rpartition(b" ")[0]) :].lstrip(b" "))
        elif key == KILL_LINE:
            self._erase(self._line)
        elif key in b"\r\n":
            self._show(b"\r\n")
            self._line += b"\n"
            self._submit()
        else:
            self._line.append(key)
            self._show(bytes([key]) if key >= 0x20 or key == 0x09 else _caret(key))

    def _erase(self, end: bytearray) -> None:
        """Take ``end`` away from the line."""
        self._show(ERASED * len(end))
        del self._line[len(self._line) - len(end) :]

    def _show(self, data: bytes) -> None:
        """Echo; what the screen has no room for is lost, as on a terminal that is stopped."""
        if self.echo:
            self.screen.write(data)

    def _submit(self) -> None:
        self._ready.append(bytes(self._line))
        self._line.clear()
        wake_all(self._waiters)

    def _signal(self, signal: str) -> None:
        """To every program that has this terminal; those in the background ignore what is typed."""
        for process in list(self.kernel.processes.values()):
            if self in process.fds.values():
                process.kernel.signal(process, signal)


def _caret(key: int) -> bytes:
    """A control character as it is echoed: ^C."""
    return bytes([0x5E, key ^ 0x40])
