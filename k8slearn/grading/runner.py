"""The batch's end of the warm process: give it tasks, some at a time, and take the outcomes as they come.

What fails on the grader's side (a judge that died, a warm process that was killed) is tried once more at the
end, alone in a new process, so that nobody pays for a neighbour; a second failure is ``infra_error``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from itertools import count
from typing import IO

from k8slearn.errors import ClusterError
from k8slearn.grading.outcome import Outcome, Status
from k8slearn.grading.task import READY, Task

Failure = tuple[Task, str]
"""A task that came to no outcome, and why."""


def run(tasks: Iterable[Task], jobs: int) -> Generator[Outcome]:
    """Judge ``tasks``, ``jobs`` at a time, and yield each outcome when it is there, in any order.

    Closing the generator ends everything that still runs. Raises ClusterError when grading cannot start.
    """
    waiting = deque(tasks)
    failures: list[Failure] = []
    while waiting:
        yield from _run_in_one_process(waiting, jobs, failures)
    for task, _ in failures:
        again: list[Failure] = []
        yield from _run_in_one_process(deque([task]), 1, again)
        for _, error in again:
            yield task.outcome(Status.INFRA_ERROR, f"{error} It was tried twice.")


def _run_in_one_process(waiting: deque[Task], jobs: int, failures: list[Failure]) -> Generator[Outcome]:
    """Take tasks off ``waiting`` until there is none, or the process dies."""
    # All is on loopback. Without this, Python asks macOS for the system's proxies, by a framework after whose
    # use a process must not fork.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "k8slearn.grading.warm"],
        env={**os.environ, "NO_PROXY": "*"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is the batch's; it closes the pipe, and that ends this process
    )
    assert process.stdin is not None and process.stdout is not None
    running: dict[int, Task] = {}
    numbers = count()
    try:
        if process.stdout.readline() != READY:
            raise ClusterError(
                "The grader's process did not start. What it said is above; see: k8slearn doctor"
            )
        while waiting or running:
            while waiting and len(running) < jobs:
                number = next(numbers)
                running[number] = waiting.popleft()
                _order(process.stdin, number, running[number])
            line = process.stdout.readline()
            if not line:
                break
            answer = json.loads(line)
            task = running.pop(answer["number"])
            if answer["outcome"] is None:
                failures.append((task, answer["error"]))
            else:
                yield Outcome.from_json(answer["outcome"])
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait()
    failures += [(task, "The process that judges ended.") for task in running.values()]


def _order(stdin: IO[bytes], number: int, task: Task) -> None:
    with suppress(BrokenPipeError):  # it has died: the end of its output will say so
        stdin.write(json.dumps({"number": number, "task": task.to_json()}).encode() + b"\n")
        stdin.flush()
