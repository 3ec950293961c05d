"""How long an instructor waits."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import Result, command, median
from k8slearn import embedded, paths
from k8slearn.engines import kubectl
from k8slearn.grading import runner
from k8slearn.grading.learner import Limits
from k8slearn.grading.runner import Place
from k8slearn.grading.splice import Handed, Spliced, Step
from k8slearn.grading.task import Task

SUBMISSIONS = 20
CLASS = 200
CELLS = 10
JOBS = 2

_SETUP = "import k8slearn\nlesson = k8slearn.start('pods')\ncore, namespace = lesson.cluster.core, lesson.namespace"
_CLIENT = (
    "made = core.create_namespaced_config_map(namespace, {{'metadata': {{'name': 'a-{number}'}}}})\n"
    "found = core.list_namespaced_pod(namespace).items"
)
_CLIENT_POD = (
    "made = core.create_namespaced_pod(namespace, {'metadata': {'name': 'model'},"
    " 'spec': {'containers': [{'name': 'a', 'image': 'nginx:1.29'}]}})"
)
_KUBECTL = "%kubectl create configmap a-{number}"
_KUBECTL_POD = "%kubectl run model --image=nginx:1.29"
"""The last cell is an answer: lesson 01-pods asks for a pod that is called model."""


def grade() -> Result:
    """Twenty solved submissions of a lesson, beside starting as many bare Python kernels' interpreters."""
    k8slearn = str(Path(sys.executable).with_name("k8slearn"))
    solved = paths.lessons() / "solutions" / "en" / "01-pods.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        submissions = Path(folder) / "submissions"
        submissions.mkdir()
        for number in range(SUBMISSIONS):
            shutil.copy(solved, submissions / f"learner-{number:02}.ipynb")
        grading = command(k8slearn, "grade", str(submissions), "--out", f"{folder}/marks")
        seconds = median(grading, 1)
    return Result(
        f"grading {SUBMISSIONS} submissions",
        seconds,
        10.0,
        "python -c 'import IPython', as often",
        _interpreter() * SUBMISSIONS,
    )


def client() -> Result:
    """A class whose ten answer cells each use the Python client, a sandbox and a cluster each."""
    seconds = median(lambda: _judge(CLASS, _CLIENT, _CLIENT_POD), 1)
    floor = f"python -c 'import IPython', as often, {JOBS} at a time"
    return Result(
        f"grading {CLASS} notebooks of {CELLS} client cells",
        seconds,
        15.0,
        floor,
        _interpreter() * CLASS / JOBS,
    )


def kubectl_cells() -> Result:
    """The same with a kubectl command in each cell, beside those commands alone; the goal is 1.3 times that."""
    seconds = median(lambda: _judge(SUBMISSIONS, _KUBECTL, _KUBECTL_POD), 1)
    alone = median(lambda: _run_kubectl(SUBMISSIONS * CELLS), 1)
    floor = f"those kubectl commands alone, {JOBS} at a time"
    return Result(
        f"grading {SUBMISSIONS} notebooks of {CELLS} kubectl cells", seconds, 1.3 * alone, floor, alone
    )


def _interpreter() -> float:
    return median(command(sys.executable, "-c", "import IPython"), 3)


def _judge(count: int, source: str, last: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tasks = [_task(f"learner-{number}", source, last, folder) for number in range(count)]
        for outcome in runner.run(tasks, JOBS, Place()):
            assert outcome.points == 3, outcome.detail


def _task(name: str, source: str, last: str, folder: str) -> Task:
    cells = [Step(f"cell-{number}", source.format(number=number)) for number in range(CELLS - 1)]
    steps = (Step("setup", _SETUP), *cells, Step("answer-serve", last), Step("check-serve", "", "serve"))
    exercises = ("serve", "image", "finish", "together", "crash")
    spliced = Spliced(steps, dict.fromkeys(exercises, Handed.MISSING) | {"serve": Handed.ANSWERED})
    return Task(name, name, "01-pods", "en", "0", "", name, f"{folder}/{name}", spliced, Limits())


def _run_kubectl(count: int) -> None:
    with embedded(nodes=3) as cluster, ThreadPoolExecutor(JOBS) as pool:
        cluster.settle()
        cluster.serve()
        words = [kubectl.find(), "--kubeconfig", str(cluster.kubeconfig), "create", "configmap"]

        def run(number: int) -> None:
            subprocess.run([*words, f"a-{number}"], check=True, capture_output=True)

        list(pool.map(run, range(count)))


BENCHMARKS = [grade, client, kubectl_cells]
