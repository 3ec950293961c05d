"""Which nodes a pod accepts: nodeSelector, node affinity, tolerations.

Upstream: ``k8s.io/component-helpers/scheduling/corev1``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.scheduler.cache import NodeInfo
from k8slearn.kube.selectors import Requirement

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}


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
        return required is None or any(matches_term(term, node) for term in required["nodeSelectorTerms"])

    return allows


def node_affinity(pod: Object) -> dict[str, Any]:
    return (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}


def matches_term(term: dict[str, Any], node: NodeInfo) -> bool:
    """Whether all requirements of a node selector term hold; one without requirements matches no node."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return _all(expressions, node.labels) and _all(fields, {"metadata.name": node.name})


def _all(requirements: Any, values: Mapping[str, str]) -> bool:
    return all(
        Requirement(r["key"], _OPERATORS[r["operator"]], tuple(r.get("values") or ())).matches(values)
        for r in requirements
    )


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
