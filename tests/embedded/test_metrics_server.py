"""What metrics.k8s.io says of real simulated containers, and an autoscaler that goes by it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster
from k8slearn.kube import quantity

BASE = "/apis/metrics.k8s.io/v1beta1"
BUSY = "while true; do :; done"


def ask(cluster: Cluster, path: str, method: str = "GET", **query: str) -> tuple[int, Any]:
    pairs = {name: [value] for name, value in query.items()}
    answer = cluster.handle(Request(method, f"{BASE}/{path}", pairs))
    assert isinstance(answer, Response)
    return answer.status, orjson.loads(answer.body)


def run(cluster: Cluster, name: str, script: str, **resources: dict[str, str]) -> None:
    container = {
        "name": "main",
        "image": "busybox:1.37",
        "command": ["sh", "-c", script],
        "resources": resources,
    }
    metadata = {"name": name, "namespace": "default", "labels": {"app": name}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    cluster.client.create("pods", {"metadata": metadata, "spec": spec})
    cluster.settle()


def cores(found: dict[str, Any]) -> float:
    return float(quantity.parse(found["containers"][0]["usage"]["cpu"]))


@pytest.fixture
def cluster():
    with Cluster(3) as cluster:
        cluster.settle()
        yield cluster


def test_metrics_come_with_the_second_scrape(cluster):
    assert ask(cluster, "nodes") == (
        200,
        {"kind": "NodeMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": []},
    )
    cluster.clock.advance(60)
    assert len(ask(cluster, "nodes")[1]["items"]) == 3
    run(cluster, "late", "sleep 9999")
    code, status = ask(cluster, "namespaces/default/pods/late")
    assert (code, status["message"]) == (404, 'podmetrics.metrics.k8s.io "default/late" not found')
    cluster.clock.advance(30)
    assert ask(cluster, "namespaces/default/pods/late")[0] == 200


def test_a_busy_container_shows_its_limit_and_an_idle_one_nothing(cluster):
    run(cluster, "busy", BUSY, limits={"cpu": "100m"})
    run(cluster, "idle", "sleep 9999")
    cluster.clock.advance(60)
    _, found = ask(cluster, "namespaces/default/pods")
    busy, idle = found["items"]
    assert cores(busy) == pytest.approx(0.1, rel=0.01)
    assert (idle["containers"][0]["usage"]["cpu"], idle["window"]) == ("0", "15s")
    assert idle["metadata"]["labels"] == {"app": "idle"}
    selected = ask(cluster, "pods", labelSelector="app=busy")[1]["items"]
    assert [one["metadata"]["name"] for one in selected] == ["busy"]


def test_a_node_uses_what_its_pods_use_and_something_itself(cluster):
    cluster.clock.advance(60)
    before = {one["metadata"]["name"]: one["usage"] for one in ask(cluster, "nodes")[1]["items"]}
    run(cluster, "busy", BUSY, limits={"cpu": "200m"})
    cluster.clock.advance(60)
    node = cluster.client.get("pods", "default", "busy")["spec"]["nodeName"]
    after = ask(cluster, f"nodes/{node}")[1]["usage"]
    assert quantity.parse(after["cpu"]) - quantity.parse(before[node]["cpu"]) == pytest.approx(0.2, rel=0.01)
    assert quantity.parse(after["memory"]) > quantity.parse(before[node]["memory"])


def test_a_lost_node_has_no_metrics(cluster):
    cluster.clock.advance(60)
    cluster.nodes["worker-1"].crash()
    code, status = ask(cluster, "nodes/worker-1")
    assert (code, status["message"]) == (404, 'nodemetrics.metrics.k8s.io "worker-1" not found')


def test_a_container_that_restarts_begins_anew(cluster):
    run(cluster, "weak", "sleep 20")
    cluster.clock.advance(16)
    assert ask(cluster, "namespaces/default/pods/weak")[0] == 200
    cluster.clock.advance(10)
    assert ask(cluster, "namespaces/default/pods/weak")[0] == 404


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("namespaces/default/pods/nosuch", 'pods "nosuch" not found'),
        ("nodes/nosuch", 'node "nosuch" not found'),
    ],
)
def test_what_does_not_exist_is_not_found(cluster, path, message):
    code, status = ask(cluster, path)
    assert (code, status["message"]) == (404, message)


def test_the_api_is_read_only(cluster):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert ask(cluster, "namespaces/default/pods/x", method)[0] == 405
    code, status = ask(cluster, "pods", watch="true")
    assert (code, status["message"]) == (
        405,
        'watch is not supported on resources of kind "pods.metrics.k8s.io"',
    )


def test_a_namespace_with_metrics_can_be_deleted(cluster):
    run(cluster, "box", "sleep 9999")
    cluster.client.create("namespaces", {"metadata": {"name": "gone"}})
    cluster.settle()
    cluster.client.delete("namespaces", cluster.client.get("namespaces", "", "gone"))
    cluster.settle()
    assert cluster.client.get("namespaces", "", "gone") is None


def test_skewed_metrics_mislead_an_autoscaler(cluster):
    run(cluster, "box", "sleep 9999")
    resources = {"requests": {"cpu": "100m"}}
    container = {"name": "main", "image": "busybox:1.37", "command": ["sh", "-c", "sleep 9999"]}
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{**container, "resources": resources}]},
    }
    spec = {"selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": "web", "namespace": "default"}
    cluster.client.create("deployments.apps", {"metadata": metadata, "spec": spec})
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "2Mi"}}
    autoscaler = {
        "scaleTargetRef": target,
        "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": memory}],
    }
    resource = "horizontalpodautoscalers.autoscaling"
    cluster.client.create(resource, {"metadata": metadata, "spec": autoscaler})
    cluster.clock.advance(60)
    assert cluster.client.get("deployments.apps", "default", "web")["spec"]["replicas"] == 1
    pod = next(p for p in cluster.client.list("pods", "default") if p["metadata"]["name"].startswith("web-"))
    cluster.metrics.skew("default", pod["metadata"]["name"], 6)
    cluster.clock.advance(16)
    assert cluster.client.get("deployments.apps", "default", "web")["spec"]["replicas"] > 1


def test_a_busy_deployment_grows_and_shrinks_again(cluster):
    """The whole way: shell, meter, metrics-server, autoscaler, scale, ReplicaSet, kubelet."""
    script = "end=$(($(date +%s) + 100)); while [ $(date +%s) -lt $end ]; do :; done; sleep 99999"
    resources = {"requests": {"cpu": "50m"}, "limits": {"cpu": "100m"}}
    container = {
        "name": "main",
        "image": "busybox:1.37",
        "command": ["sh", "-c", script],
        "resources": resources,
    }
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    metadata = {"name": "web", "namespace": "default"}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    cluster.client.create("deployments.apps", {"metadata": metadata, "spec": spec})
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    autoscaler = {
        "scaleTargetRef": target,
        "maxReplicas": 4,
        "metrics": [{"type": "Resource", "resource": cpu}],
    }
    resource = "horizontalpodautoscalers.autoscaling"
    cluster.client.create(resource, {"metadata": metadata, "spec": autoscaler})

    def replicas() -> int:
        return cluster.client.get("deployments.apps", "default", "web")["spec"]["replicas"]

    cluster.clock.advance(60)
    assert replicas() == 4
    cluster.clock.advance(360)
    assert replicas() == 4, "the last high recommendation is not five minutes old"
    cluster.clock.advance(120)
    assert replicas() == 1
