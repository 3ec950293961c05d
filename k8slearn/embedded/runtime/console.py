"""The standard streams of a container's PID 1, and who is attached to them.

What the program prints goes to the log and to everyone attached; what they type goes to the program's standard
input, if the container has one (``stdin: true``) or a terminal (``tty: true``). Upstream: containerd's
internal/cri/io, whose ``Attach`` says what the end of an attached client's input means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from k8slearn.embedded.runtime.descriptors import Descriptor, Null, Pipe, Wake, wake_all
from k8slearn.embedded.runtime.log import Log
from k8slearn.embedded.runtime.terminal import Terminal

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.kernel import Kernel

STREAMS = {1: "stdout", 2: "stderr"}


class Client(Protocol):
    """Who gets a program's output. While it is ``full`` the program waits, as for a pipe that nobody reads."""

    @property
    def full(self) -> bool: ...

    def output(self, fd: int, data: bytes, /) -> None:
        """Take what was printed on 1 or 2; with a terminal all is 1."""
        ...

    def when_room(self, wake: Wake) -> Callable[[], None]:
        """``wake`` is called once there is room again; calling what is returned forgets it."""
        ...


class Callback:
    """A client that is a function and never full: an exec probe's, a lifecycle hook's."""

    full = False

    def __init__(self, output: Callable[[int, bytes], None]) -> None:
        self.output = output

    def when_room(self, wake: Wake) -> Callable[[], None]:
        wake()
        return lambda: None


class Sink(Descriptor):
    """The stdout or stderr of a program whose output goes to ``client``."""

    def __init__(self, client: Client, fd: int) -> None:
        super().__init__()
        self.client = client
        self.fd = fd

    def write(self, data: bytes) -> bool:
        if self.client.full:
            return False
        self.client.output(self.fd, data)
        return True

    def when_writable(self, wake: Wake) -> Callable[[], None]:
        return self.client.when_room(wake)


class Console:
    """``stdin``, ``stdin_once`` and ``tty`` are the container's fields of these names."""

    def __init__(self, kernel: Kernel, log: Log, *, stdin: bool, stdin_once: bool, tty: bool) -> None:
        self.log = log
        self.terminal = Terminal(kernel, Sink(self, 1)) if tty else None
        self.stdin_once = stdin_once and not tty
        """The program's input ends with that of the first client; a terminal's never does."""
        self.closed = False
        self._stdin = stdin
        self._pipe = Pipe() if stdin and not tty else None
        self._attached: dict[Attachment, None] = {}

    @property
    def descriptors(self) -> tuple[Descriptor, Descriptor, Descriptor]:
        """What PID 1 has as 0, 1 and 2."""
        if self.terminal is not None:
            return self.terminal, self.terminal, self.terminal
        return (self._pipe.reader if self._pipe else Null()), Sink(self, 1), Sink(self, 2)

    def attach(self, client: Client, *, stdin: bool, on_end: Callable[[], None]) -> Attachment:
        """Let ``client`` have what is printed from now on, and (``stdin``) type. ``on_end`` is called when the
        container has ended, or the client's input in a case that ends the attachment."""
        attachment = Attachment(self, client, stdin and self._stdin, on_end)
        if self.closed:
            on_end()
        else:
            self._attached[attachment] = None
        return attachment

    def close(self) -> None:
        """The container has ended."""
        self.closed = True
        for attachment in list(self._attached):
            attachment.end()

    # -- for the sinks: a client made of all that are attached ----------------------------------

    @property
    def full(self) -> bool:
        return any(attachment.client.full for attachment in self._attached)

    def output(self, fd: int, data: bytes) -> None:
        self.log.write(STREAMS[fd], data)
        for attachment in list(self._attached):
            attachment.client.output(fd, data)

    def when_room(self, wake: Wake) -> Callable[[], None]:
        slow = next((attachment for attachment in self._attached if attachment.client.full), None)
        if slow is None:
            wake()
            return lambda: None
        slow.waiters[wake] = None
        forget = slow.client.when_room(wake)

        def give_up() -> None:
            slow.waiters.pop(wake, None)
            forget()

        return give_up

    # -- for attachments ------------------------------------------------------------------------

    def type(self, data: bytes) -> None:
        if self.terminal is not None:
            self.terminal.type(data)
        elif self._pipe is not None and not self._pipe.writer.closed:
            self._pipe.writer.feed(data)

    def close_stdin(self) -> None:
        if self._pipe is not None:
            self._pipe.writer.close()

    def detach(self, attachment: Attachment) -> None:
        self._attached.pop(attachment, None)
        wake_all(attachment.waiters)


class Attachment:
    """One client at a console. Calls after its end do nothing."""

    def __init__(self, console: Console, client: Client, stdin: bool, on_end: Callable[[], None]) -> None:
        self.client = client
        self.waiters: dict[Wake, None] = {}
        """Programs that wait for this client to have room."""
        self._console = console
        self._stdin = stdin
        self._on_end: Callable[[], None] | None = on_end

    def write_stdin(self, data: bytes) -> None:
        if self._stdin and self._on_end is not None:
            self._console.type(data)

    def close_stdin(self) -> None:
        """The client's input has ended: so has the program's with stdinOnce, else it is left alone."""
        if not self._stdin or self._on_end is None:
            return
        if self._console.stdin_once:
            self._console.close_stdin()
        else:
            self.end()

    def resize(self, columns: int, rows: int) -> None:
        if self._console.terminal is not None:
            self._console.terminal.resize(columns, rows)

    def end(self) -> None:
        on_end = self._on_end
        self.detach()
        if on_end is not None:
            on_end()

    def detach(self) -> None:
        """The client has gone; nobody is told."""
        self._on_end = None
        self._console.detach(self)
