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
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from k8slearn.errors import ClusterError
from k8slearn.grading.outcome import Outcome, Status
from k8slearn.grading.task import Task
from k8slearn.grading.worker import INHERITED

Failure = tuple[Task, str]
"""A task that came to no outcome, and why."""


@dataclass(frozen=True)
class Place:
    """Where notebooks run: in a sandbox from which ``hidden`` cannot be seen, or ``unsafe``."""

    hidden: Sequence[Path] = ()
    unsafe: bool = False


def run(tasks: Iterable[Task], jobs: int, place: Place) -> Generator[Outcome]:
    """Judge ``tasks``, ``jobs`` at a time, and yield each outcome when it is there, in any order.

    Closing the generator ends everything that still runs. Raises ClusterError when grading cannot start.
    """
    waiting = deque(tasks)
    failures: list[Failure] = []
    while waiting:
        yield from _run_in_one_process(waiting, jobs, place, failures)
    for task, _ in failures:
        again: list[Failure] = []
        yield from _run_in_one_process(deque([task]), 1, place, again)
        for _, error in again:
            yield task.outcome(Status.INFRA_ERROR, f"{error} It was tried twice.")


def check(place: Place) -> None:
    """Raises ClusterError when no notebook can be run there, and says what is missing."""
    for _ in _run_in_one_process(deque(), 1, place, []):
        pass


def _run_in_one_process(
    waiting: deque[Task], jobs: int, place: Place, failures: list[Failure]
) -> Generator[Outcome]:
    """Take tasks off ``waiting`` until there is none, or the process dies."""
    # What a process began with, all its forks can read in /proc: nothing but what learners may see. All is on
    # loopback: without NO_PROXY, Python asks macOS for the system's proxies, by a framework after whose use a
    # process must not fork.
    environment = {name: os.environ[name] for name in (*INHERITED, "TMPDIR") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "k8slearn.grading.warm"],
        env={**environment, "NO_PROXY": "*"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is the batch's; it closes the pipe, and that ends this process
    )
    assert process.stdin is not None and process.stdout is not None
    running: dict[int, Task] = {}
    numbers = count()
    try:
        # A notebook must not run out of time because others run beside it: marks are the same for any number of jobs.
        patience = max(1.0, jobs / (os.cpu_count() or 1))
        hidden = [str(one) for one in place.hidden]
        _say(process.stdin, {"hidden": hidden, "unsafe": place.unsafe, "patience": patience})
        _await_ready(process.stdout)
        while waiting or running:
            while waiting and len(running) < jobs:
                number = next(numbers)
                running[number] = waiting.popleft()
                _say(process.stdin, {"number": number, "task": running[number].to_json()})
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


def _await_ready(stdout: IO[bytes]) -> None:
    """Raises ClusterError when no notebook can be run."""
    line = stdout.readline()
    if not line:
        raise ClusterError("The grader's process did not start. What it said is above; see: k8slearn doctor")
    answer = json.loads(line)
    if not answer["ready"]:
        raise ClusterError(
            f"Notebooks of others must run in a sandbox, and this machine has none to give: {answer['problem']} "
            "On Linux 5.14 or newer, let users make namespaces (sysctl user.max_user_namespaces, "
            "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or grade as root; "
            "elsewhere, grade in a virtual machine. If you trust every notebook as you trust your own: --unsafe"
        )


def _say(stdin: IO[bytes], message: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # it has died: the end of its output will say so
        stdin.write(json.dumps(message).encode() + b"\n")
        stdin.flush()
