"""The filters: which nodes can take a pod at all. The first that objects to a node gives its reason.

Upstream: ``pkg/scheduler/framework/plugins``, in the order of the default profile. A filter looks at the
pod and the cluster once and gives back a check for nodes, or None when it has nothing to say on this pod.
Those here (``OF_ONE_NODE``) look at a node by itself: its answer is the same for all pods of one shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from k8slearn.embedded.scheduler.cache import ANY_ADDRESS, Cache, NodeInfo, PodInfo, Port
from k8slearn.embedded.scheduler.nodeselection import required_nodes, tolerates

UNSCHEDULABLE_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class Rejection(NamedTuple):
    """Why a node cannot take a pod. ``hopeless``: not even if all other pods left it."""

    filter: str
    reasons: tuple[str, ...]
    hopeless: bool


Check = Callable[[NodeInfo], Rejection | None]
Filter = Callable[[PodInfo, Cache], Check | None]


def node_unschedulable(info: PodInfo, cache: Cache) -> Check | None:
    rejection = Rejection("NodeUnschedulable", ("node(s) were unschedulable",), True)
    if tolerates(info.pod, UNSCHEDULABLE_TAINT):
        return None

    def check(node: NodeInfo) -> Rejection | None:
        return rejection if node.node and node.node["spec"].get("unschedulable") else None

    return check


def taint_toleration(info: PodInfo, cache: Cache) -> Check | None:
    rejection = Rejection("TaintToleration", ("node(s) had untolerated taint(s)",), True)

    def check(node: NodeInfo) -> Rejection | None:
        for taint in node.taints:
            if taint["effect"] != "PreferNoSchedule" and not tolerates(info.pod, taint):
                return rejection
        return None

    return check


def node_affinity(info: PodInfo, cache: Cache) -> Check | None:
    allows = required_nodes(info.pod)
    if allows is None:
        return None
    rejection = Rejection("NodeAffinity", ("node(s) didn't match Pod's node affinity/selector",), True)
    return lambda node: None if allows(node) else rejection


def node_ports(info: PodInfo, cache: Cache) -> Check | None:
    if not info.ports:
        return None
    reason = "node(s) didn't have free ports for the requested pod ports"
    rejection = Rejection("NodePorts", (reason,), False)

    def check(node: NodeInfo) -> Rejection | None:
        taken = any(_conflict(wanted, used) for wanted in info.ports for used in node.ports)
        return rejection if taken else None

    return check


def _conflict(wanted: Port, used: Port) -> bool:
    return wanted[1:] == used[1:] and (wanted[0] == used[0] or ANY_ADDRESS in (wanted[0], used[0]))


def node_resources_fit(info: PodInfo, cache: Cache) -> Check | None:
    wanted = [(resource, number) for resource, number in info.requested.items() if number > 0]
    # In upstream's order: CPU, memory, ephemeral storage, then the others.
    order = ("cpu", "memory", "ephemeral-storage")
    wanted.sort(key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item[0]))

    def check(node: NodeInfo) -> Rejection | None:
        reasons, hopeless = [], False
        if len(node.pods) + 1 > node.allocatable.get("pods", 0):
            reasons.append("Too many pods")
        for resource, number in wanted:
            offered = node.allocatable.get(resource, 0)
            if number > offered - node.requested.get(resource, 0):
                reasons.append(f"Insufficient {resource}")
                hopeless = hopeless or number > offered
        return Rejection("NodeResourcesFit", tuple(reasons), hopeless) if reasons else None

    return check


OF_ONE_NODE: tuple[Filter, ...] = (
    node_unschedulable,
    taint_toleration,
    node_affinity,
    node_ports,
    node_resources_fit,
)
