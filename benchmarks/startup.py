"""How long a learner waits before the first answer."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Result, command, median
from k8slearn.engines import kubectl

K8SLEARN = str(Path(sys.executable).with_name("k8slearn"))


def help() -> Result:
    return Result(
        "k8slearn --help",
        median(command(K8SLEARN, "--help"), 11),
        0.150,
        "python -c pass",
        median(command(sys.executable, "-c", "pass"), 11),
    )


def up() -> Result:
    """From nothing to a first answer of kubectl, in a new home each time."""
    taken = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as home:
            env = {**os.environ, "K8SLEARN_HOME": home, "HOME": home}
            env.pop("K8SLEARN_KUBECONFIG", None)
            taken.append(_first_answer(home, env))
    floor = median(command(kubectl.find(), "version", "--client"))
    return Result(
        "k8slearn up, then kubectl get nodes",
        statistics.median(taken),
        1.0,
        "kubectl version --client",
        floor,
    )


def _first_answer(home: str, env: dict[str, str]) -> float:
    """Seconds from ``k8slearn up`` to the nodes."""
    config = f"{home}/cluster/kubeconfig"
    start = command(K8SLEARN, "up", env=env)
    nodes = command(kubectl.find(), "--kubeconfig", config, "get", "nodes", env=env)
    try:
        return median(lambda: (start(), nodes()), 1)
    finally:
        command(K8SLEARN, "down", env=env)()


_FIRST_POD = """
import k8slearn
from kubernetes import client

lesson = k8slearn.start("pods")
container = client.V1Container(name="model", image="nginx:1.29")
pod = client.V1Pod(metadata={"name": "model"}, spec={"containers": [container]})
lesson.cluster.core.create_namespaced_pod(lesson.namespace, pod)
assert lesson.check("serve").passed
"""


def first_checked_pod() -> Result:
    """What a learner does first, by script: a cluster from nothing, a lesson, a pod, its check."""
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "K8SLEARN_HOME": home, "HOME": home}
        env.pop("K8SLEARN_KUBECONFIG", None)
        start = command(K8SLEARN, "up", env=env)
        pod = command(sys.executable, "-c", _FIRST_POD, env=env)
        try:
            seconds = median(lambda: (start(), pod()), 1)
        finally:
            command(K8SLEARN, "down", env=env)()
    client = median(command(sys.executable, "-c", "import kubernetes.client, IPython"), 3)
    return Result(
        "from nothing to a checked pod", seconds, 5.0, "python -c 'import kubernetes, IPython'", client
    )


BENCHMARKS = [help, up, first_checked_pod]
