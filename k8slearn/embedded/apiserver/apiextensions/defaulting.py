"""Fields that were not given get the defaults of the schema. Upstream: ``apiserver/schema/defaulting``.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
"""

from __future__ import annotations

from typing import Any

import orjson

from k8slearn.embedded.apiserver.apiextensions.pruning import Schema


def default(value: Any, schema: Schema | None) -> None:
    """Fill in the defaults in ``value``, which is altered. A default brings those inside it along."""
    if not schema:
        return
    if isinstance(value, list):
        items = schema.get("items")
        for index, item in enumerate(value):
            if _is_wrong_null(item, items):
                value[index] = _copied(items)
            default(value[index], items)
    elif isinstance(value, dict):
        properties = schema.get("properties") or {}
        for name, described in properties.items():
            if "default" in described and (name not in value or _is_wrong_null(value[name], described)):
                value[name] = _copied(described)
        others = schema.get("additionalProperties")
        for name, item in value.items():
            described = properties.get(name) or (others if isinstance(others, dict) else None)
            if name not in properties and _is_wrong_null(item, described):
                value[name] = _copied(described)
            default(value[name], described)


def _is_wrong_null(value: Any, schema: Schema | None) -> bool:
    return value is None and schema is not None and not schema.get("nullable")


def _copied(schema: Schema | None) -> Any:
    return orjson.loads(orjson.dumps((schema or {}).get("default")))
