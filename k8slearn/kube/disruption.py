"""The condition DisruptionTarget: a pod is taken away by the cluster, and has not failed by itself.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
"""

from __future__ import annotations

from typing import Any

TARGET = "DisruptionTarget"


def disruption_target(pod: dict[str, Any], reason: str, message: str, now: str) -> dict[str, Any]:
    """The condition, true since ``now`` (a timestamp)."""
    return {
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "message": message,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "reason": reason,
        "status": "True",
        "type": TARGET,
    }
