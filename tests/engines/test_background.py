"""``k8slearn up`` and ``down``, as a learner meets them: twice, after a crash, with a port that is taken."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8slearn.engines import kubectl

K8SLEARN = str(Path(sys.executable).with_name("k8slearn"))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def k8slearn(home: Path) -> Iterator[Run]:
    """Runs the command in a home of its own, and leaves no cluster behind."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("K8SLEARN_")}
    env |= {"K8SLEARN_HOME": str(home), "HOME": str(home)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([K8SLEARN, *words], env=env, capture_output=True, text=True, timeout=60)

    yield run
    run("down")


def kubectl_in(home: Path, *words: str, input: str | None = None) -> str:
    command = [kubectl.find(), "--kubeconfig", str(home / "cluster" / "kubeconfig"), *words]
    env = {**os.environ, "HOME": str(home)}
    done = subprocess.run(command, input=input, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pid(home: Path) -> int:
    return json.loads((home / "cluster" / "server.json").read_text())["pid"]


def kill(k8slearn: Run, home: Path) -> None:
    """As ``kill -9`` does; a process takes a moment to be gone."""
    os.kill(pid(home), signal.SIGKILL)
    while k8slearn("status").returncode == 0:
        pass


def test_up_gives_three_nodes_to_kubectl_and_down_leaves_none(k8slearn: Run, home: Path):
    assert k8slearn("up").returncode == 0
    nodes = kubectl_in(home, "get", "nodes", "-o", "name").split()
    assert nodes == ["node/control-plane", "node/worker-1", "node/worker-2"]
    assert json.loads(k8slearn("status", "--json").stdout)["running"]
    assert k8slearn("down").returncode == 0
    assert k8slearn("status").returncode == 1


def test_a_second_up_finds_the_first_one_running(k8slearn: Run, home: Path):
    k8slearn("up")
    first = pid(home)
    again = k8slearn("up")
    assert again.returncode == 0 and pid(home) == first


def test_asking_for_other_nodes_than_run_is_refused_with_the_way_out(k8slearn: Run):
    k8slearn("up", "--nodes", "2")
    refused = k8slearn("up", "--nodes", "4")
    assert refused.returncode == 1
    assert "2 nodes is running" in refused.stderr and "k8slearn down" in refused.stderr


def test_a_killed_cluster_carries_on_with_everything_that_it_acknowledged(k8slearn: Run, home: Path):
    k8slearn("up")
    for number in range(5):
        kubectl_in(home, "create", "configmap", f"c{number}")
    kill(k8slearn, home)
    assert k8slearn("up").returncode == 0
    found = kubectl_in(home, "get", "configmaps", "-o", "name")
    assert [f"configmap/c{n}" in found for n in range(5)] == [True] * 5


def test_a_pod_survives_a_killed_cluster_with_its_containers_started_again(k8slearn: Run, home: Path):
    k8slearn("up")
    kubectl_in(home, "run", "web", "--image=nginx:1.29")
    kubectl_in(home, "wait", "--for=condition=Ready", "pod/web", "--timeout=30s")
    kill(k8slearn, home)
    k8slearn("up")
    kubectl_in(home, "wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/web")
    kubectl_in(home, "wait", "--for=condition=Ready", "pod/web", "--timeout=30s")


def test_a_note_of_a_cluster_that_is_gone_misleads_nobody(k8slearn: Run, home: Path):
    folder = home / "cluster"
    folder.mkdir(parents=True)
    note = {"pid": os.getpid(), "port": 1, "nodes": 3, "kubeconfig": "/nowhere"}
    (folder / "server.json").write_text(json.dumps(note))
    assert "No cluster is running" in k8slearn("status").stdout
    assert "No cluster was running" in k8slearn("down").stdout
    assert k8slearn("up").returncode == 0


def test_a_port_in_use_is_named_with_what_to_do(k8slearn: Run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = k8slearn("up", "--port", str(port))
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr and "--port" in refused.stderr


def test_a_home_that_cannot_be_made_is_named_with_what_to_do(k8slearn: Run, home: Path):
    home.write_text("a file where the folder should be")
    refused = k8slearn("up")
    assert refused.returncode == 1
    assert str(home) in refused.stderr and "K8SLEARN_HOME" in refused.stderr
    home.unlink()


def test_without_a_cluster_the_way_to_one_is_told(k8slearn: Run):
    for words in (["kubeconfig"], ["clock", "show"], ["check", "pods"]):
        refused = k8slearn(*words)
        assert refused.returncode == 1 and "k8slearn up" in refused.stderr


def test_the_clock_moves_and_old_objects_grow_older_but_never_young(k8slearn: Run, home: Path):
    k8slearn("up")
    kubectl_in(home, "create", "configmap", "old")
    assert k8slearn("clock", "advance", "1h").returncode == 0
    kubectl_in(home, "create", "configmap", "new")
    ages = kubectl_in(home, "get", "configmaps", "old", "new", "--no-headers").split()
    assert ages[2] in ("60m", "61m") and ages[5].endswith("s")
    created = kubectl_in(home, "get", "configmap", "new", "-o", "jsonpath={.metadata.creationTimestamp}")
    assert created <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def test_what_is_no_duration_is_refused(k8slearn: Run):
    k8slearn("up")
    refused = k8slearn("clock", "advance", "soon")
    assert refused.returncode == 2 and "5m, 90s or 1h30m" in refused.stderr


def test_the_trace_tells_who_did_what_down_to_the_pods(k8slearn: Run, home: Path):
    k8slearn("up")
    kubectl_in(home, "create", "deployment", "web", "--image=nginx:1.29")
    kubectl_in(home, "rollout", "status", "deployment/web", "--timeout=30s")
    told = k8slearn("trace", "deployment/web").stdout.splitlines()
    parts = ["deployment-controller", "replicaset-controller", "default-scheduler", "kubelet"]
    firsts = [next(number for number, line in enumerate(told) if f" {part} " in line) for part in parts]
    assert firsts == sorted(firsts), "each acts on what the one before it wrote"
    assert "no kind" in k8slearn("trace", "gadget/web").stderr
