"""JSON becomes an object as Go would make it: checked field by field, in Go's words when it is wrong.

Upstream: sigs.k8s.io/json (strict, case-sensitive) and apimachinery's ``runtime``. The result is what the API
server would write back: null is as good as absent, zero values are dropped or kept as Go's ``omitempty`` does
(``hostNetwork: false`` goes, ``replicas: 0`` stays, ``resources: {}`` comes), quantities are canonical.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from k8slearn.embedded.apiserver.decoding import DecodeError, Decoding, Object, Path, Reader, go_kind
from k8slearn.embedded.apiserver.jsontext import Repeated, parse
from k8slearn.embedded.apiserver.messages import Field, Message, is_message, message
from k8slearn.embedded.apiserver.values import OWN_FORMS, SCALARS

__all__ = ["DecodeError", "decode", "parse", "zero"]


def decode(message_name: str, raw: Any) -> tuple[Object, list[str]]:
    """``raw`` (parsed JSON, not altered) as an object of that message, and its strict errors.

    A strict error is a sentence such as ``unknown field "spec.containers[0].imagePullpolicy"``: whether it is
    an error, a warning or nothing is the caller's to say. Raises DecodeError when a value has a wrong type.

    >>> decode("k8s.io.api.core.v1.ConfigMap", {"data": {"a": "b"}, "dat": {}, "immutable": None})
    ({'data': {'a': 'b'}, 'metadata': {}}, ['unknown field "dat"'])
    """
    state = Decoding()
    obj = _struct(message_name)(state, raw, None)
    if state.first is not None:
        raise state.first
    if isinstance(raw.get("metadata"), dict) and raw["metadata"].get("managedFields") == []:
        # Unlike other lists, an empty one says something: nobody is to own anything any more.
        obj["metadata"]["managedFields"] = []
    return obj, state.problems


def zero(message_name: str) -> Object:
    """What an empty value of a message is written as: ``{"loadBalancer": {}}`` for a ServiceStatus."""
    return decode(message_name, {})[0]


@cache
def _struct(name: str) -> Reader:
    """The reader of a message's objects."""
    found: Message = message(name)
    readers: dict[str, tuple[Field, bool, Reader]] = {}
    always: list[tuple[str, Callable[[], Any]]] = []
    compiled = False

    def compile_fields() -> None:
        # On first use and not before: messages refer to each other and to themselves.
        nonlocal compiled
        for field in found.fields.values():
            keep = field.pointer or field.always or (not field.container and field.type not in _DROPPED)
            readers[field.name] = field, keep, _reader(field)
            if (make_zero := _zero_of(field)) is not None:
                always.append((field.name, make_zero))
        compiled = True

    def read(state: Decoding, value: Any, path: Path) -> Object:
        if not compiled:
            compile_fields()
        if type(value) is not dict:
            if not isinstance(value, Repeated):
                state.mismatch(value, found.go, path, f"cannot restore struct from: {go_kind(value)}")
                return {}
            for name in value.names:
                state.problem("duplicate" if name in readers else "unknown", path, name)
        obj = {}
        for name, item in value.items():
            known = readers.get(name)
            if known is None:
                state.problem("unknown", path, name)
            elif item is not None:
                field, keep, reader = known
                decoded = reader(state, item, (path, field))
                if decoded or keep:
                    obj[name] = decoded
        for name, make_zero in always:
            if name not in obj:
                obj[name] = make_zero()
        return obj

    return read


_DROPPED = {"string", "int32", "int64", "bool", "float64", "bytes"}
"""Go's omitempty drops the zeros of these, and empty lists and maps; never a struct."""

_ZEROS: dict[str, Any] = {"string": "", "int32": 0, "int64": 0, "bool": False, "float64": 0, "bytes": ""}


def _zero_of(field: Field) -> Callable[[], Any] | None:
    """What Go writes for a field that was not given, or None when it writes nothing.

    Go writes null for a list that was not given though it is always written (``rules: null``); here that is
    an empty list, which the official client's models accept.
    """
    if field.pointer:
        return None
    if field.container:
        empty = list if field.container == "[]" else dict
        return empty if field.always else None
    if is_message(field.type):
        return lambda: zero(field.type)
    if field.always and field.type in _ZEROS:
        value = _ZEROS[field.type]
        return lambda: value
    return None


def _reader(field: Field) -> Reader:
    if not field.container:
        return _value_reader(field.type, field.go)
    element_go = field.go[2:] if field.go.startswith("[]") else ""
    if field.container == "[]":
        return _list(_value_reader(field.type, element_go), field.go, field.type)
    element_go = field.go.partition("]")[2] if field.go.startswith("map[") else ""
    return _map(_value_reader(field.type, element_go), field.go, field.type)


def _value_reader(type_name: str, go: str) -> Reader:
    if type_name.startswith("[]"):
        return _list(_value_reader(type_name[2:], ""), go, type_name[2:])
    if is_message(type_name):
        return _struct(type_name)
    if type_name in OWN_FORMS:
        return OWN_FORMS[type_name]
    return SCALARS[type_name](go or type_name)


def _list(element: Reader, go: str, element_type: str) -> Reader:
    def read(state: Decoding, value: Any, path: Path) -> list[Any]:
        if type(value) is not list:
            state.mismatch(value, go, path, f"cannot restore slice from {go_kind(value)}")
            return []
        return [
            _null_element(element_type) if item is None else element(state, item, (path, index))
            for index, item in enumerate(value)
        ]

    return read


def _map(element: Reader, go: str, element_type: str) -> Reader:
    def read(state: Decoding, value: Any, path: Path) -> Object:
        if type(value) is not dict:
            if not isinstance(value, Repeated):
                state.mismatch(value, go, path, f"cannot restore map from {go_kind(value)}")
                return {}
            for name in value.names:
                state.problem("duplicate", path, name)
        return {
            name: _null_element(element_type) if item is None else element(state, item, (path, name))
            for name, item in value.items()
        }

    return read


def _null_element(element_type: str) -> Any:
    """In a list or a map, null is the zero of the elements' type: ``labels: {a: null}`` is an empty label."""
    if is_message(element_type):
        return zero(element_type)
    if element_type.startswith("[]"):
        return []
    return "0" if element_type == "quantity" else _ZEROS.get(element_type)
