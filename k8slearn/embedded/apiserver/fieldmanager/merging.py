"""An applied configuration merged into a live object, and what it no longer names taken out.

Upstream: structured-merge-diff's ``typed/merge.go``, ``typed/remove.go`` and the pruning of ``merge/update.go``.
Nothing here alters what it is given; results share what did not change.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from k8slearn.embedded.apiserver.fieldmanager.comparison import fields_of
from k8slearn.embedded.apiserver.fieldmanager.fieldset import (
    MEMBER,
    SELF,
    Fields,
    difference,
    intersection,
    union,
)
from k8slearn.embedded.apiserver.fieldmanager.types import ANYTHING, FieldType, ListType, MapType


def merge(kind: FieldType, live: Any, config: Any) -> Any:
    """``live`` with what ``config`` names: leaves are replaced, maps and lists with keys or values are merged."""
    if isinstance(config, dict) and kind.map is not None and not kind.map.whole:
        return _merge_maps(kind.map, live, config) if isinstance(live, dict) else config
    if isinstance(config, list) and kind.list is not None and not kind.list.whole:
        return _merge_lists(kind.list, live, config) if isinstance(live, list) else config
    return config


def _merge_maps(kind: MapType, live: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    merged = dict(live)
    for name, value in config.items():
        merged[name] = merge(kind.find(name)[1], live[name], value) if name in live else value
    return merged


def _merge_lists(kind: ListType, live: list[Any], config: list[Any]) -> list[Any]:
    """The elements of both. Those of the configuration come in its order, others stay where they were among them."""
    left, right = [kind.path_element(i) for i in live], [kind.path_element(i) for i in config]
    # Of live elements that occur twice none is merged with.
    known = {element: item for element, item in zip(left, live, strict=True) if left.count(element) == 1}
    asked = set(right)
    in_both = deque(element for element in right if element in set(left))
    wanted = in_both.popleft() if in_both else None
    merged: list[Any] = []
    done: set[str] = set()

    def take(at: int) -> None:
        nonlocal wanted
        element = right[at]
        done.add(element)
        item = config[at]
        merged.append(merge(kind.element, known[element], item) if element in known else item)
        if element == wanted:
            wanted = in_both.popleft() if in_both else None

    at_live = at_config = 0
    while at_live < len(left) or at_config < len(right):
        if at_live < len(left):
            element = left[at_live]
            if element not in asked:
                merged.append(live[at_live])
                at_live += 1
                continue
            if at_config < len(right):
                if element == right[at_config]:
                    take(at_config)
                    at_live, at_config = at_live + 1, at_config + 1
                    continue
                if wanted is not None and wanted != element:  # it comes later, in the configuration's order
                    at_live += 1
                    continue
            if element in done:
                at_live += 1
        if at_config < len(right):
            take(at_config)
            at_config += 1
    return merged


def prune(kind: FieldType, merged: Any, owned: Fields, last: Fields) -> Any:
    """``merged`` without what its applier named ``last`` and nobody owns now; ``owned`` is what all own now.

    An element or a map goes when nothing in it is owned by others.
    """
    if not last:
        return merged
    last, owned = _with_named(kind, last), _with_named(kind, owned)
    everything = _with_named(kind, fields_of(kind, merged))
    left = _with_named(kind, fields_of(kind, _without(kind, merged, last)))
    kept = _without(kind, merged, difference(everything, union(left, owned)))
    gone = difference(everything, _with_named(kind, fields_of(kind, kept)))
    return _without(kind, merged, intersection(gone, last))


def _with_named(kind: FieldType, fields: Fields) -> Fields:
    """The set, and in it every named field that holds members: ``spec`` too, where there is ``spec.replicas``."""
    found: Fields = {}
    for element, rest in fields.items():
        if not rest:
            found[element] = MEMBER
            continue
        name = element[2:]
        inner = _with_named(_below(kind, element), rest)
        named = element.startswith("f:") and kind.map is not None and name in kind.map.fields
        found[element] = {SELF: MEMBER, **inner} if named else inner
    return found


def _below(kind: FieldType, element: str) -> FieldType:
    if element.startswith("f:"):
        return kind.map.find(element[2:])[1] if kind.map is not None else ANYTHING
    return kind.list.element if kind.list is not None else ANYTHING


def _without(kind: FieldType, value: Any, fields: Fields) -> Any:
    """The value without the members of ``fields``; null when nothing is left of a map or a list."""
    if isinstance(value, dict):
        if kind.map is None or kind.map.whole:
            return None
        left = {}
        for name, item in value.items():
            element, type_of_item = kind.map.find(name)
            rest = fields.get(element)
            if rest is None:
                left[name] = item
            elif rest and SELF not in rest:
                left[name] = _without(type_of_item, item, rest)
        return left or None
    if isinstance(value, list):
        if kind.list is None or kind.list.whole:
            return None
        items = []
        for item in value:
            rest = fields.get(kind.list.path_element(item))
            if rest is None:
                items.append(item)
            elif rest and SELF not in rest:
                items.append(_without(kind.list.element, item, rest))
        return items or None
    return value
