"""May a pod run on this node? The scheduler has asked the same before; a pod with ``spec.nodeName`` was asked
by nobody, and a node that is full rejects it. Upstream: pkg/kubelet/lifecycle/predicate.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.kube.resources import Resources, amounts, requests

Object = dict[str, Any]


def rejection(pod: Object, others: Iterable[Object], allocatable: dict[str, str]) -> tuple[str, str] | None:
    """Why ``pod`` has no place beside ``others``: reason (``OutOfcpu``) and sentence; None when it has."""
    offered = amounts(allocatable)
    used: Resources = {}
    for other in others:
        _add(used, other)
    wanted: Resources = {}
    _add(wanted, pod)
    for resource, amount in wanted.items():
        if amount and used.get(resource, 0) + amount > offered.get(resource, 0):
            return f"OutOf{resource}", (
                f"Node didn't have enough resource: {resource}, requested: {amount}, "
                f"used: {used.get(resource, 0)}, capacity: {offered.get(resource, 0)}"
            )
    return None


def _add(total: Resources, pod: Object) -> None:
    total["pods"] = total.get("pods", 0) + 1
    for resource, amount in requests(pod).items():
        total[resource] = total.get(resource, 0) + amount
