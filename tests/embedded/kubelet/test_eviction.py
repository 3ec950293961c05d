"""A node ends pods that use too much of its disk, and pods when its memory runs short."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object

GREEDY = "head -c 3000000 /dev/zero > {path}; sleep 1000"


@pytest.fixture
def cluster():
    with Cluster(2) as cluster:
        cluster.settle()
        yield cluster


def run(cluster: Cluster, name: str, script: str, *, volume: Object | None = None, **container: Any) -> None:
    spec: Object = {
        "nodeName": "worker-1",
        "terminationGracePeriodSeconds": 30,
        "containers": [{"name": "a", "image": "busybox:1.37", "command": ["sh", "-c", script], **container}],
    }
    if volume is not None:
        spec["volumes"] = [{"name": "v", "emptyDir": volume}]
        spec["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/data"}]
    cluster.client.create("pods", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    cluster.settle()


def status(cluster: Cluster, name: str) -> Object:
    pod = cluster.client.get("pods", "default", name)
    assert pod is not None
    return pod["status"]


def node_condition(cluster: Cluster, kind: str) -> str:
    node = cluster.client.get("nodes", "", "worker-1")
    assert node is not None
    return next(c["status"] for c in node["status"]["conditions"] if c["type"] == kind)


def test_a_full_empty_dir_ends_its_pod_within_two_minutes(cluster: Cluster):
    run(cluster, "full", GREEDY.format(path="/data/f"), volume={"sizeLimit": "1Mi"})
    assert status(cluster, "full")["phase"] == "Running"
    cluster.clock.advance("2m")
    after = status(cluster, "full")
    assert (after["phase"], after["reason"]) == ("Failed", "Evicted")
    assert after["message"] == 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '
    assert after["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_an_empty_dir_within_its_limit_is_left_alone(cluster: Cluster):
    run(cluster, "small", GREEDY.format(path="/data/f"), volume={"sizeLimit": "3Mi"})
    cluster.clock.advance("5m")
    assert status(cluster, "small")["phase"] == "Running"


def test_what_a_container_writes_counts_against_its_storage_limit(cluster: Cluster):
    limits = {"limits": {"ephemeral-storage": "2Mi"}}
    run(cluster, "writer", GREEDY.format(path="/f"), resources=limits)
    cluster.clock.advance("30s")
    after = status(cluster, "writer")
    assert after["reason"] == "Evicted"
    assert after["message"] == "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. "


def test_the_log_counts_as_storage(cluster: Cluster):
    limits = {"limits": {"ephemeral-storage": "10Ki"}}
    run(cluster, "talker", "seq 5000; sleep 1000", resources=limits)
    cluster.clock.advance("30s")
    assert status(cluster, "talker")["reason"] == "Evicted"


def grow(cluster: Cluster, name: str, size: int) -> None:
    """Let the pod's program hold ``size`` bytes more."""
    from k8slearn.embedded.client import Key

    kubelet = cluster._faults._kubelets["worker-1"]
    worker = kubelet.worker(Key("default", name))
    assert worker is not None
    instance = worker.records["a"].instance
    assert instance is not None and instance.kernel.main is not None
    instance.kernel.main.allocate(size)


def test_short_of_memory_a_node_evicts_the_pod_that_exceeds_its_request_most(cluster: Cluster):
    run(cluster, "modest", "sleep 1000", resources={"requests": {"memory": "5Gi"}})
    run(cluster, "greedy", "sleep 1000")
    run(cluster, "other", "sleep 1000")
    grow(cluster, "modest", 4 * 1024**3)
    grow(cluster, "greedy", 3 * 1024**3)
    grow(cluster, "other", 900 * 1024**2)
    cluster.clock.advance("15s")
    assert status(cluster, "greedy")["reason"] == "Evicted"
    assert status(cluster, "greedy")["message"].startswith(
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
    )
    assert "request is 0, has larger consumption of memory. " in status(cluster, "greedy")["message"]
    target = next(c for c in status(cluster, "greedy")["conditions"] if c["type"] == "DisruptionTarget")
    assert target["reason"] == "TerminationByKubelet"
    assert {status(cluster, name)["phase"] for name in ("modest", "other")} == {"Running"}


def test_memory_pressure_shows_on_the_node_for_five_minutes_more(cluster: Cluster):
    run(cluster, "greedy", "sleep 1000")
    grow(cluster, "greedy", 8 * 1024**3)
    cluster.clock.advance("15s")
    assert node_condition(cluster, "MemoryPressure") == "True"
    node = cluster.client.get("nodes", "", "worker-1")
    assert node is not None
    assert [taint["key"] for taint in node["spec"]["taints"]] == ["node.kubernetes.io/memory-pressure"]
    cluster.clock.advance("4m")
    assert node_condition(cluster, "MemoryPressure") == "True"
    cluster.clock.advance("2m")
    assert node_condition(cluster, "MemoryPressure") == "False"


def test_the_systems_own_pods_are_never_evicted(cluster: Cluster):
    run(cluster, "greedy", "sleep 1000")
    grow(cluster, "greedy", 8 * 1024**3)
    cluster.clock.advance("2m")
    phases = {pod["status"]["phase"] for pod in cluster.client.list("pods", "kube-system")}
    assert phases == {"Running"}
