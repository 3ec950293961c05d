"""``GET /k8slearn/v1/nodes`` says how each node fares; ``POST /k8slearn/v1/nodes/worker-2`` with
``{"do": "crash"}`` lets something befall it. ``do`` is one of crash, freeze, cut-off, fill, recover, and
partition (``"from"``: another node).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.embedded.kubelet import NodeFaults


def show(faults: NodeFaults) -> dict[str, str]:
    return {name: faults.describe(name) for name in faults.names}


def befall(faults: NodeFaults, name: str, order: dict[str, Any]) -> dict[str, str]:
    """Carry out one order and say how the node fares. Raises ClusterError."""
    match order["do"]:
        case "crash":
            faults.crash(name)
        case "freeze":
            faults.freeze(name)
        case "cut-off":
            faults.cut_off(name)
        case "fill":
            faults.fill(name)
        case "recover":
            faults.recover(name)
        case "partition":
            faults.partition(name, str(order.get("from")))
        case other:
            raise ClusterError(f"{other} is none of crash, freeze, cut-off, fill, partition, recover")
    return {name: faults.describe(name)}
