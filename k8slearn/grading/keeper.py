"""The first process of a learner's sandbox: starts the worker, stops it while it is judged, ends all when told.

It is trusted, and nothing of the learner's can reach it: no signal from inside its pid namespace does, and it is
opaque to the learner's user. When it ends, the kernel ends every process of the namespace. It has one socket to
the judge, with lines of text, and ends when that closes: a judge that dies leaves nothing behind.

    keeper → judge   ready HOME      with the socket on which the cluster is to answer, in a sandbox
    keeper → judge   failed WHY      there will be no worker
    judge → keeper   memory BYTES    what the processes may hold together
    judge → keeper   stop            and it answers: stopped
    judge → keeper   go
    keeper → judge   exited CODE     the worker ended (negative: by a signal); so will all else
    keeper → judge   memory          the processes held too much; so they end

Without a sandbox (``--unsafe``) the worker has a process group of its own, and who leaves that is not found.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from k8slearn.grading import kernel, sandbox, worker

LOOK = 0.25
"""Seconds between two looks at the memory."""

_STANDSTILL = 2.0
"""Seconds that processes may take to stop: one that writes to a disk does so first."""

Inside = tuple[socket.socket, int]
"""What the worker gets: its channel to the judge, and the file that takes its output."""


def keep(control: socket.socket, inside: Inside, shown: Sequence[Path], hidden: Sequence[Path]) -> NoReturn:
    """Be the keeper of a sandbox, in its first process. Does not return, whatever happens."""

    def serve() -> None:
        listening = sandbox.furnish(shown, hidden)
        socket.send_fds(control, [f"ready {sandbox.HOME}\n".encode()], [listening.fileno()])
        listening.close()
        kernel.be_opaque(True)
        _Keeper(control, inside, sandboxed=True).serve()

    _last(serve, control)


def keep_unsafely(control: socket.socket, inside: Inside) -> NoReturn:
    """Be the keeper of a process group, on any system. Does not return, whatever happens."""

    def serve() -> None:
        home = tempfile.mkdtemp(prefix="k8slearn-learner-")
        try:
            control.sendall(f"ready {home}\n".encode())
            _Keeper(control, inside, sandboxed=False).serve()
        finally:
            shutil.rmtree(home, ignore_errors=True)

    _last(serve, control)


def _last(serve: Callable[[], None], control: socket.socket) -> NoReturn:
    """The last thing that this process does."""
    try:
        serve()
    except BaseException as error:
        with suppress(OSError):
            control.sendall(f"failed {type(error).__name__}: {error}".replace("\n", " ").encode() + b"\n")
    finally:
        os._exit(0)


class _Keeper:
    def __init__(self, control: socket.socket, inside: Inside, *, sandboxed: bool) -> None:
        self._control = control
        self._sandboxed = sandboxed
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        channel, output = inside
        self._worker = os.fork()
        if self._worker == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            worker.main(channel, output, sandbox.settle_in if sandboxed else lambda: None)
        channel.close()
        os.close(output)
        self._exit: int | None = None
        self._memory: int | None = None

    def serve(self) -> None:
        """Until the judge closes the socket, the worker ends or the memory is used up; then end all."""
        try:
            self._serve()
        finally:
            signal.set_wakeup_fd(-1)
            self._signal(signal.SIGKILL)

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select(LOOK)}
                self._reap()
                if self._exit is not None:
                    self._tell(f"exited {self._exit}")
                    return
                if self._control in ready:
                    orders = self._control.recv(1024)
                    if not orders:
                        return
                    for order in orders.splitlines():
                        self._obey(order)
                if self._memory is not None and not ready and _held() > self._memory:
                    self._tell("memory")
                    return

    def _obey(self, order: bytes) -> None:
        what, _, amount = order.partition(b" ")
        match what:
            case b"memory" if self._sandboxed:  # elsewhere, whose processes these are is not known
                self._memory = int(amount)
            case b"stop":
                self._stop()
            case b"go":
                self._signal(signal.SIGCONT)

    def _stop(self) -> None:
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + _STANDSTILL
        while self._runs() and time.monotonic() < deadline:
            time.sleep(0.001)
        self._tell("stopped")

    def _runs(self) -> bool:
        """Whether something of the learner's has not stopped yet."""
        if self._sandboxed:
            # One in state D comes out of the kernel as a stopped one; a vfork's parent, when its child goes on.
            return any(state in "RS" for state in _states())
        _, status = os.waitpid(self._worker, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._exit = os.waitstatus_to_exitcode(status)
        return False

    def _reap(self) -> None:
        """See off who has ended: the worker, and orphans, which are the first process's in a namespace."""
        with suppress(BlockingIOError):
            self._woken.recv(1024)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._worker:
                    self._exit = os.waitstatus_to_exitcode(ended[1])

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if self._sandboxed:
                os.kill(-1, number)  # in a pid namespace's first process: everything in it, at once
                return
            try:
                os.killpg(self._worker, number)
            except ProcessLookupError:
                os.kill(self._worker, number)  # it has no group of its own yet

    def _tell(self, line: str) -> None:
        with suppress(OSError):
            self._control.sendall(line.encode() + b"\n")


def _processes() -> list[Path]:
    """Those of this pid namespace but the first."""
    return [one for one in Path("/proc").iterdir() if one.name.isdecimal() and one.name != "1"]


def _states() -> list[str]:
    found = []
    for process in _processes():
        with suppress(OSError):  # it has ended meanwhile
            found.append((process / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def _held() -> int:
    """Bytes of memory that the processes hold: their own and shared memory, not the programs' files."""
    kilobytes = 0
    for process in _processes():
        with suppress(OSError):
            status = (process / "status").read_text()
            kilobytes += sum(map(int, re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.MULTILINE)))
    return kilobytes * 1024
