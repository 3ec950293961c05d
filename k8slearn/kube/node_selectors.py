"""Node selectors, which nodes satisfy them: of pods' affinity and of volumes.

Upstream: ``k8s.io/component-helpers/scheduling/corev1/nodeaffinity``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8slearn.kube.selectors import Requirement

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}


def matches_node_selector(selector: dict[str, Any], name: str, labels: Mapping[str, str]) -> bool:
    """Whether the node ``name`` with ``labels`` satisfies one of the selector's terms."""
    return any(matches_term(term, name, labels) for term in selector["nodeSelectorTerms"])


def matches_term(term: dict[str, Any], name: str, labels: Mapping[str, str]) -> bool:
    """Whether all requirements of a term hold; one without requirements matches no node."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return _all(expressions, labels) and _all(fields, {"metadata.name": name})


def _all(requirements: Any, values: Mapping[str, str]) -> bool:
    return all(
        Requirement(r["key"], _OPERATORS[r["operator"]], tuple(r.get("values") or ())).matches(values)
        for r in requirements
    )
