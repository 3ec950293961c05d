"""The columns of a custom resource's table, which its definition names by JSONPath.

Upstream: ``registry/customresource/tableconvertor``.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from k8slearn.embedded.apiserver.kind import Column, Object
from k8slearn.embedded.apiserver.kinds._columns import description, name
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube import jsonpath
from k8slearn.kube.duration import human_duration

_NAME = Column("Name", name, format="name", description=description("pods", "Name"))
_AGE = {
    "name": "Age",
    "type": "date",
    "description": description("pods", "Age"),
    "jsonPath": ".metadata.creationTimestamp",
}


def columns(declared: list[dict[str, Any]]) -> tuple[Column, ...]:
    """The name, and what ``additionalPrinterColumns`` declares; the age where that is nothing."""
    return (_NAME, *(_column(entry) for entry in declared or [_AGE]))


def _column(entry: dict[str, Any]) -> Column:
    path = entry["jsonPath"]
    return Column(
        entry["name"],
        _cell(path, entry["type"]),
        type=entry["type"],
        format=entry.get("format", ""),
        description=entry.get("description")
        or f"Custom resource definition column (in JSONPath format): {path}",
        wide=entry.get("priority", 0) > 0,
    )


def _cell(path: str, type: str) -> Callable[[Object, float], Any]:
    try:
        find = jsonpath.parse(path)
    except jsonpath.JSONPathError:
        return lambda obj, now: None

    def cell(obj: Object, now: float) -> Any:
        found = find(obj)
        return _shown(found[0], type, now) if found else None

    return cell


def _shown(value: Any, type: str, now: float) -> Any:
    """The value where it is of the column's type, else nothing; a string column shows everything."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match type:
        case "string":
            if value is None or isinstance(value, str):
                return "<nil>" if value is None else value
            return orjson.dumps(value).decode()
        case "integer":
            return int(value) if number else None
        case "number":
            return float(value) if number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return _since(value, now) if isinstance(value, str) else None
    return None


def _since(value: str, now: float) -> str:
    try:
        return human_duration(now - parse_timestamp(value))
    except ValueError:
        return "<invalid>"
