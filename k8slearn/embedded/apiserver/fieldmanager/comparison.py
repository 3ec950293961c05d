"""Which fields a configuration names, and which ones differ between two versions of an object.

Upstream: structured-merge-diff's ``typed/tofieldset.go`` and ``typed/compare.go``. Every write of every component
goes through ``compare``: what two versions share is passed over by identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.fieldmanager.fieldset import MEMBER, SELF, Fields
from k8slearn.embedded.apiserver.fieldmanager.types import FieldType, ListType, MapType


def fields_of(kind: FieldType, value: Any) -> Fields:
    """The fields that a configuration names, as who applies it owns them.

    A named field that holds others is not itself owned: ``f:spec`` has no ``.``; an element of a list has.
    """
    found: Fields = {}
    if isinstance(value, dict) and kind.map is not None:
        for name, item in value.items():
            element, type_of_item = kind.map.find(name)
            inner = _inner(type_of_item, item)
            if inner is None:
                found[element] = MEMBER
            elif item is None or item == {} or name not in kind.map.fields:
                found[element] = {SELF: MEMBER, **inner} if inner else MEMBER
            elif inner:
                found[element] = inner
    elif isinstance(value, list) and kind.list is not None:
        for item in value:
            element = kind.list.path_element(item)
            # An element that occurs twice is owned as a whole.
            inner = _inner(kind.list.element, item) if element not in found else None
            found[element] = {SELF: MEMBER, **inner} if inner else MEMBER
    return found


def _inner(kind: FieldType, value: Any) -> Fields | None:
    """What is owned below a value; None where it is owned as a whole."""
    if isinstance(value, dict):
        return fields_of(kind, value) if kind.map is not None and not kind.map.whole else None
    if isinstance(value, list):
        return fields_of(kind, value) if kind.list is not None and not kind.list.whole else None
    # Null where only a map or a list can be names nothing inside.
    return {} if value is None and kind.scalar is None else None


class Comparison(NamedTuple):
    removed: Fields
    """The fields that the new version has no more."""
    changed: Fields
    """Those that it has and the old one had not, or with another value."""


def compare(kind: FieldType, old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    """What differs between two objects of that type."""
    assert kind.map is not None
    return Comparison(*_compare_maps(kind.map, old, new))


_Difference = tuple[Fields, Fields]


def _compare_maps(kind: MapType, old: dict[str, Any], new: dict[str, Any]) -> _Difference:
    removed: Fields = {}
    changed: Fields = {}
    fields, ends = kind.fields, kind.ends
    for name, value in new.items():
        before = old.get(name)
        if before == value:  # at C's speed, and at once where it is the same object
            continue
        element, type_of_value = fields.get(name) or kind.find(name)
        if name in ends:
            changed[element] = MEMBER
        elif before is None:  # null is as good as absent
            changed[element] = _all(type_of_value, value)
        else:
            _compare(type_of_value, element, before, value, removed, changed)
    # Nothing is missing when everything old was met in the new.
    if len(old) > len(new) or not old.keys() <= new.keys():
        for name, value in old.items():
            if value is not None and name not in new:
                element, type_of_value = kind.find(name)
                removed[element] = _all(type_of_value, value)
    return removed, changed


def _compare(kind: FieldType, element: str, old: Any, new: Any, removed: Fields, changed: Fields) -> None:
    """Enter below ``element`` what differs between two values that are not equal."""
    if type(old) is dict and type(new) is dict and kind.map is not None and not kind.map.whole:
        gone, other = _compare_maps(kind.map, old, new)
    elif type(old) is list and type(new) is list and kind.list is not None and not kind.list.whole:
        gone, other = _compare_lists(kind.list, old, new)
    else:
        changed[element] = MEMBER
        return
    if gone:
        removed[element] = gone
    if other:
        changed[element] = other


def _compare_lists(kind: ListType, old: list[Any], new: list[Any]) -> _Difference:
    removed: Fields = {}
    changed: Fields = {}
    if len(old) == len(new) and len(kind.keys) == 1:
        key = kind.keys[0]
        if [item.get(key) for item in old] == (keys := [item.get(key) for item in new]) and len(
            set(keys)
        ) == len(keys):
            # The usual case: the same elements, in the same order.
            for was, item in zip(old, new, strict=True):
                if was != item:
                    _compare(kind.element, kind.path_element(item), was, item, removed, changed)
            return removed, changed
    before, after = _by_element(kind, old), _by_element(kind, new)
    for element, items in after.items():
        known = before.get(element)
        if known == items:
            continue
        if known is not None and len(known) == len(items) == 1:
            _compare(kind.element, element, known[0], items[0], removed, changed)
        elif known is not None and len(known) > 1 and len(items) > 1:
            changed[element] = MEMBER
        else:
            changed[element] = _element(kind, items)
            if known is not None:
                removed[element] = _element(kind, known)
    for element, items in before.items():
        if element not in after:
            removed[element] = _element(kind, items)
    return removed, changed


def _by_element(kind: ListType, items: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(kind.path_element(item), []).append(item)
    return found


def _element(kind: ListType, items: list[Any]) -> Fields:
    """Everything below an element; one that occurs twice counts as a whole."""
    return _all(kind.element, items[0]) if len(items) == 1 else MEMBER


def _all(kind: FieldType, value: Any) -> Fields:
    """Everything below a value that is there as a whole or not at all, and the value itself."""
    if type(value) is dict:
        if kind.map is None or kind.map.whole or not value:
            return MEMBER
        if kind.map.flat:
            return _all_of(kind.map, tuple(value))
        found = {SELF: MEMBER}
        for name, item in value.items():
            element, type_of_item = kind.map.find(name)
            found[element] = _all(type_of_item, item)
        return found
    if type(value) is list:
        if kind.list is None or kind.list.whole or not value:
            return MEMBER
        found = {SELF: MEMBER}
        for element, items in _by_element(kind.list, value).items():
            found[element] = _element(kind.list, items)
        return found
    return MEMBER


@lru_cache(4096)
def _all_of(kind: MapType, names: tuple[str, ...]) -> Fields:
    return {SELF: MEMBER, **{kind.find(name)[0]: MEMBER for name in names}}
