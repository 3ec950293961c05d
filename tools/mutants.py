"""How strong are the checks? Try small wrongs of every right answer, and list those that pass all the same.

    python -m tools.mutants [LESSON…] [-j N]

Each mutant (``mutate.py``) runs as a learner's answer on a fresh embedded cluster and is judged. One that passes
is right in another way, or the check is too weak: what a person has found to be right stands in the lesson's
``mutants.yaml``, with the reason, and the run fails on all others, and on entries that match nothing any more.

    - mutant: "expose/*: * metadata.labels* dropped"
      why: Labels on the Service itself select nothing.

``*`` stands for any text. Answers and their mutants are named as the run prints them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import k8slearn
from k8slearn.course import Context, Lesson, Progress, texts
from k8slearn.course.loader import Folder, find, folders
from k8slearn.engines import Cluster
from k8slearn.errors import LessonError
from k8slearn.lab.magics import KubectlMagics
from tools.mutate import Mutant, mutants

SPEED = 20
"""Virtual seconds per second while kubectl runs. It counts its timeouts by the wall clock, so they shrink as much:
what a right answer waits for, its mutants mostly wait for in vain."""

_TIMEOUT = re.compile(r"--timeout=(\d+)s")


class Trial(NamedTuple):
    lesson: str
    exercise: str
    answer: str
    mutant: Mutant

    @property
    def name(self) -> str:
        return f"{self.exercise}/{self.answer}: {self.mutant.what}"


def main() -> int:
    """0 when every mutant fails or has been accepted, and every acceptance is of use."""
    parser = argparse.ArgumentParser(description="Try small wrongs of every right answer.")
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    chosen = [find(name) for name in options.lessons] or folders()
    bad = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for folder in chosen:
            trials = list(_trials(folder))
            survivors = [
                one.name for one, passed in zip(trials, pool.map(survives, trials), strict=True) if passed
            ]
            bad += tell(folder, len(trials), survivors)
    return 1 if bad else 0


def _trials(folder: Folder) -> Iterator[Trial]:
    for answer in folder.answers():
        if answer.draws is None:
            for mutant in mutants(answer.cells):
                yield Trial(folder.id, answer.exercise, answer.title, mutant)


def survives(trial: Trial) -> bool:
    """Whether the check passes though the answer is another. What a cell raises is the learner's to read."""
    shell = _shell()
    with (
        k8slearn.embedded(nodes=3, seed=1) as embedded,
        tempfile.TemporaryDirectory() as home,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        cluster = Cluster.of(embedded)
        lesson = Lesson(trial.lesson, cluster, lang="en", progress=Progress(Path(home) / "progress.json"))
        KubectlMagics.of(shell).use(cluster, lesson.namespace)
        pacemaker = embedded.serve().pacemaker
        embedded.run(lambda: pacemaker.set_speed(SPEED))
        shell.user_ns["lesson"] = lesson
        if lesson.exercises[trial.exercise].check.scene is not None:
            lesson.begin(trial.exercise)
        for cell in trial.mutant.cells:
            shell.run_cell(_TIMEOUT.sub(lambda waits: f"--timeout={ceil(int(waits[1]) / SPEED)}s", cell))
        embedded.run(pacemaker.pause)  # from here on time goes by as the check waits, and not beside it
        return lesson.exercises[trial.exercise].judge(Context(cluster, lesson.namespace)).passed


@cache
def _shell() -> Any:
    """IPython as in a notebook; a process can have one only."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "k8slearn.lab")
    return shell


def tell(folder: Folder, tried: int, survivors: list[str]) -> int:
    """Print what a lesson's run came to; how many things are wrong with it."""
    accepted = _accepted(folder.path / "mutants.yaml")
    unknown = [
        name for name in survivors if not any(pattern.fullmatch(name) for pattern in accepted.values())
    ]
    idle = [
        written
        for written, pattern in accepted.items()
        if not any(pattern.fullmatch(name) for name in survivors)
    ]
    print(
        f"{folder.id}: {tried} mutants, {len(survivors)} pass, {len(unknown)} of them not accepted",
        flush=True,
    )
    for name in unknown:
        print(f"  passes: {name}")
    for written in idle:
        print(f"  accepted, and does not pass: {written}")
    return len(unknown) + len(idle)


def _accepted(path: Path) -> dict[str, re.Pattern[str]]:
    if not path.is_file():
        return {}
    entries = texts.read_yaml(path)
    if not all(isinstance(one, dict) and one.keys() == {"mutant", "why"} and one["why"] for one in entries):
        raise LessonError(f"{path}: each entry has mutant and why, and nothing else.")
    patterns = {one["mutant"]: ".*".join(map(re.escape, one["mutant"].split("*"))) for one in entries}
    return {written: re.compile(pattern) for written, pattern in patterns.items()}


if __name__ == "__main__":
    # By its name as a module: IPython takes the place of __main__, where a worker would look for ``survives``.
    from tools import mutants as itself

    sys.exit(itself.main())
