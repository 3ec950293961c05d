"""How the fields of a kind are owned: which lists merge by which keys, what has one owner as a whole.

``of_built_in`` reads it from the table of the built-in kinds, ``of_custom`` from a custom resource's schema.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
Upstream: structured-merge-diff's ``schema``, and kube-openapi's ``schemaconv``, which makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property, lru_cache
from typing import Any

import orjson

from k8slearn.embedded.apiserver import schema
from k8slearn.embedded.apiserver.messages import META, Field, is_message, message


class MapType:
    """A JSON object: named ``fields``, and all others of the type ``element`` (None: there are no others)."""

    def __init__(self, element: FieldType | None = None, *, whole: bool = False) -> None:
        self.element = element
        self.whole = whole
        """It has one owner; nobody looks inside."""

    @cached_property
    def fields(self) -> dict[str, tuple[str, FieldType]]:
        """By name: the path element, and the type."""
        return {}

    @cached_property
    def flat(self) -> bool:
        """Nothing in it goes on: which fields it has is said by their names."""
        types = [type for _, type in self.fields.values()]
        return all(type.ends for type in [*types, *([self.element] if self.element else [])])

    def add(self, name: str, type: FieldType) -> None:
        self.fields[name] = f"f:{name}", type

    @cached_property
    def ends(self) -> frozenset[str]:
        """The named fields that are owned as a whole."""
        return frozenset(name for name, (_, type) in self.fields.items() if type.ends)

    def find(self, name: str) -> tuple[str, FieldType]:
        """The path element and the type of a field; what is not declared is of the type of any."""
        return self.fields.get(name) or (f"f:{name}", self.element or ANYTHING)


class ListType:
    """A list, ``whole`` or not; its elements are told apart by their ``keys``, without any by their values."""

    __slots__ = ("defaults", "element", "keys", "whole")

    def __init__(self, element: FieldType, keys: Mapping[str, Any] | None = None) -> None:
        self.element = element
        self.whole = keys is None
        self.keys = tuple(sorted(keys or ()))
        self.defaults = {key: value for key, value in (keys or {}).items() if value is not None}

    def path_element(self, item: Any) -> str:
        """What names this element in a path. Raises ValueError, in upstream's words, when nothing does."""
        if not self.keys:
            if isinstance(item, dict):
                raise ValueError("associative list without keys has an element that's a map type")
            if isinstance(item, list):
                raise ValueError("not supported: associative list with lists as elements")
            if item is None:
                raise ValueError("associative list without keys has an element that's an explicit null")
            return f"v:{orjson.dumps(item).decode()}"
        if item is None:
            raise ValueError("associative list with keys may not have a null element")
        if not isinstance(item, dict):
            raise ValueError("associative list with keys may not have non-map elements")
        if len(self.keys) == 1:
            key = self.keys[0]
            values = (item[key] if key in item else self.defaults.get(key),)
        else:
            values = tuple([item.get(key, self.defaults.get(key)) for key in self.keys])
        scalars = not any(isinstance(value, dict | list) for value in values)  # others are refused later
        element = (_key_element if scalars else _key_element.__wrapped__)(self.keys, values)
        if element == _NO_KEYS:
            names = " ".join(f'"{key}"' for key in self.keys)
            raise ValueError(
                f"associative list with keys has an element that omits all key fields [{names}] "
                "(and doesn't have default values for any key fields)"
            )
        return element


_NO_KEYS = "k:{}"


@lru_cache(4096)
def _key_element(keys: tuple[str, ...], values: tuple[Any, ...]) -> str:
    known = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
    return f"k:{orjson.dumps(known).decode()}"


class FieldType:
    """The type of a value: what it is as a scalar, as a map, as a list; None where it cannot be one."""

    __slots__ = ("list", "map", "scalar")

    def __init__(
        self, scalar: str | None = None, map: MapType | None = None, list: ListType | None = None
    ) -> None:
        self.scalar = scalar
        """``numeric``, ``string``, ``boolean`` or ``untyped``."""
        self.map = map
        self.list = list

    @property
    def ends(self) -> bool:
        """Whatever the value is, it is owned as a whole."""
        return (self.map is None or self.map.whole) and (self.list is None or self.list.whole)


OPAQUE = FieldType("untyped")
"""Anything, of one owner (a RawExtension)."""
OPAQUE.map = MapType(OPAQUE, whole=True)
OPAQUE.list = ListType(OPAQUE)

ANYTHING = FieldType("untyped")
"""What has no schema: maps are owned field by field, lists as a whole."""
ANYTHING.map = MapType(ANYTHING)
ANYTHING.list = ListType(OPAQUE)


class ObjectType:
    """The type of the objects of one kind.

    ``empty`` is an object of it in which nothing is set: what a new one has beyond it has an owner. A built-in
    kind's has its struct's zero values, a custom resource's nothing at all.
    """

    def __init__(self, root: FieldType, empty: dict[str, Any]) -> None:
        self.root = root
        self.empty = empty

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The parts, besides metadata, in which there is something to own."""
        assert self.root.map is not None
        fields = self.root.map.fields.items()
        return tuple(name for name, (_, type) in fields if name != "metadata" and not type.ends)

    @cached_property
    def closed_but_set(self) -> tuple[str, ...]:
        """The parts of one owner that even an empty object has."""
        return tuple(name for name in self.empty if name not in ("metadata", *self.open))


# -- built-in kinds -------------------------------------------------------------------------------


def of_built_in(name: str) -> ObjectType:
    """The type of a built-in kind, by its message: ``k8s.io.api.core.v1.Pod``."""
    return ObjectType(_of_message(name), schema.zero(name))


_SCALARS = {
    "string": "string",
    "bytes": "string",
    "duration": "string",
    "bool": "boolean",
    "int32": "numeric",
    "int64": "numeric",
    "float64": "numeric",
}


@cache
def _of_message(name: str, *, whole: bool = False) -> FieldType:
    return FieldType(map=_Message(name, whole=whole))


class _Message(MapType):
    """Its fields are read when they are first asked for: messages refer to each other and to themselves."""

    def __init__(self, name: str, *, whole: bool) -> None:
        super().__init__(whole=whole)
        self._name = name

    @cached_property
    def fields(self) -> dict[str, tuple[str, FieldType]]:
        fields = message(self._name).fields.values()
        return {field.name: (f"f:{field.name}", _of_field(field)) for field in fields}


def _of_field(field: Field) -> FieldType:
    element = _of_type(field.type, whole=field.elements_whole or (field.whole and not field.container))
    if field.container == "map:":
        return FieldType(map=MapType(element, whole=field.whole))
    if field.container == "[]":
        return FieldType(list=ListType(element, _keys(field) if field.list_keys or field.is_set else None))
    return element


def _keys(field: Field) -> dict[str, Any]:
    """The keys of a list's elements with their defaults, numbers as such."""
    types = {key: message(field.type).fields[key].type for key in field.list_keys}
    return {
        key: int(default) if default is not None and types[key].startswith("int") else default
        for key, default in field.list_keys.items()
    }


def _of_type(name: str, *, whole: bool) -> FieldType:
    if name.startswith("[]"):
        return FieldType(list=ListType(_of_type(name[2:], whole=False)))
    if is_message(name):
        return _of_message(name, whole=whole)
    return OPAQUE if name == "raw" else _scalar(_SCALARS.get(name, "untyped"))


@cache
def _scalar(kind: str) -> FieldType:
    return FieldType(kind)


# -- custom resources -----------------------------------------------------------------------------


def of_custom(described: Mapping[str, Any]) -> ObjectType:
    """The type of a custom resource with this structural schema (``openAPIV3Schema``).

    kind, apiVersion and metadata are what they are in every object, whatever the schema says of them.
    """
    found = _of_schema(described, preserve=False)
    kind = FieldType(map=found.map or MapType(ANYTHING))
    assert kind.map is not None
    for name in ("apiVersion", "kind"):
        kind.map.add(name, _scalar("string"))
    kind.map.add("metadata", _of_message(f"{META}ObjectMeta"))
    return ObjectType(kind, {})


def _of_schema(described: Mapping[str, Any], *, preserve: bool) -> FieldType:
    preserve = preserve or described.get("x-kubernetes-preserve-unknown-fields") is True
    match described.get("type", ""):
        case "object":
            return FieldType(map=_map(described, preserve))
        case "array":
            return FieldType(list=_list(described, preserve))
        case "integer" | "number":
            return _scalar("numeric")
        case "boolean":
            return _scalar("boolean")
        case "string":
            return _scalar("string" if described.get("format", "") in ("", "byte") else "untyped")
    return FieldType("untyped", _map(described, preserve), _list(described, preserve))


def _map(described: Mapping[str, Any], preserve: bool) -> MapType:
    properties, others = described.get("properties") or {}, described.get("additionalProperties")
    if isinstance(others, Mapping):
        element = _of_schema(others, preserve=preserve)
    elif others is None:
        element = ANYTHING if preserve or not properties else None
    else:
        element = ANYTHING if others else None
    found = MapType(element, whole=described.get("x-kubernetes-map-type") == "atomic")
    for name, field in properties.items():
        found.add(name, _of_schema(field, preserve=preserve))
    return found


def _list(described: Mapping[str, Any], preserve: bool) -> ListType:
    items = described.get("items")
    element = _of_schema(items, preserve=preserve) if isinstance(items, Mapping) else OPAQUE
    match described.get("x-kubernetes-list-type"):
        case "set":
            return ListType(element, {})
        case "map":
            fields = (items or {}).get("properties") or {}
            keys = described.get("x-kubernetes-list-map-keys") or ()
            return ListType(element, {key: (fields.get(key) or {}).get("default") for key in keys})
    return ListType(element)
