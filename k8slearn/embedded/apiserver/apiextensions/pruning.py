"""What an object may not have: fields that its schema does not know go, and with them nulls that mean nothing.

Upstream: ``apiserver/schema/pruning`` and ``schema/defaulting/prunenulls.go``.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

META_FIELDS = frozenset(("apiVersion", "kind", "metadata"))

_OPEN: Schema = {"x-kubernetes-preserve-unknown-fields": True}


def prune(obj: dict[str, Any], schema: Schema) -> tuple[dict[str, Any], list[str]]:
    """``obj`` (not altered) without the fields that ``schema``, of a whole resource, does not know, and the paths
    of those: ``spec.ports[0].nmae``, sorted."""
    unknown: list[str] = []
    return _pruned(obj, {**schema, "x-kubernetes-embedded-resource": True}, "", unknown), sorted(unknown)


def _pruned(value: Any, schema: Schema | None, path: str, unknown: list[str]) -> Any:
    if isinstance(value, list):
        items = (schema or {}).get("items")
        if items is None and schema and schema.get("x-kubernetes-preserve-unknown-fields"):
            items = _OPEN
        return [_pruned(item, items, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        inside = f"{path}.{name}" if path else name
        if schema and schema.get("x-kubernetes-embedded-resource") and name in META_FIELDS:
            kept[name] = item
        elif (known := _schema_of(name, schema)) is not None:
            kept[name] = _pruned(item, known, inside, unknown)
        elif schema and schema.get("x-kubernetes-preserve-unknown-fields"):
            kept[name] = item
        else:
            unknown.append(inside)
    return kept


def _schema_of(name: str, schema: Schema | None) -> Schema | None:
    """The schema of a field, or None where it is unknown. ``additionalProperties: true`` keeps the fields, and
    nothing that is in them."""
    if schema is None:
        return None
    if (found := (schema.get("properties") or {}).get(name)) is not None:
        return found
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        return others
    return {} if others is not None else None


def without_nulls(value: Any, schema: Schema | None) -> Any:
    """``value`` without the nulls that are neither allowed nor replaced by a default."""
    if isinstance(value, list):
        items = (schema or {}).get("items")
        return [without_nulls(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        known = _schema_of(name, schema)
        if item is None and known and not known.get("nullable") and "default" not in known:
            continue
        kept[name] = without_nulls(item, known)
    return kept
