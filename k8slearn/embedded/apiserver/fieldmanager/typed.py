"""Whether an applied configuration is of its kind's type. Upstream: structured-merge-diff's ``typed/validate.go``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.decoding import go_kind, go_print
from k8slearn.embedded.apiserver.fieldmanager.fieldset import element_text
from k8slearn.embedded.apiserver.fieldmanager.types import FieldType, ListType, MapType


def type_errors(kind: FieldType, value: Any, path: str = "") -> Iterator[str]:
    """Sentences such as ``.spec.replicaz: field not declared in schema``."""
    if value is None:
        return
    if isinstance(value, dict) and kind.map is not None:
        yield from _map_errors(kind.map, value, path)
    elif isinstance(value, list) and kind.list is not None:
        yield from _list_errors(kind.list, value, path)
    elif why := _mismatch(kind, value):
        yield f"{path}: {why}" if path else why


def _map_errors(kind: MapType, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, item in value.items():
        if name not in kind.fields and kind.element is None:
            yield f"{path}.{name}: field not declared in schema"
            return  # upstream looks at no further field
        yield from type_errors(kind.find(name)[1], item, f"{path}.{name}")


def _list_errors(kind: ListType, value: list[Any], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        where = f"[{index}]"
        if not kind.whole:
            try:
                element = kind.path_element(item)
            except ValueError as error:
                yield f"{path}: element {index}: {error}"
                return
            where = element_text(element)
            if element in seen:
                yield f"{path}: duplicate entries for key {where}"
            seen.add(element)
        yield from type_errors(kind.element, item, f"{path}{where}")


def _mismatch(kind: FieldType, value: Any) -> str:
    """What is wrong with a value that is no map or list where one could be; "" for nothing."""
    shown = f"&{{{go_print(value)}}}"
    if kind.map is not None and kind.scalar is None:
        return f"expected map, got {shown}"
    match kind.scalar:
        case None:
            return f"expected list, got {shown}"
        case "numeric" if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected numeric (int or float), got {_go_type(value)}"
        case "string" if not isinstance(value, str):
            return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
        case "boolean" if not isinstance(value, bool):
            return f"expected boolean, got {shown}"
        case "untyped" if isinstance(value, dict | list):
            return f"expected any scalar, got {shown}"
    return ""


def _go_type(value: Any) -> str:
    kinds = {"map": "map[string]interface {}", "slice": "[]interface {}"}
    return kinds.get(go_kind(value), go_kind(value))


def _go_syntax(value: Any) -> str:
    """A value as Go's ``%#v`` prints it."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(name)}:{_go_syntax(item)}" for name, item in sorted(value.items()))
        return f"{_go_type(value)}{{{inner}}}"
    if isinstance(value, list):
        return f"{_go_type(value)}{{{', '.join(map(_go_syntax, value))}}}"
    return json.dumps(value, ensure_ascii=False)
