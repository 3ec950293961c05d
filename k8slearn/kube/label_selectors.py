"""Label selectors (``metav1.LabelSelector``): what one matches, and how it is written.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Selector = dict[str, Any]
"""matchLabels and matchExpressions, of which all must hold. An empty one matches everything."""


def matches(selector: Selector, labels: Mapping[str, str] | None) -> bool:
    """Whether ``labels`` satisfy ``selector``.

    >>> matches({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, {"b": "y"})
    True
    """
    labels = labels or {}
    match_labels, expressions = selector.get("matchLabels"), selector.get("matchExpressions")
    if match_labels and not match_labels.items() <= labels.items():
        return False
    return not expressions or all(_holds(requirement, labels) for requirement in expressions)


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = requirement["key"], requirement.get("values") or ()
    match requirement["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case operator:
            raise ValueError(f'"{operator}" is not a valid label selector operator')


def format_labels(labels: Mapping[str, str] | None) -> str:
    """``app=web,tier=front``; ``<none>`` without labels."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def format_selector(selector: Selector | None) -> str:
    """As ``-l`` takes it: ``app=web,tier in (a,b),!old``; "" for one that matches everything."""
    selector = selector or {}
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for requirement in selector.get("matchExpressions") or ():
        key, operator = requirement["key"], requirement["operator"]
        values = ",".join(sorted(requirement.get("values") or ()))
        written = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        parts.append((key, written[operator]))
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0]))
