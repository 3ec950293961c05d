"""What the scheduler knows of nodes and the pods on them, kept up to date change by change.

Upstream: ``pkg/scheduler/backend/cache`` and ``framework.NodeInfo``. To place a pod nothing is listed or
summed up: each node carries the sums of what its pods request, and of each set of labels it is known how many
pods every node has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from k8slearn.embedded.client import Change, Key, Object
from k8slearn.kube.resources import ASSUMED, Resources, amounts, requests

Labels = dict[str, str]
Port = tuple[str, str, int]
"""A host port: address, protocol, number."""

ANY_ADDRESS = "0.0.0.0"


class PodInfo:
    """A pod, with what the scheduler asks of it worked out once."""

    __slots__ = ("_shape", "group", "key", "labels", "namespace", "pod", "ports", "requested", "weight")

    def __init__(self, pod: Object) -> None:
        metadata = pod["metadata"]
        self.pod = pod
        self.namespace: str = metadata["namespace"]
        self.key = Key(self.namespace, metadata["name"])
        self.labels: Labels = metadata.get("labels", {})
        self.requested = requests(pod)
        self.weight = requests(pod, ASSUMED)
        """Like ``requested``, with something assumed for containers without requests: to compare nodes by."""
        self.ports = [
            (port.get("hostIP") or ANY_ADDRESS, port.get("protocol", "TCP"), port["hostPort"])
            for container in pod["spec"]["containers"]
            for port in container.get("ports", ())
            if port.get("hostPort")
        ]
        self.group = (self.namespace, "deletionTimestamp" in metadata, tuple(sorted(self.labels.items())))
        self._shape: bytes | None = None

    @property
    def shape(self) -> bytes:
        """All that a node by itself is judged by: what it says to one pod it says to all of the same shape.
        A pod that has its node is not asked, so it does not keep one."""
        if self._shape is None:
            spec = self.pod["spec"]
            node_affinity = (spec.get("affinity") or {}).get("nodeAffinity")
            asked = (spec.get("tolerations"), spec.get("nodeSelector"), node_affinity)
            self._shape = orjson.dumps((*asked, self.requested, self.weight, self.ports))
        return self._shape

    @property
    def priority(self) -> int:
        return self.pod["spec"].get("priority") or 0

    def anti_affinity(self) -> list[dict[str, Any]]:
        """The terms that keep it away from other pods, and other pods away from it."""
        affinity = self.pod["spec"].get("affinity") or {}
        terms = (affinity.get("podAntiAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
        return terms or []


class NodeInfo:
    """A node and the sums over its pods. ``node`` is None while only its pods are known.

    ``memo`` is for what was worked out for pods of a shape; it is emptied when the node or its pods change. Of a
    hundred nodes one has changed since the last pod, so ninety-nine need not be looked at again.
    """

    __slots__ = (
        "allocatable",
        "labels",
        "memo",
        "name",
        "node",
        "pods",
        "ports",
        "requested",
        "taints",
        "weight",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Object | None = None
        self.allocatable: Resources = {}
        self.pods: dict[Key, PodInfo] = {}
        self.requested: Resources = {}
        self.weight: Resources = {}
        self.ports: list[Port] = []
        self.labels: Labels = {}
        self.taints: list[dict[str, Any]] = []
        self.memo: dict[tuple[Any, bytes], Any] = {}

    def set_node(self, node: Object | None) -> None:
        self.node = node
        self.allocatable = amounts(node.get("status", {}).get("allocatable")) if node else {}
        self.labels = node["metadata"].get("labels", {}) if node else {}
        self.taints = node["spec"].get("taints", []) if node else []
        self.memo.clear()

    def add(self, info: PodInfo) -> None:
        self.pods[info.key] = info
        self._count(info, 1)
        self.ports += info.ports

    def remove(self, info: PodInfo) -> None:
        del self.pods[info.key]
        self._count(info, -1)
        for port in info.ports:
            self.ports.remove(port)

    def _count(self, info: PodInfo, sign: int) -> None:
        for total, part in ((self.requested, info.requested), (self.weight, info.weight)):
            for resource, number in part.items():
                total[resource] = total.get(resource, 0) + sign * number
        self.memo.clear()


class Cache:
    """All nodes by name, and where each pod is."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeInfo] = {}
        self._places: dict[Key, NodeInfo] = {}
        self._anti_affine: dict[Key, tuple[PodInfo, NodeInfo]] = {}
        self._nominated: dict[Key, tuple[PodInfo, str]] = {}
        self._groups: dict[tuple[Any, ...], tuple[Labels, dict[str, int]]] = {}
        """By namespace, whether it is being deleted, and labels: the labels, and on which node how many are."""
        self._domains: dict[str, dict[str, str]] = {}

    def domains(self, key: str) -> dict[str, str]:
        """The value of the label ``key`` by the names of the nodes that have it."""
        if key not in self._domains:
            self._domains[key] = {node.name: node.labels[key] for node in self.nodes() if key in node.labels}
        return self._domains[key]

    def counts(self, is_match: Callable[[str, Labels], bool], *, going: bool = True) -> dict[str, int]:
        """How many pods each node has that match by namespace and labels, by its name; nodes without any are
        left out. ``going``: also those being deleted."""
        total: dict[str, int] = {}
        for (namespace, is_going, _), (labels, counts) in self._groups.items():
            if (going or not is_going) and is_match(namespace, labels):
                for name, number in counts.items():
                    total[name] = total.get(name, 0) + number
        return total

    def nodes(self) -> list[NodeInfo]:
        return [info for info in self._nodes.values() if info.node is not None]

    def anti_affine(self) -> Iterator[tuple[PodInfo, NodeInfo]]:
        """The placed pods with required anti-affinity, and their nodes."""
        return iter(self._anti_affine.values())

    @property
    def has_nominated(self) -> bool:
        return bool(self._nominated)

    def nominated(self, node: NodeInfo) -> list[PodInfo]:
        """The pods for which others had to leave ``node``, and which are not there yet."""
        return [info for info, name in self._nominated.values() if name == node.name]

    def node_changed(self, change: Change) -> None:
        self.set_node(change.stored.key.name, None if change.type == "DELETED" else change.object)

    def set_node(self, name: str, node: Object | None) -> None:
        info = self._node(name)
        info.set_node(node)
        self._domains.clear()
        if node is None and not info.pods:
            del self._nodes[name]

    def pod_changed(self, change: Change) -> None:
        key, pod, before = change.stored.key, change.object, change.previous
        if change.type == "MODIFIED" and before and key in self._places and _same(before.object, pod):
            return
        self.forget(key)
        if change.type != "DELETED":
            self.place(pod)

    def place(self, pod: Object) -> None:
        """Count a pod on its node, if it has one and still needs room there; without one, note its nomination."""
        name, promised = pod["spec"].get("nodeName"), (pod.get("status") or {}).get("nominatedNodeName", "")
        if _finished(pod) or not (name or promised):
            return
        info = PodInfo(pod)
        if name:
            self.put(info, self._node(name))
        else:
            self._nominated[info.key] = (info, promised)

    def put(self, info: PodInfo, node: NodeInfo) -> None:
        node.add(info)
        self._places[info.key] = node
        _, counts = self._groups.setdefault(info.group, (info.labels, {}))
        counts[node.name] = counts.get(node.name, 0) + 1
        if info.anti_affinity():
            self._anti_affine[info.key] = (info, node)

    def take(self, info: PodInfo) -> None:
        """The opposite of ``put``."""
        node = self._places.pop(info.key)
        node.remove(info)
        _, counts = self._groups[info.group]
        counts[node.name] -= 1
        if not counts[node.name]:
            del counts[node.name]
            if not counts:
                del self._groups[info.group]
        self._anti_affine.pop(info.key, None)

    def forget(self, key: Key) -> None:
        """The pod is on no node any more, nor is one promised to it."""
        self._nominated.pop(key, None)
        node = self._places.get(key)
        if node is not None:
            self.take(node.pods[key])
            if node.node is None and not node.pods:
                del self._nodes[node.name]

    def _node(self, name: str) -> NodeInfo:
        return self._nodes.setdefault(name, NodeInfo(name))


def _finished(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _same(before: Object, after: Object) -> bool:
    """Whether nothing changed that is counted here. Unchanged parts are shared, so identity tells most."""
    return (
        before["spec"] is after["spec"]
        and before["metadata"].get("labels") is after["metadata"].get("labels")
        and ("deletionTimestamp" in before["metadata"]) == ("deletionTimestamp" in after["metadata"])
        and _finished(before) == _finished(after)
    )
