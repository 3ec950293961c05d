"""The batch's end of the warm process: give it tasks, some at a time, and take the outcomes as they come.

What fails on the grader's side (a judge that died, a warm process that was killed) is tried once more in a
new process; a second failure is the outcome ``infra_error``. No failure of one task reaches another.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import IO

from k8slearn.errors import ClusterError
from k8slearn.grading import warm
from k8slearn.grading.judge import Task
from k8slearn.grading.outcome import Outcome, Status

TRIES = 2


def run(tasks: Iterable[Task], jobs: int) -> Generator[Outcome]:
    """Judge ``tasks``, ``jobs`` at a time, and yield each outcome when it is there, in any order.

    Closing the iterator ends everything that still runs.
    """
    waiting = deque((task, 1) for task in tasks)
    while waiting:
        yield from _run_in_one_process(waiting, jobs)


def _run_in_one_process(waiting: deque[tuple[Task, int]], jobs: int) -> Iterator[Outcome]:
    """Work through ``waiting``. Returns early, with what is left still waiting, when the process dies.

    Raises ClusterError when it cannot even start: no second try would be better.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "k8slearn.grading.warm"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is the batch's; it closes the pipe, and that ends this process
    )
    assert process.stdin is not None and process.stdout is not None
    running: dict[int, tuple[Task, int]] = {}
    numbers = iter(range(sys.maxsize))
    try:
        if process.stdout.readline() != warm.READY:
            raise ClusterError(
                "The grader's process does not start; what it says is above. See: k8slearn doctor"
            )
        while waiting or running:
            while waiting and len(running) < jobs:
                number = next(numbers)
                running[number] = waiting.popleft()
                _order(process.stdin, number, running[number][0])
            line = process.stdout.readline()
            if not line:
                break
            answer = json.loads(line)
            task, tried = running.pop(answer["number"])
            if answer["outcome"] is not None:
                yield Outcome.from_json(answer["outcome"])
            else:
                yield from _again(task, tried, answer["error"], waiting)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        code = process.wait()
    for task, tried in running.values():
        yield from _again(task, tried, f"The grader's process ended (exit code {code}).", waiting)


def _order(stdin: IO[bytes], number: int, task: Task) -> None:
    with suppress(BrokenPipeError):  # it has died: the end of its output will say so
        stdin.write(json.dumps({"number": number, "task": task.to_json()}).encode() + b"\n")
        stdin.flush()


def _again(task: Task, tried: int, error: str, waiting: deque[tuple[Task, int]]) -> Iterator[Outcome]:
    """Put a task that the grader failed at back in the queue, or give it up with an outcome."""
    if tried < TRIES:
        waiting.append((task, tried + 1))
    else:
        yield task.outcome(Status.INFRA_ERROR, f"{error} It was tried {TRIES} times.")
