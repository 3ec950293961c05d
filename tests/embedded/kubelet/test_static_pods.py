"""The control plane's pods: static, mirrored in the API, and kube-proxy on every node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        cluster.settle()
        yield cluster


def pods(cluster: Cluster, label: str, value: str) -> list[Object]:
    found = cluster.client.list("pods", "kube-system")
    return [pod for pod in found if pod["metadata"]["labels"].get(label) == value]


def etcd(cluster: Cluster) -> Object:
    (pod,) = pods(cluster, "component", "etcd")
    return pod


def test_the_control_plane_shows_as_ready_mirror_pods(cluster: Cluster):
    shown = pods(cluster, "tier", "control-plane")
    assert [pod["metadata"]["name"] for pod in shown] == [f"{name}-control-plane" for name in COMPONENTS]
    for pod in shown:
        assert pod["spec"]["priorityClassName"] == "system-node-critical"
        assert pod["metadata"]["ownerReferences"][0]["kind"] == "Node"
        assert pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"
        assert pod["status"]["podIP"] == pod["status"]["hostIP"]
        assert pod["status"]["containerStatuses"][0]["ready"] is True


def test_a_mirror_has_no_service_account(cluster: Cluster):
    assert "serviceAccountName" not in etcd(cluster)["spec"]


def test_a_deleted_mirror_comes_back_while_its_container_runs_on(cluster: Cluster):
    before = etcd(cluster)
    cluster.client.delete("pods", before)
    cluster.settle()
    after = etcd(cluster)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]


def test_the_deleted_owner_of_a_mirror_takes_it_along_until_it_registers_again(cluster: Cluster):
    node = cluster.client.get("nodes", "", "control-plane")
    assert node is not None
    cluster.client.delete("nodes", node)
    cluster.clock.advance("2m")
    assert pods(cluster, "component", "etcd") == []
    cluster.nodes["control-plane"].recover()
    cluster.clock.advance("2m")
    assert etcd(cluster)["status"]["phase"] == "Running"


def test_every_node_has_a_kube_proxy(cluster: Cluster):
    proxies = pods(cluster, "k8s-app", "kube-proxy")
    assert sorted(pod["spec"]["nodeName"] for pod in proxies) == ["control-plane", "worker-1", "worker-2"]
    assert {pod["status"]["phase"] for pod in proxies} == {"Running"}
