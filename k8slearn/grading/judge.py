"""Judge one submission: a cluster of its own, the learner's process beside it, and the lesson's checks.

This runs in a fork of the warm process and ends with it. The order matters: the learner's process is forked
first, so that it holds no credential of the cluster but the one it is given, and no thread of the server's.
The checks run here, with the administrator's client, at the moment the learner's process comes to the check
cell; nothing that the process says has any part in the verdict.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from k8slearn.course.context import Context
from k8slearn.course.exercise import Result, StepResult
from k8slearn.course.loader import ANSWER, find
from k8slearn.embedded.cluster import Cluster as EmbeddedCluster
from k8slearn.engines import Cluster
from k8slearn.grading.learner import CellError, Ending, Learner, Run
from k8slearn.grading.outcome import ANSWER_LIMIT, Mark, Outcome, Status, Step
from k8slearn.grading.splice import Handed
from k8slearn.grading.task import Task
from k8slearn.lab.view import still

NODES = 3

SPEED = 20.0
"""Virtual seconds per second while a notebook runs: what it waits for with kubectl comes at once."""

_STATUS = {
    Ending.DONE: Status.GRADED,
    Ending.TIMEOUT: Status.TIMEOUT,
    Ending.CRASHED: Status.CRASHED,
    Ending.OUTPUT_LIMIT: Status.OUTPUT_LIMIT,
}

_HINTS = {
    "NameError": (
        "Only the answer cells are run, with the lesson's own cells around them: what they use must be "
        "defined or imported in them."
    ),
}


def warm_up() -> None:
    """Do once, for all forks, what the first lesson of a process does: imports, schemas, clients."""
    import_module("IPython.core.interactiveshell")
    import_module("k8slearn.embedded.server")
    import_module("k8slearn.lab.lesson")
    import_module("k8slearn.lab.magics")
    import_module("k8slearn.lab.view")
    with EmbeddedCluster(NODES) as embedded:
        embedded.settle()
        cluster = Cluster.of(embedded)
        context = Context(cluster, "default")
        context.run("true")
        context.owned_pods("none")


def judge(task: Task, announce: Callable[[int], None]) -> Outcome:
    """The outcome of one submission. ``announce`` is told the learner's process, which outlives no judge.

    Any exception is the grader's failure, never the learner's.
    """
    started = time.monotonic()
    folder = Path(task.folder)
    home, work = folder / "home", folder / "work"
    learner = Learner(task.limits)
    announce(learner.pid)
    try:
        shutil.rmtree(folder, ignore_errors=True)  # left by a try that failed
        home.mkdir(parents=True)
        work.mkdir()
        os.environ.update(K8SLEARN_HOME=str(folder), K8SLEARN_LANG=task.lang)
        seed = int.from_bytes(task.key.encode()[:16])
        with EmbeddedCluster(NODES, seed, start=time.time()) as embedded:
            embedded.settle()
            server = embedded.serve(folder / "cluster")
            embedded.run(lambda: server.pacemaker.set_speed(SPEED))
            bench = _Bench(task, Cluster.of(embedded))
            run = learner.run(
                task.spliced.steps, str(work), _environment(task, home, embedded.kubeconfig), bench.judge
            )
            view = bench.view()
    finally:
        learner.close()
        shutil.rmtree(folder, ignore_errors=True)
    return task.outcome(
        _STATUS[run.ending],
        run.detail,
        marks=bench.marks(run),
        output=run.output_tail,
        view=view,
        seconds=round(time.monotonic() - started, 3),
    )


def _environment(task: Task, home: Path, kubeconfig: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "KUBECONFIG": str(kubeconfig),
        "K8SLEARN_KUBECONFIG": str(kubeconfig),
        "K8SLEARN_HOME": str(home),
        "K8SLEARN_STRICT": "1",
        "K8SLEARN_LANG": task.lang,
        "K8SLEARN_SEED": task.seed,
        "GOGC": "400",  # kubectl ends before it is worth collecting its garbage: a sixth less of its time
    }


class _Bench:
    """Where exercises are judged, each at its time; what was not reached by the end has no points."""

    def __init__(self, task: Task, cluster: Cluster) -> None:
        folder = find(task.lesson)
        self._handed = task.spliced.handed
        self._exercises = folder.exercises(task.lang, task.seed)
        self._answers = {step.id.removeprefix(ANSWER): step.source for step in task.spliced.steps}
        self._context = Context(cluster, folder.namespace)
        self._lang = task.lang
        self._results: dict[str, Result] = {}
        self._notes: dict[str, str] = {}

    def judge(self, exercise: str) -> None:
        """Judge what stands in the cluster now. Raises ClusterError when the grader cannot."""
        if self._handed.get(exercise) is Handed.MISSING:
            return
        if not self._namespace_stands():
            self._notes[exercise] = (
                f"The namespace {self._context.namespace} was deleted: there is nothing to judge."
            )
            return
        self._results[exercise] = self._exercises[exercise].judge(self._context)

    def marks(self, run: Run) -> tuple[Mark, ...]:
        return tuple(self._mark(exercise, run) for exercise in self._exercises)

    def view(self) -> str:
        """The map of the learner's namespace as it is now, as SVG."""
        return still(self._context.cluster.api_client, self._context.namespace, self._lang)

    def _namespace_stands(self) -> bool:
        namespaces = self._context.core.list_namespace().items
        return any(
            one.metadata.name == self._context.namespace and one.status.phase == "Active"
            for one in namespaces
        )

    def _mark(self, exercise: str, run: Run) -> Mark:
        title, most = self._exercises[exercise].title, self._exercises[exercise].points
        result = self._results.get(exercise)
        handed = self._handed[exercise]
        answer = "" if handed is Handed.BLANK else self._answers.get(exercise, "")[:ANSWER_LIMIT]
        if result is not None and result.passed:
            return Mark(exercise, title, result.points, most, "", tuple(map(_step, result.steps)), answer)
        notes = [handed.note(exercise)]
        if error := run.errors.get(ANSWER + exercise):
            notes.append(_told(error))
        if result is None and handed is not Handed.MISSING:
            notes.append(self._notes.get(exercise, "The run ended before this exercise was judged."))
        note = "\n".join(filter(None, notes))
        if result is None:
            return Mark(exercise, title, 0, most, note, answer=answer)
        return Mark(exercise, title, result.points, most, note, tuple(map(_step, result.steps)), answer)


def _told(error: CellError) -> str:
    return f"The answer cell raised {error.name}: {error.text} {_HINTS.get(error.name, '')}".strip()


def _step(step: StepResult) -> Step:
    said = step.feedback
    if said is None:
        return Step(step.title, step.status.value)
    return Step(step.title, step.status.value, said.seen, said.why, said.advice, said.key)
