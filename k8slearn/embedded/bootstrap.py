"""What a new cluster holds before anyone uses it: what kubeadm and the API server make in a real one."""

from __future__ import annotations

import orjson

from k8slearn.embedded import addons
from k8slearn.embedded.apiserver.admission.priority import PRIORITY_CLASSES
from k8slearn.embedded.apiserver.kinds.priorityclass import SYSTEM_CLASSES
from k8slearn.embedded.client import Client
from k8slearn.embedded.store import Object
from k8slearn.kube.storage import DEFAULT_CLASS

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

PRIORITY_TEXTS = {
    "system-cluster-critical": (
        "Used for system critical pods that must run in the cluster, "
        "but can be moved to another node if necessary."
    ),
    "system-node-critical": ("Used for system critical pods that must not be moved from their current node."),
}

STORAGE_CLASSES = "storageclasses.storage.k8s.io"

API_SERVICE_IP = "10.96.0.1"
API_PORT = 6443


def node_names(count: int) -> list[str]:
    """``control-plane``, ``worker-1``, …; a cluster of one node has only the first, which then takes pods."""
    return ["control-plane", *(f"worker-{number}" for number in range(1, count))]


def node_ip(number: int) -> str:
    """The address of the node ``number`` (0: the control plane) on the network that kind's nodes share."""
    return f"172.18.0.{number + 2}"


def objects(client: Client) -> None:
    """Make what is missing; a cluster that comes back from its journal has it all."""
    for name in NAMESPACES:
        if client.get("namespaces", "", name) is None:
            client.create("namespaces", {"metadata": {"name": name}})
    for name, value in SYSTEM_CLASSES.items():
        if client.get(PRIORITY_CLASSES, "", name) is None:
            described = {"metadata": {"name": name}, "value": value, "description": PRIORITY_TEXTS[name]}
            client.create(PRIORITY_CLASSES, described)
    if client.get(STORAGE_CLASSES, "", "standard") is None:
        client.create(STORAGE_CLASSES, _standard_class())
    if client.get("services", "default", "kubernetes") is None:
        client.create("services", _api_service())
        client.create("endpointslices.discovery.k8s.io", _api_slice())
        client.create("endpoints", _api_endpoints())
    addons.install(client)


def _standard_class() -> Object:
    """The default class, as kind applies it. Its provisioner is among the controllers."""
    metadata = {"annotations": {DEFAULT_CLASS: "true"}, "name": "standard"}
    cls = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": "rancher.io/local-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    applied = {"kubectl.kubernetes.io/last-applied-configuration": orjson.dumps(cls).decode() + "\n"}
    return {**cls, "metadata": {**metadata, "annotations": {**applied, **metadata["annotations"]}}}


def _api_service() -> Object:
    """The Service by which pods find the API server; its endpoints are the control plane's."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": API_PORT}]
    return {
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
        "spec": {"type": "ClusterIP", "clusterIP": API_SERVICE_IP, "ports": ports},
    }


def _api_slice() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [node_ip(0)], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": API_PORT, "protocol": "TCP"}],
    }


def _api_endpoints() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {
                "addresses": [{"ip": node_ip(0)}],
                "ports": [{"name": "https", "port": API_PORT, "protocol": "TCP"}],
            }
        ],
    }
