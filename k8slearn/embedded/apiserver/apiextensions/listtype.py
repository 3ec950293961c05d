"""Lists that are sets hold nothing twice, lists that are maps no key. Upstream: ``apiserver/schema/listtype``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from k8slearn.embedded.apiserver.apiextensions.pruning import Schema
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import duplicate, invalid


def validate_lists(value: Any, schema: Schema | None, path: str = "") -> Iterator[FieldError]:
    if not schema:
        return
    if isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, item in value.items():
            if name in properties:
                yield from validate_lists(item, properties[name], f"{path}.{name}" if path else name)
            elif isinstance(others, dict):
                yield from validate_lists(item, others, f"{path}[{name}]")
    elif isinstance(value, list):
        yield from _validate_unique(value, schema, path)
        for index, item in enumerate(value):
            yield from validate_lists(item, schema.get("items"), f"{path}[{index}]")


def _validate_unique(items: list[Any], schema: Schema, path: str) -> Iterator[FieldError]:
    match schema.get("x-kubernetes-list-type"):
        case "set":
            keys = items
        case "map":
            for index, item in enumerate(items):
                if item is not None and not isinstance(item, dict):
                    yield invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
                    return
            names = schema.get("x-kubernetes-list-map-keys") or ()
            keys = [{name: item[name] for name in names if name in (item or {})} for item in items]
        case _:
            return
    seen: dict[bytes, int] = {}
    for index, key in enumerate(keys):
        text = orjson.dumps(key, option=orjson.OPT_SORT_KEYS)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:  # told once, however often it comes
            yield duplicate(f"{path}[{index}]", key)
