"""The kind engine with the real programs, on the cluster that ``k8slearn up --engine kind`` made."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.kind

K8SLEARN = str(Path(sys.executable).with_name("k8slearn"))


def k8slearn(*words: str, code: int = 0) -> str:
    done = subprocess.run([K8SLEARN, *words], capture_output=True, text=True, timeout=600)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def conditions() -> dict[str, str]:
    """Whether each node is Ready, as Kubernetes sees it: ``True``, ``False`` or ``Unknown``."""
    nodes = json.loads(k8slearn("kubectl", "get", "nodes", "-o", "json"))["items"]
    return {
        node["metadata"]["name"]: one["status"]
        for node in nodes
        for one in node["status"]["conditions"]
        if one["type"] == "Ready"
    }


def wait_for(condition: str, node: str, timeout: float = 180) -> None:
    deadline = time.monotonic() + timeout
    while conditions()[node] != condition:
        assert time.monotonic() < deadline, conditions()
        time.sleep(2)


def status() -> dict:
    return json.loads(k8slearn("status", "--engine", "kind", "--json"))


def test_up_again_finds_it_whole() -> None:
    before = status()
    k8slearn("up", "--engine", "kind")
    assert status() == before
    assert before["running"] and not before["problem"]


def test_a_crashed_node_is_missed_and_recovers() -> None:
    name = status()["name"]
    assert f"{name}-worker2 is stopped" in k8slearn("node", "crash", "worker-2")
    try:
        told = k8slearn("status", code=1)
        assert "Stopped: worker-2" in told
        wait_for("Unknown", f"{name}-worker2")
    finally:
        k8slearn("node", "recover", "worker-2")
    wait_for("True", f"{name}-worker2")
    k8slearn("status")


def test_top_and_the_lessons_images_are_there() -> None:
    assert "CPU" in k8slearn("kubectl", "top", "nodes")
    container = f"{status()['name']}-worker"
    listed = subprocess.run(
        ["docker", "exec", container, "crictl", "images"], capture_output=True, text=True, check=True
    ).stdout
    assert "k8slearn/app" in listed


def test_the_clock_of_a_real_cluster_cannot_be_moved() -> None:
    assert "Lessons wait for real there" in k8slearn("clock", "advance", "5m", code=1)
