"""What a create or an update makes of ``metadata.managedFields``.

Upstream: apimachinery's ``util/managedfields/internal``: ``fieldmanager.go`` (whose managedFields count),
``stripmeta.go`` (what nobody owns), ``skipnonapplied.go``. It looks at an object as the client sent it, with
defaults, before admission and the strategy have changed it: what these set has no owner.

Every write of every component comes through here, so it is cheap: parts of new objects that are alike are
looked at once, parts that a write shares with the old version not at all, and equal sets are one object.
"""

from __future__ import annotations

from functools import lru_cache

import orjson

from k8slearn.embedded.apiserver.fieldmanager.comparison import Comparison, compare
from k8slearn.embedded.apiserver.fieldmanager.fieldset import MEMBER, SELF, Fields, decoded, union
from k8slearn.embedded.apiserver.fieldmanager.managers import Entry, Manager, updated, valid
from k8slearn.embedded.apiserver.fieldmanager.types import ObjectType
from k8slearn.embedded.apiserver.kind import Kind, Object

NOT_OWNED = (
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
)
"""Of the metadata: the server's own."""

_NOT_OWNED_ELEMENTS = frozenset([SELF, *(f"f:{name}" for name in NOT_OWNED)])
_NOT_OWNED_PARTS = frozenset(("f:kind", "f:apiVersion"))
_PARTS_APART = {*_NOT_OWNED_PARTS, "f:metadata"}

_ALIKE = 1024
"""New objects of which it is remembered what fields they have: the next pod of a Deployment has the same."""

_AT_ONCE = 256
"""The same, of those that were made within a second."""

_LARGE = 10_000
"""Bytes from which that is not worth it."""


def entries_of(obj: Object) -> list[Entry]:
    return obj["metadata"].get("managedFields") or []


def restored(obj: Object) -> Object:
    """An object read from disk (altered), whose sets are shared with others again."""
    for entry in entries_of(obj):
        entry["fieldsV1"] = decoded(entry["fieldsV1"])
    return obj


def with_entries(obj: Object, entries: list[Entry]) -> Object:
    """The object with these managedFields."""
    metadata = obj["metadata"]
    if metadata.get("managedFields", ()) is entries:
        return obj
    if entries:
        return {**obj, "metadata": {**metadata, "managedFields": entries}}
    return {**obj, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def without_new_times(new: Object, old: Object) -> Object:
    """``old`` where ``new`` differs in nothing but when its managers wrote: that is no change.

    Upstream: apiserver's ``endpoints/handlers/fieldmanager/equality.go``.
    """
    entries, before = entries_of(new), entries_of(old)
    if len(entries) != len(before):
        return new
    for entry, known in zip(entries, before, strict=True):
        if {**entry, "time": ""} != {**known, "time": ""}:
            return new
    return old if with_entries(new, before) == old else new


def created(kind: Kind, asked: Object, new: Object, manager: Manager, time: str) -> list[Entry]:
    """The managedFields of the object ``new``, of which ``asked`` is what the client sent."""
    of = kind.stored.object_type
    metadata = {name: value for name, value in new["metadata"].items() if name not in NOT_OWNED}
    look = {name: new[name] for name in of.open if name in new}
    if kind.has_status:
        look.pop("status", None)
    # Of what is owned as a whole, all that is set is alike.
    unset = [name for name in of.closed_but_set if new.get(name) == of.empty[name]]
    encoded = orjson.dumps((metadata, look, unset))
    make = _made if len(encoded) < _LARGE else _made.__wrapped__
    try:
        entries = make(of, tuple(new), encoded, manager, time)
    except ValueError:
        return []
    if written := valid(asked.get("metadata", {}).get("managedFields")):
        owned = entries[0]["fieldsV1"] if entries else MEMBER
        return updated(written, Comparison({}, owned), manager, time)
    return entries


@lru_cache(_AT_ONCE)
def _made(
    kind: ObjectType, names: tuple[str, ...], encoded: bytes, manager: Manager, time: str
) -> list[Entry]:
    """The entries of a new object; those that are made within a second share them."""
    look = _remembered if len(encoded) < _LARGE else _remembered.__wrapped__
    fields = look(kind, names, encoded)
    return [manager.entry(fields, time)] if fields else []


@lru_cache(_ALIKE)
def _remembered(kind: ObjectType, names: tuple[str, ...], encoded: bytes) -> Fields:
    """The fields of a new object with parts of these ``names``: what it has beyond an empty one of its kind."""
    metadata, parts, unset = orjson.loads(encoded)
    parts["metadata"] = metadata
    for name in names:
        if name not in ("kind", "apiVersion", *kind.open, *unset):
            parts.setdefault(name, 0)
    empty = {name: value for name, value in kind.empty.items() if name in parts}
    return decoded(compare(kind.root, empty, parts).changed)


def changed(kind: Kind, asked: Object, old: Object, new: Object, manager: Manager, time: str) -> list[Entry]:
    """The managedFields of an object that an update makes ``new``; ``asked`` is what the client sent.

    A client may set them on the object itself, not through a subresource. An object that has none is not tracked
    until somebody applies it.
    """
    entries = entries_of(old)
    written = asked["metadata"].get("managedFields")
    if written is not None and not manager.subresource and written != entries:
        if written in ([], [{}]):
            return []
        entries = valid(written) or entries
    if not entries:
        return entries
    try:
        comparison = compare(kind.stored.object_type.root, old, new)
    except ValueError:
        return entries
    removed, changed = map(owned, comparison)
    if manager.subresource == "scale" and kind.scale is not None and not kind.scale.replicas(new):
        removed, changed = union(removed, changed), {}  # a Scale of none has no such field
    return updated(entries, Comparison(removed, changed), manager, time)


def owned(fields: Fields) -> Fields:
    """Without what nobody owns."""
    metadata = fields.get("f:metadata") or MEMBER
    if _NOT_OWNED_PARTS.isdisjoint(fields) and _NOT_OWNED_ELEMENTS.isdisjoint(metadata):
        return fields
    kept = {element: rest for element, rest in fields.items() if element not in _PARTS_APART}
    left = {element: rest for element, rest in metadata.items() if element not in _NOT_OWNED_ELEMENTS}
    if left:
        kept["f:metadata"] = left
    return kept
