"""The nursery: a process that knows nothing but Python, IPython and the client, and forks learners' processes.

It was forked itself before the grader read anything of a lesson or a submission, so what a learner finds in the
memory that it inherits is public. A judge asks for a learner by handing over one end of three channels.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from k8slearn.grading import keeper, kernel, sandbox, worker

_MAPPED = b"mapped"


class Birth(NamedTuple):
    """The judge's ends: lines to and from the worker, its output, lines to and from the keeper."""

    channel: socket.socket
    output: int
    control: socket.socket


class Nursery:
    """The way to ask for learners; any fork of the process that ``open``ed it may use it.

    ``hidden`` are folders that no learner may see wherever they lie. ``unsafe``: without a sandbox.
    """

    def __init__(self, asking: socket.socket) -> None:
        self._asking = asking

    @classmethod
    def open(cls, hidden: Sequence[Path], *, unsafe: bool) -> Nursery:
        worker.warm_up()
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            ours.close()
            _serve(theirs, [] if unsafe else sandbox.program_files(), hidden, unsafe)
        theirs.close()
        return cls(ours)

    def ask(self) -> Birth:
        """A new learner's process. Raises OSError when the nursery is gone."""
        channel, their_channel = socket.socketpair()
        control, their_control = socket.socketpair()
        output, their_output = os.pipe()
        given = [their_channel.fileno(), their_output, their_control.fileno()]
        socket.send_fds(self._asking, [b"."], given)
        their_channel.close()
        their_control.close()
        os.close(their_output)
        return Birth(channel, output, control)


def _serve(asked: socket.socket, shown: Sequence[Path], hidden: Sequence[Path], unsafe: bool) -> NoReturn:
    """Answer until nobody is left who might ask."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        signal.signal(
            signal.SIGCHLD, signal.SIG_IGN
        )  # nobody waits for the keepers, whose parents have ended
        if not unsafe:
            kernel.adopt_orphans()
        gc.freeze()  # no fork need look through what all share: that would copy it, page by page
        # One byte at a time: descriptors of two askers never come together.
        while (received := socket.recv_fds(asked, 1, 3))[0]:
            channel, output, control = received[1]
            if unsafe:
                _bear_unsafely(asked, (channel, output, control))
            else:
                _bear(asked, (channel, output, control), shown, hidden)
            for file in received[1]:
                os.close(file)
    finally:
        sys.stderr.flush()
        os._exit(0)


def _bear(
    asked: socket.socket, files: tuple[int, int, int], shown: Sequence[Path], hidden: Sequence[Path]
) -> None:
    """Start a keeper as the first process of new namespaces.

    The process that leaves for them stays outside of the pid namespace itself, so its child is the keeper. The
    ids inside are mapped by this process, for only one outside may map a second one.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        asked.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control = socket.socket(fileno=files[2])
        try:
            sandbox.leave()
            theirs.send(b".")
            told = theirs.recv(1000)
            if told != _MAPPED:
                raise OSError(told.decode(errors="replace"))
            if os.fork() == 0:
                theirs.close()
                keeper.keep(control, (socket.socket(fileno=files[0]), files[1]), shown, hidden)
        except OSError as error:
            control.sendall(f"failed {error}\n".encode())
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        if not ours.recv(1):
            return
        try:
            sandbox.map_ids(pid)
        except OSError as error:
            ours.send(str(error).encode())
        else:
            ours.send(_MAPPED)


def _bear_unsafely(asked: socket.socket, files: tuple[int, int, int]) -> None:
    if os.fork() == 0:
        asked.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        inside = (socket.socket(fileno=files[0]), files[1])
        keeper.keep_unsafely(socket.socket(fileno=files[2]), inside)
