"""Objects inside of custom resources (``x-kubernetes-embedded-resource``), with a kind and metadata of their own.

Upstream: ``apiserver/schema/objectmeta``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver import schema as messages
from k8slearn.embedded.apiserver.apiextensions.pruning import Schema
from k8slearn.embedded.apiserver.decoding import DecodeError
from k8slearn.embedded.apiserver.messages import META
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import each_invalid, required
from k8slearn.embedded.apiserver.validation.metadata import validate_annotations
from k8slearn.embedded.apiserver.validation.selectors import validate_labels


def coerced(obj: Any, schema: Schema) -> tuple[Any, list[str]]:
    """``obj`` with the metadata of embedded objects as the API server knows it, and paths of what is dropped."""
    dropped: list[str] = []
    return _coerced(obj, schema, "", dropped), dropped


def _coerced(value: Any, schema: Schema | None, path: str, dropped: list[str]) -> Any:
    if not schema:
        return value
    if isinstance(value, list):
        items = schema.get("items")
        return [_coerced(item, items, f"{path}[{index}]", dropped) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    found = {}
    for name, item in value.items():
        inside = f"{path}.{name}" if path else name
        described = properties.get(name, others if isinstance(others, dict) else None)
        if schema.get("x-kubernetes-embedded-resource") and name == "metadata" and isinstance(item, dict):
            try:
                found[name], problems = messages.decode(f"{META}ObjectMeta", item)
            except DecodeError:
                found[name] = item  # validation says what is wrong with it
                continue
            dropped += [f"{inside}.{problem.split(chr(34))[1]}" for problem in problems]
        else:
            found[name] = _coerced(item, described, inside, dropped)
    return found


def validate_embedded(value: Any, schema: Schema | None, path: str = "") -> Iterator[FieldError]:
    """An embedded object must say what it is, and its metadata be as any object's."""
    if not schema:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from validate_embedded(item, schema.get("items"), f"{path}[{index}]")
    elif isinstance(value, dict):
        if schema.get("x-kubernetes-embedded-resource"):
            for name in ("apiVersion", "kind"):
                if not value.get(name):
                    yield required(f"{path}.{name}")
            yield from _validate_metadata(f"{path}.metadata", value.get("metadata") or {})
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, item in value.items():
            described = properties.get(name, others if isinstance(others, dict) else None)
            yield from validate_embedded(item, described, f"{path}.{name}" if path else name)


def _validate_metadata(path: str, metadata: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("name", "namespace"):
        if text := metadata.get(field):
            yield from each_invalid(f"{path}.{field}", text, formats.path_segment(text))
    yield from validate_labels(f"{path}.labels", metadata.get("labels"))
    yield from validate_annotations(f"{path}.annotations", metadata.get("annotations"))
