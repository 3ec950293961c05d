"""The judge's hold on one learner's process: fork it, listen to it, stop it while judging, kill all of it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from k8slearn.grading import worker
from k8slearn.grading.splice import Step

LINE_LIMIT = 64_000
"""Bytes of one message. A worker's longest, an error's text, is under 20,000."""

MESSAGE_LIMIT = 10_000
"""Messages of one run; a lesson's steps make under two hundred."""

TAIL = 4_000
"""Bytes of the output's end that are kept, for whoever wants to know why a run crashed."""


class Ending(StrEnum):
    """How a learner's process came to its end."""

    DONE = "done"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUTPUT_LIMIT = "output_limit"


@dataclass(frozen=True)
class Limits:
    """What one submission may use. ``seconds`` is wall-clock time, without the time that judging takes."""

    seconds: float = 60.0
    output_bytes: int = 2_000_000


class CellError(NamedTuple):
    """An exception that ended one cell: told to the learner, of no weight for the mark."""

    name: str
    text: str


@dataclass
class Run:
    """What is known of a run when it has ended. ``errors`` maps a cell's id to its exception."""

    ending: Ending = Ending.DONE
    detail: str = ""
    errors: dict[str, CellError] = field(default_factory=dict)
    output_tail: str = ""


class _Ended(Exception):
    def __init__(self, ending: Ending, detail: str = "") -> None:
        self.ending = ending
        self.detail = detail


class Learner:
    """A forked process that waits for its orders.

    Fork it before the caller starts any thread or opens anything that it must not see: the process
    has what the caller's memory has at that moment.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._channel, theirs = socket.socketpair()
        self._output, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            worker.main(theirs, write)
        theirs.close()
        os.close(write)
        self._run = Run()
        self._status: int | None = None
        self._deadline = 0.0
        self._unread = b""
        self._tail = b""
        self._printed = 0
        self._received = 0

    def run(
        self,
        steps: tuple[Step, ...],
        folder: str,
        environment: dict[str, str],
        judge: Callable[[str], None],
    ) -> Run:
        """Let the steps run; call ``judge(exercise)`` at each check cell, with the process stopped.

        Stopped means that nothing of the learner's can tend the cluster while it is judged: a thread
        that makes deleted pods again is not a Deployment. Each exercise is judged once.
        """
        self._deadline = time.monotonic() + self._limits.seconds
        self._unjudged = {step.check for step in steps if step.check is not None}
        self._cells = {step.id for step in steps}
        try:
            self._send(
                {
                    "steps": [[step.id, step.source, step.check] for step in steps],
                    "folder": folder,
                    "environment": environment,
                    "cpu_seconds": int(self._limits.seconds) + 1,
                }
            )
            self._listen(judge)
        except _Ended as ended:
            self._run.ending, self._run.detail = ended.ending, ended.detail
        if self._run.ending is Ending.CRASHED and not self._run.detail:
            self._run.ending, self._run.detail = self._cause_of_death()
        self._run.output_tail = self._tail.decode(errors="replace")
        return self._run

    def close(self) -> None:
        """Kill the process and all that it started and did not move to another session."""
        self._signal(signal.SIGKILL)
        self._reap(0)
        self._channel.close()
        os.close(self._output)

    # -- within -----------------------------------------------------------------------------------

    def _listen(self, judge: Callable[[str], None]) -> None:
        """Follow the process to its end, which is an _Ended."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._output, selectors.EVENT_READ)
            while True:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise _Ended(Ending.TIMEOUT, f"It ran longer than {self._limits.seconds:g} seconds.")
                ready = [key.fileobj for key, _ in selector.select(left)]
                if self._output in ready and not self._read_output():
                    selector.unregister(self._output)
                if self._channel in ready:
                    for message in self._messages():
                        self._hear(message, judge)

    def _read_output(self) -> bool:
        """Take what was printed. False when nothing more can come."""
        chunk = os.read(self._output, 65_536)
        self._printed += len(chunk)
        self._tail = (self._tail + chunk)[-TAIL:]
        if self._printed > self._limits.output_bytes:
            raise _Ended(Ending.OUTPUT_LIMIT, f"It printed more than {self._limits.output_bytes:,} bytes.")
        return bool(chunk)

    def _messages(self) -> list[dict[str, Any]]:
        """The whole lines that have arrived. Raises _Ended when the stream ends or holds no messages."""
        try:
            chunk = self._channel.recv(65_536)
        except OSError:
            chunk = b""
        if not chunk:
            raise _Ended(Ending.CRASHED)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        self._received += len(lines)
        try:
            messages: list[Any] = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            messages = [None]
        sound = all(isinstance(message, dict) for message in messages)
        if not sound or len(self._unread) > LINE_LIMIT or self._received > MESSAGE_LIMIT:
            raise _Ended(Ending.CRASHED, "Something other than the lesson wrote to the grader's channel.")
        return messages

    def _hear(self, message: dict[str, Any], judge: Callable[[str], None]) -> None:
        """Act on one message. What it says of a mark, or of an unknown cell, is ignored."""
        if message.get("done") is True:
            raise _Ended(Ending.DONE)
        cell, exercise = message.get("error"), message.get("reached")
        if isinstance(cell, str) and cell in self._cells:
            name, text = str(message.get("name")), str(message.get("text"))
            self._run.errors[cell] = CellError(name[:100], text[: worker.TEXT_LIMIT])
        if isinstance(exercise, str):
            if exercise in self._unjudged:
                self._unjudged.discard(exercise)
                started = time.monotonic()
                self._pause()
                judge(exercise)
                self._signal(signal.SIGCONT)
                self._deadline += time.monotonic() - started
            self._send({"go": exercise})

    def _send(self, message: dict[str, Any]) -> None:
        """Write one line; a process that does not read it in time has ended its run."""
        self._channel.settimeout(max(self._deadline - time.monotonic(), 0.001))
        try:
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except TimeoutError:
            raise _Ended(Ending.TIMEOUT, "It did not listen to the grader.") from None
        except OSError:
            raise _Ended(Ending.CRASHED) from None

    def _cause_of_death(self) -> tuple[Ending, str]:
        """Why the channel closed: the process has ended, or closed it and lives on."""
        deadline = time.monotonic() + 1
        while not self._reap(os.WNOHANG) and time.monotonic() < deadline:
            time.sleep(0.005)
        if self._status is None:
            return Ending.CRASHED, "It closed the grader's channel."
        code = os.waitstatus_to_exitcode(self._status)
        if code == -signal.SIGXCPU:
            return Ending.TIMEOUT, f"It computed for more than {self._limits.seconds:g} seconds."
        if code < 0:
            return Ending.CRASHED, f"Its process was ended by {signal.Signals(-code).name}."
        return Ending.CRASHED, f"Its process ended itself (exit code {code}) before the last cell."

    def _pause(self) -> None:
        """Stop the whole group, and wait until its leader has stopped (or turns out to have ended)."""
        self._signal(signal.SIGSTOP)
        if self._status is None:
            _, status = os.waitpid(self.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self._status = status

    def _reap(self, options: int) -> bool:
        if self._status is None:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, options)
                self._status = status if pid else None
        return self._status is not None

    def _signal(self, number: int) -> None:
        """To the whole group; to the process alone in the moment before it has a group of its own."""
        if self._status is not None and number != signal.SIGKILL:
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            if self._status is None:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, number)
