"""Policies and DNS in a whole cluster: pods ask, and their logs tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client as k8s
from kubernetes import utils

from k8slearn.embedded.cluster import Cluster

DNS_PODS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
DNS_PORTS = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]


class Room:
    """The namespace default of a cluster with the Deployment and Service web."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.core = k8s.CoreV1Api(cluster.api_client)
        probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}
        container = {"name": "c", "image": "nginx:1.29", "readinessProbe": probe}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
        spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
        self.create("apps/v1", "Deployment", "web", spec)
        self.create("v1", "Service", "web", {"selector": {"app": "web"}, "ports": [{"port": 80}]})

    def create(self, version: str, kind: str, name: str, spec: dict) -> None:
        manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        utils.create_from_dict(self.cluster.api_client, manifest)
        self.cluster.settle()

    def policy(self, name: str, **spec) -> None:
        self.create("networking.k8s.io/v1", "NetworkPolicy", name, {"podSelector": {}, **spec})

    def says(self, script: str, seconds: float = 60, **spec) -> str:
        """What ``script`` prints in a pod ``client``, errors included; the pod is gone afterwards."""
        container = {"name": "c", "image": "busybox:1.37", "command": ["sh", "-c", f"({script}) 2>&1"]}
        metadata = {"name": "client", "namespace": "default", "labels": {"app": "client"}}
        pod = {"metadata": metadata, "spec": {"containers": [container], "restartPolicy": "Never", **spec}}
        self.core.create_namespaced_pod("default", pod)
        self.cluster.clock.advance(seconds)
        text = self.core.read_namespaced_pod_log("client", "default")
        self.core.delete_namespaced_pod("client", "default", grace_period_seconds=0)
        self.cluster.settle()
        return text


@pytest.fixture
def room() -> Iterator[Room]:
    with Cluster(3) as cluster:
        cluster.settle()
        yield Room(cluster)


def reached(text: str) -> bool:
    return "Welcome to nginx!" in text


def test_denied_ingress_times_out_and_probes_still_pass(room):
    room.policy("deny")
    assert room.says("wget -T 3 -qO- http://web/") == "wget: download timed out\n"
    (pod,) = room.core.list_namespaced_pod("default", label_selector="app=web").items
    assert pod.status.container_statuses[0].ready
    room.policy("web", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}])
    assert reached(room.says("wget -T 3 -qO- http://web/"))


def test_denied_egress_takes_the_names_away_until_dns_is_allowed(room):
    to_web = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
    room.policy(
        "client", podSelector={"matchLabels": {"app": "client"}}, policyTypes=["Egress"], egress=[to_web]
    )
    assert room.says("wget -qO- http://web/") == "wget: bad address 'web'\n"
    assert "no servers could be reached" in room.says("nslookup web")
    address = room.core.read_namespaced_service("web", "default").spec.cluster_ip
    assert reached(room.says(f"wget -qO- http://{address}/"))
    room.policy(
        "dns",
        podSelector={"matchLabels": {"app": "client"}},
        policyTypes=["Egress"],
        egress=[{"to": [DNS_PODS], "ports": DNS_PORTS}],
    )
    assert reached(room.says("wget -qO- http://web/"))


def test_without_dns_pods_names_are_refused_at_once(room):
    scale = {"spec": {"replicas": 0}}
    k8s.AppsV1Api(room.cluster.api_client).patch_namespaced_deployment_scale("coredns", "kube-system", scale)
    room.cluster.settle()
    assert room.says("wget -qO- http://web/ || date +%s; date +%s", seconds=5).splitlines()[0] == (
        "wget: bad address 'web'"
    )


def test_a_node_port_is_silent_on_a_node_that_is_lost(room):
    np = {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    room.create("v1", "Service", "np", np)
    port = room.core.read_namespaced_service("np", "default").spec.ports[0].node_port
    (pod,) = room.core.list_namespaced_pod("default", label_selector="app=web").items
    lost = next(name for name in ("worker-1", "worker-2") if name != pod.spec.node_name)
    addresses = {node.metadata.name: node.status.addresses[0].address for node in room.core.list_node().items}
    room.cluster.nodes[lost].crash()
    for node, words in ((lost, "wget: download timed out\n"), ("control-plane", "<!DOCTYPE html>")):
        ask = f"wget -T 2 -qO- http://{addresses[node]}:{port}/"
        assert room.says(ask, nodeName=pod.spec.node_name).startswith(words)


def test_a_new_cluster_has_its_dns_as_kubeadm_installs_it(room):
    pods = room.core.list_namespaced_pod("kube-system", label_selector="k8s-app=kube-dns").items
    assert [pod.status.container_statuses[0].ready for pod in pods] == [True, True]
    assert {pod.spec.node_name for pod in pods} == {"control-plane"}
    service = room.core.read_namespaced_service("kube-dns", "kube-system")
    assert service.spec.cluster_ip == "10.96.0.10"
    assert [(p.name, p.port, p.protocol) for p in service.spec.ports] == [
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
        ("metrics", 9153, "TCP"),
    ]


def test_a_pod_on_the_nodes_network_asks_the_nodes_name_server(room):
    ask = "nslookup -type=a web.default.svc.cluster.local | tail -n +4"
    missing = "** server can't find web.default.svc.cluster.local: NXDOMAIN\n\n"
    assert room.says(ask, hostNetwork=True) == missing
    assert "Address: 10.96." in room.says(ask, hostNetwork=True, dnsPolicy="ClusterFirstWithHostNet")
    assert (
        room.says("hostname; hostname -i", hostNetwork=True, nodeName="worker-1") == "worker-1\n172.18.0.3\n"
    )
