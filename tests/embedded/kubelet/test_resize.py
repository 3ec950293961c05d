"""A running pod's CPU and memory change in place, when its node has room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(2) as cluster:
        cluster.settle()
        yield cluster


def run(cluster: Cluster, name: str, cpu: str, **container: Any) -> None:
    resources = {"requests": {"cpu": cpu, "memory": "64Mi"}, "limits": {"cpu": "4", "memory": "128Mi"}}
    spec = {
        "name": "a",
        "image": "busybox:1.37",
        "command": ["sh", "-c", "trap exit TERM; sleep 10000"],
        "resources": resources,
        **container,
    }
    metadata = {"name": name, "namespace": "default"}
    cluster.client.create(
        "pods", {"metadata": metadata, "spec": {"nodeName": "worker-1", "containers": [spec]}}
    )
    cluster.settle()


def resize(cluster: Cluster, name: str, **requests: str) -> Response:
    body = {"spec": {"containers": [{"name": "a", "resources": {"requests": requests}}]}}
    answer = cluster.handle(
        Request(
            "PATCH",
            f"/api/v1/namespaces/default/pods/{name}/resize",
            headers={"content-type": "application/strategic-merge-patch+json"},
            body=orjson.dumps(body),
        )
    )
    cluster.settle()
    assert isinstance(answer, Response)
    return answer


def pod(cluster: Cluster, name: str) -> Object:
    found = cluster.client.get("pods", "default", name)
    assert found is not None
    return found


def given(cluster: Cluster, name: str) -> str:
    return pod(cluster, name)["status"]["containerStatuses"][0]["resources"]["requests"]["cpu"]


def condition(cluster: Cluster, name: str) -> Object | None:
    conditions = pod(cluster, name)["status"]["conditions"]
    return next((c for c in conditions if c["type"].startswith("PodResize")), None)


def test_a_resize_takes_effect_without_a_restart(cluster: Cluster):
    run(cluster, "web", "100m")
    assert resize(cluster, "web", cpu="1").status == 200
    status = pod(cluster, "web")["status"]
    assert given(cluster, "web") == "1"
    assert status["allocatedResources"]["cpu"] == status["resources"]["requests"]["cpu"] == "1"
    assert status["containerStatuses"][0]["restartCount"] == 0
    assert pod(cluster, "web")["metadata"]["generation"] == status["observedGeneration"] == 2
    assert condition(cluster, "web") is None


def test_a_container_may_ask_to_be_restarted(cluster: Cluster):
    run(
        cluster, "web", "100m", resizePolicy=[{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    )
    resize(cluster, "web", memory="100Mi")
    status = pod(cluster, "web")["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["resources"]["requests"]["memory"]) == (1, "100Mi")


def test_a_resize_waits_until_the_node_has_room(cluster: Cluster):
    run(cluster, "web", "100m")
    run(cluster, "other", "3")
    resize(cluster, "web", cpu="2")
    waiting = condition(cluster, "web")
    assert waiting is not None
    assert (waiting["type"], waiting["reason"]) == ("PodResizePending", "Deferred")
    assert waiting["message"] == (
        "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"
    )
    assert given(cluster, "web") == "100m"
    cluster.client.delete("pods", pod(cluster, "other"))
    cluster.settle()
    cluster.clock.advance("30s")
    assert given(cluster, "web") == "2"
    assert condition(cluster, "web") is None


def test_taking_a_waiting_resize_back_ends_it(cluster: Cluster):
    run(cluster, "web", "100m")
    run(cluster, "other", "3")
    resize(cluster, "web", cpu="2")
    resize(cluster, "web", cpu="100m")
    assert condition(cluster, "web") is None
    reasons = [event["reason"] for event in cluster.client.list("events", "default")]
    assert "ResizeDeferred" in reasons
    assert "ResizeStarted" not in reasons


def test_more_than_the_node_has_is_refused(cluster: Cluster):
    run(cluster, "web", "100m", resources={"requests": {"cpu": "100m"}})
    answer = resize(cluster, "web", cpu="5")
    assert answer.status == 403
    why = "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000"
    assert why in orjson.loads(answer.body)["message"]


def test_a_quota_counts_a_resize(cluster: Cluster):
    run(cluster, "web", "100m")
    hard = {"requests.cpu": "500m"}
    quota = {"metadata": {"name": "small", "namespace": "default"}, "spec": {"hard": hard}}
    cluster.client.create("resourcequotas", quota)
    cluster.settle()
    assert resize(cluster, "web", cpu="1").status == 403
    assert resize(cluster, "web", cpu="400m").status == 200
    stored = cluster.client.get("resourcequotas", "default", "small")
    assert stored is not None
    assert stored["status"]["used"] == {"requests.cpu": "400m"}


def test_a_static_pod_keeps_its_resources(cluster: Cluster):
    resources = {"requests": {"cpu": "200m"}}
    body = {"spec": {"containers": [{"name": "etcd", "resources": resources}]}}
    path = "/api/v1/namespaces/kube-system/pods/etcd-control-plane/resize"
    headers = {"content-type": "application/strategic-merge-patch+json"}
    answer = cluster.handle(Request("PATCH", path, headers=headers, body=orjson.dumps(body)))
    assert isinstance(answer, Response)
    assert answer.status == 422
    assert "static pods cannot be resized" in orjson.loads(answer.body)["message"]
