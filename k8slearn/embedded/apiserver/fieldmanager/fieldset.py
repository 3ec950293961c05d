"""Sets of fields, as ``fieldsV1`` writes them: ``{"f:spec": {"f:replicas": {}}}``.

``f:`` is a field, ``k:`` an element of a list by its keys, ``v:`` one by its value. A path that ends in ``{}`` is a
member; one that is a member and goes on has ``.`` beside what follows. This is the form of sets everywhere here:
what is stored is what is computed with. No set is ever altered, so that objects which are alike share theirs.

Upstream: structured-merge-diff's ``fieldpath.Set``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

Fields = dict[str, Any]
"""Path element -> Fields."""

MEMBER: Fields = {}
"""The end of a path."""

SELF = "."
_ITSELF: Fields = {SELF: MEMBER}

_KEPT = 4096
"""Sets kept to be shared: some megabytes at most."""


def decoded(fields: Fields) -> Fields:
    """A set that was read from JSON, every part of it shared with equal ones."""
    return _decoded(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


@lru_cache(_KEPT)
def _decoded(encoded: bytes) -> Fields:
    if encoded == b"{}":
        return MEMBER
    return {element: decoded(rest) for element, rest in orjson.loads(encoded).items()}


def is_set(value: Any) -> bool:
    """Whether JSON that a client sent is a set of fields.

    >>> is_set({"f:spec": {".": {}, 'k:{"name":"a"}': {}}}), is_set({"spec": {}}), is_set({"k:name": {}})
    (True, False, False)
    """
    return isinstance(value, dict) and all(
        _is_path_element(element) and is_set(rest) for element, rest in value.items()
    )


def _is_path_element(element: str) -> bool:
    kind, separator, value = element.partition(":")
    if not separator or kind not in ("k", "v", "i"):
        return element == SELF or kind == "f"
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return isinstance(parsed, {"k": dict, "i": int}.get(kind, object))


def union(one: Fields, other: Fields) -> Fields:
    """The members of either; ``one`` itself when it has all of them.

    >>> union({"f:a": {}}, {"f:a": {"f:b": {}}, "f:c": {}})
    {'f:a': {'.': {}, 'f:b': {}}, 'f:c': {}}
    """
    result = None
    for element, rest in other.items():
        known = one.get(element)
        if known is rest:
            continue
        joined = rest if known is None else _joined(known, rest)
        if joined is not known:
            result = dict(one) if result is None else result
            result[element] = joined
    return one if result is None else result


def _joined(known: Fields, rest: Fields) -> Fields:
    """What two sets have below one path element: a member on either side stays one."""
    if known and rest:
        return union(known, rest)
    goes_on = known or rest
    return goes_on if not goes_on or SELF in goes_on else {SELF: MEMBER, **goes_on}


def difference(fields: Fields, gone: Fields) -> Fields:
    """``fields`` without the members of ``gone``; ``fields`` itself when it has none of them.

    >>> difference({"f:a": {".": {}, "f:b": {}}}, {"f:a": {}})
    {'f:a': {'f:b': {}}}
    """
    result = None
    for element, rest in gone.items():
        known = fields.get(element)
        if known is None:
            continue
        left = _without(known, rest)
        if left is not known:
            result = dict(fields) if result is None else result
            if left is None:
                del result[element]
            else:
                result[element] = left
    return fields if result is None else result


def _without(known: Fields, gone: Fields) -> Fields | None:
    """What is left below one path element, None when that is nothing."""
    if not known:
        return None if not gone or SELF in gone else known
    left = difference(known, gone or _ITSELF)
    if left is known:
        return known
    if not left:
        return None
    return MEMBER if left.keys() == _ITSELF.keys() else left


def intersection(one: Fields, other: Fields) -> Fields:
    """The members of both.

    >>> intersection({"f:a": {".": {}, "f:b": {}}}, {"f:a": {}, "f:c": {}})
    {'f:a': {}}
    """
    result = {}
    for element, rest in one.items():
        also = other.get(element)
        if also is None:
            continue
        if element == SELF:
            result[SELF] = MEMBER
        elif both := intersection(rest or _ITSELF, also or _ITSELF):
            result[element] = MEMBER if both.keys() == _ITSELF.keys() else both
    return result


def paths(fields: Fields, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every member as its path elements, in upstream's order: of each level first those that end there.

    >>> list(paths({"f:a": {"f:b": {}}, "f:c": {}}))
    [('f:c',), ('f:a', 'f:b')]
    """
    ordered = sorted(fields.items())
    for element, rest in ordered:
        if element != SELF and (not rest or SELF in rest):
            yield (*before, element)
    for element, rest in ordered:
        if rest:
            yield from paths(rest, (*before, element))


def path_text(path: tuple[str, ...]) -> str:
    """A path as messages show it.

    >>> path_text(("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name"))
    '.spec.ports[port=80,protocol="TCP"].name'
    """
    return "".join(element_text(element) for element in path)


def element_text(element: str) -> str:
    kind, _, value = element.partition(":")
    if kind == "f":
        return f".{value}"
    if kind == "k":
        keys = orjson.loads(value)
        return f"[{','.join(f'{key}={orjson.dumps(keys[key]).decode()}' for key in sorted(keys))}]"
    return f"[={value}]" if kind == "v" else f"[{value}]"
