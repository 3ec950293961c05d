"""The warm process: everything is imported once, then each submission's judge is a fork of it.

``python -P -m k8slearn.grading.warm`` reads JSON lines. The first says how to grade; then come orders, each
answered, in any order, by one line:

    → {"hidden": ["/home/me/submissions"], "unsafe": false, "patience": 1.5}
    ← {"ready": true, "problem": ""}                not ready: no notebook can be run here, and why
    → {"number": 7, "task": {…}}                    judge this (a ``task.Task``)
    ← {"number": 7, "outcome": {…}, "error": ""}    what came of it; outcome null: the judge failed, and how

A fork has no thread but the one that forked, so this process starts none. A judge that dies or hangs takes
nothing else with it: its alarm ends it, and the learner's process ends with it. When its input ends (the batch
was broken off), it kills all that runs and ends.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import selectors
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from k8slearn.errors import ClusterError, K8slearnError
from k8slearn.grading.learner import Learner, Limits
from k8slearn.grading.nursery import Nursery

ALLOWANCE = 120.0
"""Seconds that a judge has beside its learner's limit, for cluster and checks, before an alarm ends it."""

ADDRESSES = 3_000_000_000
"""Bytes that a judge may map: its cluster, and ten times what a lesson puts there."""

CHUNK = 1 << 20


@dataclass(frozen=True)
class _Way:
    """How all of a batch are judged."""

    nursery: Nursery
    patience: float


@dataclass
class _Fork:
    """A running judge and what it has said: the outcome."""

    number: int
    pid: int
    said: bytes = b""

    def end(self) -> dict[str, Any]:
        """See the judge to its end; the answer to the order."""
        _, status = os.waitpid(self.pid, 0)
        try:
            return {"number": self.number, **json.loads(self.said)}
        except ValueError:
            code = os.waitstatus_to_exitcode(status)
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            return {"number": self.number, "outcome": None, "error": f"The judge's process {how}."}


def main() -> None:
    """Serve orders from file 0 until it ends; answer on file 1. The judges inherit neither."""
    orders, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    how = json.loads(_first_line(orders))
    nursery = Nursery.open([Path(one) for one in how["hidden"]], unsafe=how["unsafe"])
    if problem := _try(nursery):
        _write(answers, {"ready": False, "problem": problem})
        return
    from k8slearn.grading import judge  # not before: the nursery shall know nothing of it

    with tempfile.TemporaryDirectory(prefix="k8slearn-grader-") as folder:
        judge.warm_up(Path(folder))
        gc.freeze()  # no fork need ever look through what all share: that would copy it, page by page
        _write(answers, {"ready": True, "problem": ""})
        _serve(orders, answers, _Way(nursery, how["patience"]))


def _first_line(file: int) -> bytes:
    """Read by the byte: what comes after it is for others."""
    line = b""
    while (byte := os.read(file, 1)) not in (b"", b"\n"):
        line += byte
    return line


def _try(nursery: Nursery) -> str:
    """Why no learner's process can be had; "" when one can."""
    try:
        Learner(nursery, Limits()).close()
    except ClusterError as error:
        return str(error)
    return ""


def _serve(orders: int, answers: int, way: _Way) -> None:
    running: dict[int, _Fork] = {}
    unread = b""
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        try:
            while True:
                for key, _ in selector.select():
                    chunk = os.read(key.fd, CHUNK)
                    if key.fd != orders:
                        fork = running[key.fd]
                        fork.said += chunk
                        if not chunk:
                            selector.unregister(key.fd)
                            os.close(key.fd)
                            del running[key.fd]
                            _write(answers, fork.end())
                        continue
                    if not chunk:
                        return
                    *lines, unread = (unread + chunk).split(b"\n")
                    for line in lines:
                        pipe, fork = _fork(json.loads(line), (orders, answers), way)
                        running[pipe] = fork
                        selector.register(pipe, selectors.EVENT_READ)
        finally:
            for fork in running.values():
                os.kill(fork.pid, signal.SIGKILL)
                fork.end()


def _write(file: int, answer: dict[str, Any]) -> None:
    with os.fdopen(os.dup(file), "wb") as stream:
        stream.write(json.dumps(answer).encode() + b"\n")


def _fork(order: dict[str, Any], private: tuple[int, ...], way: _Way) -> tuple[int, _Fork]:
    """Start a judge: the pipe to read it by, and what is known of it."""
    from k8slearn.grading import judge

    with suppress(K8slearnError):  # the judge will meet it and tell
        judge.lesson(order["task"]["lesson"])
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        for file in (*private, read):
            os.close(file)
        _be_judge(order["task"], write, way)
    os.close(write)
    return read, _Fork(order["number"], pid)


def _be_judge(task: dict[str, Any], write: int, way: _Way) -> NoReturn:
    """Judge, say what came of it, and end; whatever happens, the fork does not run on from here."""
    signal.setitimer(signal.ITIMER_REAL, (task["limits"]["seconds"] + ALLOWANCE) * way.patience)
    if sys.platform == "linux":  # what a learner piles up in the cluster is in this process
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    try:
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            json.dump(_judge(task, way), pipe)
    finally:
        sys.stderr.flush()
        os._exit(0)


def _judge(task: dict[str, Any], way: _Way) -> dict[str, Any]:
    from k8slearn.grading import judge
    from k8slearn.grading.task import Task

    try:
        return {
            "outcome": judge.judge(Task.from_json(task), way.nursery, way.patience).to_json(),
            "error": "",
        }
    except Exception as error:
        traceback.print_exc()
        return {"outcome": None, "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
