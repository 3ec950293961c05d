"""Judge one submission: a cluster of its own, the learner's process in its sandbox, and the lesson's checks.

This runs in a fork of the warm process and ends with it. The learner's process is no child of it: it came from
the nursery, which knows no lesson. The checks run here, with the administrator's client, at the moment the
learner's process comes to the check cell; nothing that the process says has any part in the verdict.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8slearn.course import namespaces
from k8slearn.course.context import Context
from k8slearn.course.exercise import Result, StepResult
from k8slearn.course.loader import ANSWER, Folder, find
from k8slearn.embedded.cluster import Cluster as EmbeddedCluster
from k8slearn.embedded.server.credentials import Credentials
from k8slearn.engines import Cluster
from k8slearn.grading import access
from k8slearn.grading.learner import CellError, Ending, Learner, Refused, Run
from k8slearn.grading.nursery import Nursery
from k8slearn.grading.outcome import ANSWER_LIMIT, Mark, Outcome, Status, Step
from k8slearn.grading.splice import Handed
from k8slearn.grading.task import Task
from k8slearn.kube.duration import parse_duration
from k8slearn.lab.view import still

if TYPE_CHECKING:
    from k8slearn.embedded.server import Server

NODES = 3

SPEED = 20.0
"""Virtual seconds per second while a notebook runs: what it waits for with kubectl comes at once."""

LONGEST_WAIT = 3600.0
"""Virtual seconds that a notebook may let pass at a time."""

_STATUS = {
    Ending.DONE: Status.GRADED,
    Ending.TIMEOUT: Status.TIMEOUT,
    Ending.CRASHED: Status.CRASHED,
    Ending.OUTPUT_LIMIT: Status.OUTPUT_LIMIT,
}

_NOT_RUN = (Handed.MISSING, Handed.TOO_LONG)

_HINTS = {
    "NameError": (
        "Only the answer cells are run, with the lesson's own cells around them: what they use must be "
        "defined or imported in them."
    ),
}


_warm: list[tuple[EmbeddedCluster, Credentials]] = []
"""The cluster that every judge begins with (forked, it is its own), and the certificates that all of them have."""


def warm_up(folder: Path) -> None:
    """Do once, for all forks, what the first lesson of a process does: imports, schemas, clients, a cluster.

    ``folder`` keeps the certificates for as long as there are forks.
    """
    import_module("k8slearn.embedded.server")
    import_module("k8slearn.lab.view")
    with EmbeddedCluster(NODES) as tried:
        tried.settle()
        context = Context(Cluster.of(tried), "default")
        context.run("true")
        context.owned_pods("none")
    embedded = EmbeddedCluster(NODES, start=time.time())
    access.prepare(Cluster.of(embedded))
    embedded.settle()
    still(embedded.api_client, "default")
    _warm.append((embedded, Credentials.of(folder)))


@cache
def lesson(name: str) -> Folder:
    """The lesson's folder, its judges loaded. Raises LessonError."""
    folder = find(name)
    _ = folder.checks
    return folder


def judge(task: Task, nursery: Nursery, patience: float) -> Outcome:
    """The outcome of one submission; ``patience`` is its learner's.

    Any exception is the grader's failure, never the learner's.
    """
    started = time.monotonic()
    learner = Learner(nursery, task.limits, patience)
    try:
        with _cluster(task) as (cluster, embedded), _folder(task) as folder:
            namespace = lesson(task.lesson).namespace
            namespaces.make(cluster, namespace)
            access.open_namespaces(cluster, namespace)
            server = embedded.serve(folder, listening=learner.listening)
            embedded.run(lambda: server.pacemaker.set_speed(SPEED))
            desk = _Desk(task, cluster, server)
            address, authority = f"https://127.0.0.1:{server.port}", server.credentials.ca.read_bytes()
            kubeconfig = access.kubeconfig(cluster, address, authority, namespace)
            order = {"lesson": desk.told(), "kubeconfig": kubeconfig}
            run = learner.run(task.spliced.steps, order, desk)
            view = desk.view()
    finally:
        learner.close()
    return task.outcome(
        _STATUS[run.ending],
        run.detail,
        marks=desk.marks(run),
        output=run.output_tail,
        view=view,
        seconds=round(time.monotonic() - started, 3),
    )


@contextmanager
def _cluster(task: Task) -> Iterator[tuple[Cluster, EmbeddedCluster]]:
    """This process's own copy of the warm cluster; from here on chance is the submission's."""
    with _warm[0][0] as embedded:
        embedded.reseed(task.key)
        yield Cluster.of(embedded), embedded


@contextmanager
def _folder(task: Task) -> Iterator[Path]:
    folder = Path(task.folder)
    shutil.rmtree(folder, ignore_errors=True)  # left by a try that failed
    folder.mkdir(parents=True)
    _warm[0][1].lend(folder)
    os.environ.update(K8SLEARN_HOME=str(folder), K8SLEARN_LANG=task.lang)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Desk:
    """Where exercises begin and are judged, each at its time; what was not reached by the end has no points."""

    def __init__(self, task: Task, cluster: Cluster, server: Server) -> None:
        self._task = task
        self._server = server
        self._folder = lesson(task.lesson)
        self._handed = task.spliced.handed
        self._exercises = self._folder.exercises(task.lang, task.seed)
        self._answers = {step.id.removeprefix(ANSWER): step.source for step in task.spliced.steps}
        self._cluster = cluster
        self._context = Context(cluster, self._folder.namespace)
        self._begun: set[str] = set()
        self._results: dict[str, Result] = {}

    def told(self) -> dict[str, Any]:
        """What the learner's process is told of the lesson: what everybody with this seed may know."""
        return {
            "id": self._folder.id,
            "lang": self._task.lang,
            "seed": self._task.seed,
            "namespace": self._folder.namespace,
            "values": {name: dict(exercise.values) for name, exercise in self._exercises.items()},
            "tasks": {name: exercise.task for name, exercise in self._exercises.items()},
        }

    def judge(self, exercise: str) -> None:
        """Judge what stands in the cluster now. Raises ClusterError when the grader cannot.

        Who skipped the scene gets it now: what was built in its place does not count.
        """
        if self._handed.get(exercise) in _NOT_RUN:
            return
        if self._exercises[exercise].check.scene is not None and exercise not in self._begun:
            self.begin(exercise)
        with self._time_held():
            self._results[exercise] = self._exercises[exercise].judge(self._context)

    def begin(self, exercise: str) -> None:
        if exercise not in self._exercises or self._exercises[exercise].check.scene is None:
            raise Refused(f"{exercise!r} is no exercise with a scene of its own.")
        with self._time_held():
            self._exercises[exercise].begin(self._context)
        self._begun.add(exercise)
        access.open_namespaces(self._cluster, self._context.namespace)

    def wait(self, duration: object) -> None:
        try:
            seconds = parse_duration(duration) if isinstance(duration, str) else float(str(duration))
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= LONGEST_WAIT:
            raise Refused(f"lesson.wait takes 0 to {LONGEST_WAIT:g} seconds here.")
        self._cluster.let_pass(seconds)

    def settle(self) -> bool:
        assert self._cluster.clock is not None  # an embedded cluster has one
        return self._cluster.clock.settle()

    @contextmanager
    def _time_held(self) -> Iterator[None]:
        """Time goes on by what is waited for, and not by itself: a busy machine changes no verdict."""
        pacemaker = self._server.pacemaker
        self._server.call(pacemaker.pause)
        try:
            yield
        finally:
            self._server.call(pacemaker.resume)

    def marks(self, run: Run) -> tuple[Mark, ...]:
        return tuple(self._mark(exercise, run) for exercise in self._exercises)

    def view(self) -> str:
        """The map of the learner's namespace as it is now, as SVG."""
        return still(self._cluster.api_client, self._context.namespace, self._task.lang)

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
        if result is None and handed not in _NOT_RUN:
            notes.append("The run ended before this exercise was judged.")
        note = "\n".join(filter(None, notes))
        if result is None:
            return Mark(exercise, title, 0, most, note, answer=answer)
        return Mark(exercise, title, result.points, most, note, tuple(map(_step, result.steps)), answer)


def _told(error: CellError) -> str:
    return f"The answer cell raised {error.name}: {error.text} {_HINTS.get(error.name, '')}".strip()


def _step(step: StepResult) -> Step:
    said = step.feedback
    if said is None:
        return Step(step.title, step.status.value, id=step.id)
    return Step(step.title, step.status.value, said.seen, said.why, said.advice, said.key, step.id)
