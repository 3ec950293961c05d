"""Whether a node still reports: when it was last heard of, and how a silent one is marked.

Upstream: ``tryUpdateNodeHealth`` in ``pkg/controller/nodelifecycle/node_lifecycle_controller.go``. A kubelet
renews its Lease every 10 s and writes its status when that changes; either is a sign of life. What counts is
when this controller saw it, not the time written in it, so clocks that differ do no harm.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers import nodes

GRACE = 50.0
"""Seconds of silence after which a node counts as lost (node-monitor-grace-period)."""
STARTUP_GRACE = 60.0
"""The same for a node that has never reported."""

_TYPES = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class Health(NamedTuple):
    """``heard`` is when the last sign of life was seen; the others are that sign."""

    heard: float
    heartbeat: str
    renewed: str


def listen(before: Health | None, node: Object, lease: Object | None, now: float) -> Health:
    """The health of ``node`` after a look at it and its ``lease``."""
    condition = nodes.ready_condition(node)
    heartbeat = condition["lastHeartbeatTime"] if condition else ""
    renewed = ((lease or {}).get("spec") or {}).get("renewTime") or ""
    if before is None:
        created = parse_timestamp(node["metadata"]["creationTimestamp"])
        return Health(now if condition or renewed else created, heartbeat, renewed)
    if heartbeat != before.heartbeat or renewed > before.renewed:
        return Health(now, heartbeat, renewed)
    return before


def is_silent(health: Health, node: Object, now: float) -> bool:
    grace = GRACE if nodes.ready_condition(node) else STARTUP_GRACE
    return now > health.heard + grace


def silenced(node: Object, now: str) -> dict[str, Any]:
    """The status of a silent node: every condition that the kubelet reports is Unknown from ``now`` on."""
    status = node.get("status") or {}
    old = {condition["type"]: condition for condition in status.get("conditions", ())}
    for kind in _TYPES:
        if kind not in old:
            old[kind] = {
                "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
                "lastTransitionTime": now,
                "message": "Kubelet never posted node status.",
                "reason": "NodeStatusNeverUpdated",
                "status": "Unknown",
                "type": kind,
            }
        elif old[kind]["status"] != "Unknown":
            old[kind] = {
                **old[kind],
                "lastTransitionTime": now,
                "message": "Kubelet stopped posting node status.",
                "reason": "NodeStatusUnknown",
                "status": "Unknown",
            }
    return {**status, "conditions": list(old.values())}
