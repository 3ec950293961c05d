"""Server-side apply: what a configuration makes of an object, and of who owns its fields.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
Upstream: apimachinery's ``util/managedfields/internal/structuredmerge.go`` and ``skipnonapplied.go``,
structured-merge-diff's ``merge.Updater.Apply``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.fieldmanager import tracking
from k8slearn.embedded.apiserver.fieldmanager.comparison import Comparison, compare, fields_of
from k8slearn.embedded.apiserver.fieldmanager.conflicts import Conflict, conflict_error, manager_text
from k8slearn.embedded.apiserver.fieldmanager.fieldset import Fields, decoded, intersection, paths, union
from k8slearn.embedded.apiserver.fieldmanager.lastapplied import allowed_conflicts, with_last_applied
from k8slearn.embedded.apiserver.fieldmanager.managers import Entry, Manager, ordered, without
from k8slearn.embedded.apiserver.fieldmanager.merging import merge, prune
from k8slearn.embedded.apiserver.fieldmanager.typed import type_errors
from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.status import ApiError, bad_request

BEFORE = "before-first-apply"
"""The manager of what was there before anybody was tracked."""

KUBECTL = "kubectl"
"""The manager that goes on where ``kubectl apply`` without --server-side left off."""


class Applied(NamedTuple):
    object: Object
    """Without defaults, and its managedFields as they were."""
    entries: list[Entry]


def apply(
    kind: Kind, live: Object | None, config: Object, manager: Manager, time: str, *, force: bool = False
) -> Applied:
    """``config`` applied to ``live``, None where there is no object yet; ``manager`` has the operation Apply.

    Raises ApiError: 409 where it would change what others own, unless ``force``; 400 and 500 for a configuration
    that is not of this kind.
    """
    _check(kind, config)
    root = kind.object_type.root
    if live is None:
        before, entries = kind.object_type.empty, []
    else:
        before = tracking.with_entries(live, [])
        entries = tracking.entries_of(live) or _untracked(kind, before, manager, time)
    others = [entry for entry in entries if not manager.wrote(entry)]
    last = next((entry for entry in entries if manager.wrote(entry)), None)
    named = _for(manager.subresource, kind, fields_of(root, config))
    owned = named
    for entry in others:
        owned = union(owned, entry["fieldsV1"])
    merged = merge(root, before, config)
    new: Object = prune(root, merged, owned, last["fieldsV1"] if last else {}) or {}
    comparison = Comparison(
        *(_for(manager.subresource, kind, tracking.owned(part)) for part in compare(root, before, new))
    )
    conflicts = [
        Conflict(manager_text(entry), path)
        for entry in others
        for path in paths(intersection(entry["fieldsV1"], comparison.changed))
    ]
    if conflicts and not force:
        if manager.name == KUBECTL and live is not None:
            allowed = allowed_conflicts(kind, before)
            conflicts = [conflict for conflict in conflicts if conflict.path not in allowed]
        if conflicts:
            raise conflict_error(conflicts)
    kept = without(others, comparison)
    if fields := tracking.owned(named):
        entry = manager.entry(decoded(fields), time)
        if new == before:  # nothing happened: the time is that of the last time something did
            entry = {name: value for name, value in entry.items() if name != "time"}
            if last is not None and "time" in last:
                entry["time"] = last["time"]
        kept.append(entry)
    if manager.name == KUBECTL:
        new = with_last_applied(new, config)
    return Applied(new, ordered(kept))


def _untracked(kind: Kind, live: Object, manager: Manager, time: str) -> list[Entry]:
    """The entries of an object that has none: from now on its fields have an owner."""
    of = kind.object_type
    fields = _for(manager.subresource, kind, tracking.owned(compare(of.root, of.empty, live).changed))
    who = Manager(BEFORE, "Update", manager.api_version, manager.subresource)
    return [who.entry(fields, time)] if fields else []


def _for(subresource: str, kind: Kind, fields: Fields) -> Fields:
    """What can be written that way: the status through its subresource only, and beside it metadata."""
    if subresource == "status":
        return {element: rest for element, rest in fields.items() if element in ("f:status", "f:metadata")}
    return {e: rest for e, rest in fields.items() if e != "f:status"} if kind.has_status else fields


def _check(kind: Kind, config: Any) -> None:
    """Raises ApiError for what is no configuration of this kind."""
    version, name = str(config.get("apiVersion") or ""), str(config.get("kind") or "")
    if (version, name) != (kind.api_version, kind.kind):
        raise bad_request(f"invalid object type: {type_text(version, name)}")
    metadata = config.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if errors := list(type_errors(kind.object_type.root, config)):
        what = errors[0] if len(errors) == 1 else "\n  ".join(["errors:", *errors])
        place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {type_text(version, name)}"
        raise ApiError(500, "", f"failed to create typed patch object ({place}): {what}")


def type_text(api_version: str, kind: str) -> str:
    """``apps/v1, Kind=Deployment``"""
    group, _, version = api_version.rpartition("/")
    return f"{group}/{version}, Kind={kind}"
