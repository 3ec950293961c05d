"""Which nodes a pod accepts: nodeSelector, node affinity, tolerations.

Upstream: ``k8s.io/component-helpers/scheduling/corev1``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.scheduler.cache import NodeInfo
from k8slearn.kube.node_selectors import matches_node_selector


def required_nodes(pod: Object) -> Callable[[NodeInfo], bool] | None:
    """A test for the nodes that nodeSelector and required node affinity allow; None when they allow all."""
    spec = pod["spec"]
    selector = (spec.get("nodeSelector") or {}).items()
    required = node_affinity(pod).get("requiredDuringSchedulingIgnoredDuringExecution")
    if not selector and required is None:
        return None

    def allows(node: NodeInfo) -> bool:
        if not selector <= node.labels.items():
            return False
        return required is None or matches_node_selector(required, node.name, node.labels)

    return allows


def node_affinity(pod: Object) -> dict[str, Any]:
    return (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}


def tolerates(pod: Object, taint: dict[str, Any]) -> bool:
    return toleration_of(pod, taint) is not None


def toleration_of(pod: Object, taint: dict[str, Any]) -> dict[str, Any] | None:
    """The first toleration of ``pod`` that tolerates ``taint``."""
    for toleration in pod["spec"].get("tolerations") or ():
        if _tolerates(toleration, taint):
            return toleration
    return None


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    """An empty effect or (with Exists) an empty key means any; Equal, the default, compares values too."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")
