"""A Node as its kubelet registers and reports it, and the Lease that says it is alive: pure functions.

Upstream: pkg/kubelet/kubelet_node_status.go and pkg/kubelet/nodestatus.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from k8slearn.embedded.runtime import Image

Object = dict[str, Any]

VERSION = "v1.37.2"
LEASE_SECONDS = 40
RENEW_SECONDS = 10.0
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
CONTROL_PLANE_TAINT = {"effect": "NoSchedule", "key": CONTROL_PLANE}

CAPACITY = {
    "cpu": "4",
    "ephemeral-storage": "100Gi",
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    "memory": "8Gi",
    "pods": "110",
}

_CONDITIONS = {
    ("MemoryPressure", "False"): ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("MemoryPressure", "True"): ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    ("DiskPressure", "False"): ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("DiskPressure", "True"): ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    ("PIDPressure", "False"): ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True"): ("KubeletReady", "kubelet is posting ready status"),
}
"""Reason and message of a condition and its status."""

_NEWS = {
    ("MemoryPressure", "False"): "NodeHasSufficientMemory",
    ("MemoryPressure", "True"): "NodeHasInsufficientMemory",
    ("DiskPressure", "False"): "NodeHasNoDiskPressure",
    ("DiskPressure", "True"): "NodeHasDiskPressure",
    ("PIDPressure", "False"): "NodeHasSufficientPID",
    ("Ready", "True"): "NodeReady",
}
"""The reason of the event that tells of it."""


def node(name: str, pod_cidr: str, *, control_plane: bool = False, taints: Sequence[Object] = ()) -> Object:
    """The Node object that the kubelet creates; its status follows."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    spec: Object = {
        "podCIDR": pod_cidr,
        "podCIDRs": [pod_cidr],
        "providerID": f"k8slearn://embedded/{name}",
    }
    if control_plane:
        labels[CONTROL_PLANE] = ""
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = ""
    if taints:
        spec["taints"] = list(taints)
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
    }


def node_status(
    name: str, ip: str, before: Object, images: Iterable[Image], now: str, pressures: Collection[str] = ()
) -> Object:
    """``status`` of the Node, keeping the times at which the conditions ``before`` last changed. ``pressures`` are
    the types of those that tell of trouble: MemoryPressure, DiskPressure."""
    return {
        "addresses": [{"address": ip, "type": "InternalIP"}, {"address": name, "type": "Hostname"}],
        "allocatable": CAPACITY,
        "capacity": CAPACITY,
        "conditions": conditions(before, now, pressures),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "features": {"supplementalGroupsPolicy": True},
        "images": [
            {"names": [image.reference], "sizeBytes": image.size_bytes}
            for image in sorted(images, key=lambda image: (-image.size_bytes, image.reference))
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": _identity(name, "boot"),
            "containerRuntimeVersion": "containerd://2.4.2",
            "kernelVersion": "6.12.0-k8slearn",
            "kubeProxyVersion": VERSION,
            "kubeletVersion": VERSION,
            "machineID": _identity(name, "machine").replace("-", ""),
            "operatingSystem": "linux",
            "osImage": "k8slearn embedded node",
            "systemUUID": _identity(name, "system"),
        },
        "runtimeHandlers": [
            {"features": {"recursiveReadOnlyMounts": True, "userNamespaces": False}, "name": handler}
            for handler in ("", "runc")
        ],
        **{kept: before[kept] for kept in ("volumesAttached", "volumesInUse") if kept in before},
    }


def verdicts_of(pressures: Collection[str] = ()) -> dict[str, str]:
    """The status of each condition that a kubelet reports, in their order."""
    troubles = ("MemoryPressure", "DiskPressure", "PIDPressure")
    return {**{trouble: str(trouble in pressures) for trouble in troubles}, "Ready": "True"}


def verdicts(status: Object) -> dict[str, str]:
    """The status of each condition in a Node's ``status`` that is a kubelet's to report."""
    mine = verdicts_of()
    return {c["type"]: c["status"] for c in status.get("conditions", ()) if c["type"] in mine}


def conditions(before: Object, now: str, pressures: Collection[str] = ()) -> list[Object]:
    """The node's conditions; one that was otherwise ``before`` changes ``now``."""
    old = {condition["type"]: condition for condition in before.get("conditions", ())}
    mine = verdicts_of(pressures)
    return [
        *(other for kind, other in old.items() if kind not in mine),
        *(
            {
                "lastHeartbeatTime": now,
                "lastTransitionTime": old[kind]["lastTransitionTime"]
                if kind in old and old[kind]["status"] == status
                else now,
                "message": _CONDITIONS[kind, status][1],
                "reason": _CONDITIONS[kind, status][0],
                "status": status,
                "type": kind,
            }
            for kind, status in mine.items()
        ),
    ]


def news(before: Object, after: Object) -> list[str]:
    """The reasons of the events that tell what has changed from one status to the next.

    Of a node that has never reported only that it is ready.
    """
    old, new = verdicts(before), verdicts(after)
    changed = [(kind, status) for kind, status in new.items() if old.get(kind) != status]
    return [_NEWS[change] for change in changed if old or change[0] == "Ready"]


def lease(name: str, node_uid: str, now: str) -> Object:
    return {
        "kind": "Lease",
        "apiVersion": "coordination.k8s.io/v1",
        "metadata": {
            "name": name,
            "namespace": "kube-node-lease",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": node_uid}],
        },
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now},
    }


def _identity(name: str, what: str) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(f"{what} {name}".encode()).digest()[:16], version=4))
