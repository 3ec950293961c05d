"""The judge's hold on one learner's process: listen to it, answer it, stop it while judging, end all of it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from k8slearn.errors import ClusterError
from k8slearn.grading import worker
from k8slearn.grading.nursery import Nursery
from k8slearn.grading.splice import Step

LINE_LIMIT = 64_000
"""Bytes of one message. A worker's longest, an error's text, is under 20,000."""

MESSAGE_LIMIT = 10_000
"""Messages of one run; a lesson's steps make under two hundred."""

TAIL = 4_000
"""Bytes of the output's end that are kept, for whoever wants to know why a run crashed."""

_PATIENCE = 10.0
"""Seconds that the keeper may take to do what it is told."""


class Ending(StrEnum):
    """How a learner's process came to its end."""

    DONE = "done"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUTPUT_LIMIT = "output_limit"


@dataclass(frozen=True)
class Limits:
    """What one submission may use. ``seconds`` is wall-clock time, without the time that judging takes.

    ``memory_bytes`` is what its processes may hold together; in a sandbox only.
    """

    seconds: float = 60.0
    output_bytes: int = 2_000_000
    memory_bytes: int = 2_000_000_000


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


class Refused(Exception):
    """What the learner's process asked for is not to be had; it is told why."""


class Desk(Protocol):
    """Whom the learner's process may ask. ``Refused`` is for it to hear; any other error is the grader's own."""

    def judge(self, exercise: str) -> None:
        """Judge an exercise. Called once for each, with the process stopped."""

    def begin(self, exercise: str) -> None:
        """Set an exercise's scene."""

    def wait(self, duration: object) -> None:
        """Let the cluster's time go on."""

    def settle(self) -> bool:
        """Let it go on until nothing is pending."""
        ...


class _Ended(Exception):
    def __init__(self, ending: Ending, detail: str = "") -> None:
        self.ending = ending
        self.detail = detail


class Learner:
    """A process, new from the nursery, that waits for its orders. Raises ClusterError when there is none to have.

    ``patience`` stretches its wall-clock time where more processes run than there are processors. ``home`` is its
    home, as it sees it; ``listening`` the socket by which it reaches its cluster, where it is in a sandbox.
    """

    def __init__(self, nursery: Nursery, limits: Limits, patience: float = 1.0) -> None:
        self._limits = limits
        self._patience = patience
        try:
            self._channel, self._output, self._control = nursery.ask()
        except OSError as error:
            raise ClusterError(f"No process can be started for the notebook: {error.strerror}.") from error
        self._control.settimeout(_PATIENCE)
        self._told = b""
        self._exit: str | None = None
        self._deadline = 0.0
        self._unread = b""
        self._tail = b""
        self._printed = 0
        self._received = 0
        self._run = Run()
        self.listening: socket.socket | None = None
        self.home = self._await("ready")

    def run(self, steps: tuple[Step, ...], order: dict[str, Any], desk: Desk) -> Run:
        """Let the steps run, with ``order`` (as ``worker`` has it); ``desk`` answers what is asked.

        Stopped while it is judged means that nothing of the learner's can tend the cluster then: a thread
        that makes deleted pods again is not a Deployment.
        """
        self._deadline = time.monotonic() + self._limits.seconds * self._patience
        self._unjudged = {step.check for step in steps if step.check is not None}
        self._unbegun = set(self._unjudged)
        self._cells = {step.id for step in steps}
        self._order(f"memory {self._limits.memory_bytes}")
        try:
            self._send(
                {
                    **order,
                    "steps": [[step.id, step.source, step.check] for step in steps],
                    "home": self.home,
                    "cpu_seconds": int(self._limits.seconds) + 1,
                }
            )
            self._listen(desk)
        except _Ended as ended:
            self._run.ending, self._run.detail = ended.ending, ended.detail
        if self._run.ending is Ending.CRASHED and not self._run.detail:
            self._run.ending, self._run.detail = self._cause_of_death()
        self._drain()
        self._run.output_tail = self._tail.decode(errors="replace")
        return self._run

    def close(self) -> None:
        """End the process and all that it started: the keeper ends with its socket."""
        self._control.close()
        self._channel.close()
        os.close(self._output)
        if self.listening is not None:
            self.listening.close()

    # -- the worker -------------------------------------------------------------------------------

    def _listen(self, desk: Desk) -> None:
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
                        self._hear(message, desk)

    def _read_output(self) -> bool:
        """Take what was printed. False when nothing more can come."""
        chunk = os.read(self._output, 65_536)
        self._printed += len(chunk)
        self._tail = (self._tail + chunk)[-TAIL:]
        if self._printed > self._limits.output_bytes:
            raise _Ended(Ending.OUTPUT_LIMIT, f"It printed more than {self._limits.output_bytes:,} bytes.")
        return bool(chunk)

    def _drain(self) -> None:
        """Take what was printed last, as far as it is there."""
        os.set_blocking(self._output, False)
        with suppress(_Ended, BlockingIOError):
            while self._read_output():
                pass

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

    def _hear(self, message: dict[str, Any], desk: Desk) -> None:
        """Act on one message. What it says of a mark, or of an unknown cell, is ignored."""
        if message.get("done") is True:
            raise _Ended(Ending.DONE)
        cell = message.get("error")
        if isinstance(cell, str) and cell in self._cells:
            name, text = str(message.get("name")), str(message.get("text"))
            self._run.errors[cell] = CellError(name[:100], text[: worker.TEXT_LIMIT])
        if "ask" in message:
            try:
                self._send({"answer": self._answer(message["ask"], message.get("of"), desk)})
            except Refused as error:
                self._send({"problem": str(error)})

    def _answer(self, what: object, of: object, desk: Desk) -> bool | None:
        """Do what is asked. The time of a check, and of a scene when it is first set, is not the learner's."""
        started = time.monotonic()
        match what:
            case "check" if isinstance(of, str) and of in self._unjudged:
                self._unjudged.discard(of)
                self._pause()
                desk.judge(of)
                self._order("go")
                self._deadline += time.monotonic() - started
            case "begin" if isinstance(of, str):
                desk.begin(of)
                if of in self._unbegun:
                    self._unbegun.discard(of)
                    self._deadline += time.monotonic() - started
            case "wait":
                desk.wait(of)
            case "settle":
                return desk.settle()
        return None

    def _send(self, message: dict[str, Any]) -> None:
        """Write one line; a process that does not read it in time has ended its run."""
        self._channel.settimeout(max(self._deadline - time.monotonic(), 0.001))
        try:
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except TimeoutError:
            raise _Ended(Ending.TIMEOUT, "It did not listen to the grader.") from None
        except OSError:
            raise _Ended(Ending.CRASHED) from None

    # -- the keeper -------------------------------------------------------------------------------

    def _pause(self) -> None:
        """Stop everything of the learner's, or find that it has ended; what it did until then counts."""
        self._order("stop")
        self._await("stopped")

    def _order(self, order: str) -> None:
        with suppress(OSError):  # it has ended, with its worker
            self._control.sendall(order.encode() + b"\n")

    def _await(self, word: str) -> str:
        """What the keeper says after ``word``; "" when the worker has ended instead. Raises ClusterError."""
        while True:
            told, _, rest = self._hear_keeper().partition(" ")
            if told == "failed" or (told == "" and word == "ready"):
                raise ClusterError(f"The notebook's process could not be started: {rest or 'it ended'}.")
            if told in ("exited", "memory", ""):
                self._exit = self._exit or (rest if told == "exited" else told)
                return ""
            if told == word:
                return rest

    def _hear_keeper(self) -> str:
        """The keeper's next line; "" when it has gone. Raises ClusterError when it says nothing."""
        while b"\n" not in self._told:
            try:
                chunk, files, _, _ = socket.recv_fds(self._control, 1024, 1)
            except TimeoutError:
                raise ClusterError("The notebook's process did not stop in time.") from None
            except OSError:
                chunk, files = b"", []
            for file in files:
                self.listening = socket.socket(fileno=file)
            if not chunk:
                return ""
            self._told += chunk
        line, _, self._told = self._told.partition(b"\n")
        return line.decode(errors="replace")

    def _cause_of_death(self) -> tuple[Ending, str]:
        """Why the channel closed: the process has ended, or closed it and lives on."""
        if self._exit is None:
            self._control.settimeout(1)
            with suppress(ClusterError):
                self._await("exited")
        if self._exit == "memory":
            return Ending.CRASHED, "Its processes held more memory than one notebook may."
        if not self._exit:
            return Ending.CRASHED, "It closed the grader's channel."
        code = int(self._exit)
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return Ending.TIMEOUT, f"It computed for more than {self._limits.seconds:g} seconds."
        if code < 0:
            return Ending.CRASHED, f"Its process was ended by {signal.Signals(-code).name}."
        return Ending.CRASHED, f"Its process ended itself (exit code {code}) before the last cell."
