"""A disk without room: writes are refused with a sentence, reads go on, and nothing is lost when there is room."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

PODS = "/api/v1/namespaces/default/pods"


def ask(cluster: Cluster, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    headers = {"content-type": "application/json"}
    answer = cluster.handle(Request(method, path, {}, headers, orjson.dumps(body) if body else b""))
    assert isinstance(answer, Response)
    return answer.status, orjson.loads(answer.body)


def pod(name: str) -> dict:
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}], "terminationGracePeriodSeconds": 1},
    }


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Leave no room on the disk from now on; ``monkeypatch.undo`` makes some."""

    def no_room(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    return lambda: monkeypatch.setattr(os, "write", no_room)


def test_writes_are_refused_reads_go_on_and_the_cluster_catches_up_when_there_is_room(
    tmp_path: Path, fill: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Cluster(2, 1, journal=tmp_path / "journal") as cluster:
        assert ask(cluster, "POST", PODS, pod("web"))[0] == 201
        fill()
        status, refused = ask(cluster, "POST", PODS, pod("late"))
        assert (status, refused["kind"]) == (507, "Status")
        assert "No space left on device" in refused["message"] and "Make room" in refused["message"]
        cluster.clock.advance(120)  # the kubelet has started the pod and cannot tell
        status, found = ask(cluster, "GET", f"{PODS}/web")
        assert (status, found["status"]["phase"]) == (200, "Pending")
        assert ask(cluster, "DELETE", f"{PODS}/web")[0] == 507
        monkeypatch.undo()
        cluster.clock.advance(300)  # whoever was refused has waited longer each time
        assert ask(cluster, "GET", f"{PODS}/web")[1]["status"]["phase"] == "Running"
        assert ask(cluster, "GET", f"{PODS}/late")[0] == 404
        nodes = ask(cluster, "GET", "/api/v1/nodes")[1]["items"]
        conditions = [one for node in nodes for one in node["status"]["conditions"]]
        assert [one["status"] for one in conditions if one["type"] == "Ready"] == ["True", "True"]
