"""May a pod run on this node? The scheduler has asked the same before; a pod with ``spec.nodeName`` was asked
by nobody, and a node that is full rejects it. Upstream: pkg/kubelet/lifecycle/predicate.go.
"""

from __future__ import annotations

from collections.abc import Collection

from k8slearn.kube.resources import Resources


def rejection(wanted: Resources, others: Collection[Resources], offered: Resources) -> tuple[str, str] | None:
    """Why a pod that requests ``wanted`` has no place beside ``others``: reason (``OutOfcpu``) and sentence.

    None when it has. ``offered`` is the node's allocatable, with ``pods``.
    """
    asked = [("pods", 1, len(others))]
    asked += [
        (name, amount, sum(o.get(name, 0) for o in others)) for name, amount in wanted.items() if amount
    ]
    for name, amount, used in asked:
        if used + amount > offered.get(name, 0):
            return f"OutOf{name}", (
                f"Node didn't have enough resource: {name}, requested: {amount}, "
                f"used: {used}, capacity: {offered.get(name, 0)}"
            )
    return None
