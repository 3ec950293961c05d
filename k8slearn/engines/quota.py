"""What the quotas of a namespace leave for lessons, in sentences."""

from __future__ import annotations

from typing import Any

from k8slearn.engines.cluster import Cluster
from k8slearn.errors import ClusterError
from k8slearn.kube.quantity import parse

PODS = 10
"""As many pods as a lesson may have at a time, those of its checks included."""


def room(cluster: Cluster, namespace: str) -> list[str]:
    """Notes on what will be tight. Raises ClusterError when not one pod more is allowed."""
    from kubernetes.client.exceptions import ApiException

    try:
        quotas: list[Any] = cluster.core.list_namespaced_resource_quota(namespace).items
        limits: list[Any] = cluster.core.list_namespaced_limit_range(namespace).items
    except ApiException as error:
        if error.status == 403:
            return []  # not for this user to see; a lesson's own errors will tell
        raise
    defaults = any(limit.type == "Container" and limit.default for one in limits for limit in one.spec.limits)
    notes = []
    for one in quotas:
        hard, used = one.status.hard or {}, one.status.used or {}
        if "pods" in hard:
            left = int(parse(hard["pods"]) - parse(used.get("pods", "0")))
            if left < 1:
                raise ClusterError(
                    f"The quota {one.metadata.name} of the namespace {namespace} allows no pod more "
                    f"({used['pods']} of {hard['pods']}). Delete what is not needed, or ask for more."
                )
            if left < PODS:
                notes.append(
                    f"The quota {one.metadata.name} leaves room for {left} pods. Lessons have up to {PODS} at "
                    "a time, so some of theirs may be refused."
                )
        if not defaults and any(name.startswith(("requests.", "limits.", "cpu", "memory")) for name in hard):
            notes.append(
                f"The quota {one.metadata.name} refuses pods that name no requests or limits, as those of lessons "
                "do. Ask for a LimitRange with defaults in the namespace."
            )
    return notes
