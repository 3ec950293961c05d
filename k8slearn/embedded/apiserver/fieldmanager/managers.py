"""The entries of ``metadata.managedFields``: one for each manager, operation, subresource and version.

Upstream: apimachinery's ``util/managedfields/internal``: ``managedfields.go`` (which entries are one, their order),
``managedfieldsupdater.go`` (their times), ``capmanagers.go``, and ``merge.Updater.update`` (who loses what).
An entry is stored as the API shows it, and never altered.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_
from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.fieldmanager.comparison import Comparison
from k8slearn.embedded.apiserver.fieldmanager.fieldset import Fields, decoded, difference, is_set, union

Entry = dict[str, Any]
"""A ``metav1.ManagedFieldsEntry``."""

MOST_UPDATERS = 10
"""Of more managers that updated an object, the oldest ones become one."""

ANCIENT = "ancient-changes"
"""The manager that they become."""


class Manager(NamedTuple):
    """Who writes, in which way: entries that agree in all of this are one."""

    name: str
    operation: str = "Update"
    """Update or Apply."""
    api_version: str = ""
    subresource: str = ""

    def entry(self, fields: Fields, time: str) -> Entry:
        """``time`` is RFC 3339."""
        entry: Entry = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        if self.subresource:
            entry["subresource"] = self.subresource
        return entry

    def wrote(self, entry: Entry) -> bool:
        """Whether this is its entry. Who applies has one, whichever version it applied."""
        return (
            entry.get("manager", "") == self.name
            and entry["operation"] == self.operation
            and entry.get("subresource", "") == self.subresource
            and (self.operation == "Apply" or entry["apiVersion"] == self.api_version)
        )


def updated(entries: list[Entry], comparison: Comparison, manager: Manager, time: str) -> list[Entry]:
    """The entries after an update by ``manager``, who takes what changed; the same list when that is nothing."""
    mine: Fields = {}
    kept: list[Entry] = []
    for entry in entries:
        if comparison.changed and manager.wrote(entry):
            mine = difference(entry["fieldsV1"], comparison.removed)
        elif (left := _left(entry, comparison)) is not None:
            kept.append(left)
    if comparison.changed:
        kept.append(manager.entry(union(mine, comparison.changed), time))
        return ordered(kept if len(kept) <= MOST_UPDATERS else _capped(kept))
    return entries if len(kept) == len(entries) and all(map(is_, kept, entries)) else kept


def without(entries: Iterable[Entry], comparison: Comparison) -> list[Entry]:
    """The entries, without what changed or is gone."""
    return [kept for entry in entries if (kept := _left(entry, comparison)) is not None]


def _left(entry: Entry, comparison: Comparison) -> Entry | None:
    """What an entry still owns, None for nothing; the entry itself when it loses nothing."""
    fields = entry["fieldsV1"]
    left = difference(fields, comparison.changed)
    if comparison.removed:
        left = difference(left, comparison.removed)
    if left is fields:
        return entry
    return {**entry, "fieldsV1": left} if left else None


def ordered(entries: list[Entry]) -> list[Entry]:
    """Appliers first, then by time."""
    return sorted(entries, key=_place)


def _place(entry: Entry) -> tuple[str, ...]:
    return (
        entry["operation"],
        entry.get("time", ""),
        entry.get("manager", ""),
        entry["apiVersion"],
        entry.get("subresource", ""),
    )


def _capped(entries: list[Entry]) -> list[Entry]:
    """At most ``MOST_UPDATERS`` entries of updates: the oldest of a version are joined until it is so."""
    updates = [entry for entry in entries if entry["operation"] == "Update"]
    surplus = len(updates) - MOST_UPDATERS
    if surplus <= 0:
        return entries
    kept = [entry for entry in entries if entry["operation"] != "Update"]
    buckets: dict[str, Entry] = {}
    for entry in ordered(updates):
        version = entry["apiVersion"]
        bucket = buckets.get(version)
        if surplus <= 0:
            kept.append(entry)
        elif bucket is None:
            buckets[version] = entry
        else:
            joined = union(bucket["fieldsV1"], entry["fieldsV1"])
            buckets[version] = Manager(ANCIENT, api_version=version).entry(joined, entry.get("time", ""))
            surplus -= 1
    return [*kept, *buckets.values()]


def valid(entries: Any) -> list[Entry] | None:
    """What a client wrote as managedFields, where it makes sense; None where it does not, and is not heeded."""
    if not isinstance(entries, list):
        return None
    for entry in entries:
        if (
            not isinstance(entry, dict)
            or entry.get("operation") not in ("Apply", "Update")
            or not entry.get("apiVersion")
            or entry.get("fieldsType") != "FieldsV1"
            or not is_set(entry.get("fieldsV1") or {})
        ):
            return None
    return ordered([{**entry, "fieldsV1": decoded(entry.get("fieldsV1") or {})} for entry in entries])
