"""Objects by resource, namespace and name; every write gets the next revision and reaches every watch.

The rules are etcd's as the API server uses it:

* one counter of revisions for the whole store; an object's ``metadata.resourceVersion`` is the revision
  of its last write;
* an object is a plain JSON dict and never changes once it is stored. A write stores a new dict, which may
  share what did not change with the old one. Whoever reads an object may keep it, and must not alter it;
* a write may name the revision it builds on, and fails with ``Conflict`` when another came in between;
* a watch sees every change in order, from now or from an old revision; a revision that has been compacted
  away cannot be watched from (``Compacted``, which the API turns into 410 Gone).

    >>> store = Store()
    >>> a = store.create("configmaps", {"metadata": {"namespace": "default", "name": "a"}, "data": {"k": "1"}})
    >>> a.object["metadata"]["resourceVersion"]
    '1'
    >>> [change.type for change in store.changes_since("configmaps", 0)]
    ['ADDED']
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.store.journal import Journal
from k8slearn.embedded.store.key import Key

Object = dict[str, Any]
"""A Kubernetes object as JSON. Never altered once it is stored."""

HISTORY = 20_000
"""How many changes are kept for watches that start in the past; older ones are compacted away."""


class NotFound(Exception):
    """No such object. ``args``: resource, key."""


class AlreadyExists(Exception):
    """An object of that name is there already. ``args``: resource, key."""


class Conflict(Exception):
    """The object was written since the revision that this write builds on. ``args``: resource, key."""


class Compacted(Exception):
    """The revision lies before the oldest change kept. ``args``: the revision, the oldest revision kept."""


class Stored:
    """An object as it stands in the store, with its JSON encoding made once, when first asked for."""

    __slots__ = ("_encoded", "key", "object", "resource", "revision")

    def __init__(
        self, resource: str, key: Key, revision: int, obj: Object, encoded: bytes | None = None
    ) -> None:
        self.resource = resource
        self.key = key
        self.revision = revision
        self.object = obj
        self._encoded = encoded

    @property
    def encoded(self) -> bytes:
        if self._encoded is None:
            # A copy: what orjson gives back holds on to 8 kB or more, however short it is.
            self._encoded = bytes(memoryview(orjson.dumps(self.object)))
        return self._encoded

    def forget_encoding(self) -> None:
        """It has been written over: of the versions in the history hardly one is asked for again."""
        self._encoded = None


class Change(NamedTuple):
    """One write as a watch sees it. ``type`` is ADDED, MODIFIED or DELETED.

    ``stored`` is the object after the write (for DELETED: as it last was, under the deletion's revision);
    ``previous`` is the object before it, None for ADDED.
    """

    type: str
    stored: Stored
    previous: Stored | None

    @property
    def object(self) -> Object:
        return self.stored.object


class Watch:
    """A subscription. ``stop()`` ends it; stopping twice does no harm."""

    def __init__(self, watchers: list[Watch], notify: Callable[[Change], None]) -> None:
        self._watchers = watchers
        self.notify = notify

    def stop(self) -> None:
        if self in self._watchers:
            self._watchers.remove(self)


Index = Callable[[Object], Sequence[str]]


class Store:
    """See the module. Resources are named ``plural`` or ``plural.group``: ``pods``, ``deployments.apps``.

    With a ``journal`` every write is on disk before it is visible, and the store begins as the journal
    left it; ``restored`` makes of an object that was read what is kept. A write that the journal refuses
    (StorageError) has not happened.
    """

    def __init__(
        self, journal: Journal | None = None, restored: Callable[[Object], Object] = lambda obj: obj
    ) -> None:
        self.revision = 0
        self.announcing = 0
        """The revision of the change that watches are being told of; 0 outside of that."""
        self._journal = journal
        self._resources: dict[str, dict[Key, Stored]] = {}
        self._watchers: dict[str, list[Watch]] = {}
        self._narrow: dict[str, dict[str, dict[str, list[Watch]]]] = {}
        """Resource, index, value: who watches only what that index has under that value."""

        self._history: deque[Change] = deque(maxlen=HISTORY)
        self.compacted = 0
        """What was written before this revision is known no more."""
        self._indexes: dict[str, dict[str, tuple[Index, dict[str, set[Key]]]]] = {}
        """Keys, not objects: a write that moves nothing in an index leaves it alone."""

        if journal:
            for record in journal.records:
                self.revision = record.revision
                if record.object is None:
                    self._resources.setdefault(record.resource, {}).pop(record.key, None)
                else:
                    stored = Stored(record.resource, record.key, record.revision, restored(record.object))
                    self._resources.setdefault(record.resource, {})[record.key] = stored
            self.revision = self.compacted = journal.revision
            journal.records.clear()
            self._shorten_journal()

    # -- reading --------------------------------------------------------------------------------

    def get(self, resource: str, namespace: str, name: str) -> Stored:
        """Raises NotFound."""
        key = Key(namespace, name)
        try:
            return self._resources[resource][key]
        except KeyError:
            raise NotFound(resource, key) from None

    def find(self, resource: str, namespace: str, name: str) -> Stored | None:
        return self._resources.get(resource, {}).get(Key(namespace, name))

    def list(self, resource: str, namespace: str | None = None, revision: int | None = None) -> list[Stored]:
        """All objects, or those of one namespace, in the order of namespace and name, as etcd's keys are.

        With ``revision`` as they were then. Raises Compacted.
        """
        found = self._resources.get(resource, {})
        if revision is not None:
            found = dict(found)
            for change in reversed(list(self.changes_since(resource, revision))):
                if change.previous is None:
                    del found[change.stored.key]
                else:
                    found[change.stored.key] = change.previous
        keys = found if namespace is None else [key for key in found if key.namespace == namespace]
        return [found[key] for key in sorted(keys)]

    def resources(self) -> list[str]:
        """The names of all resources of which the store has ever held an object."""
        return sorted(self._resources)

    # -- indexes --------------------------------------------------------------------------------

    def add_index(self, resource: str, name: str, index: Index) -> None:
        """Keep the objects of ``resource`` findable by the strings that ``index(object)`` gives.

        ``store.add_index("pods", "node", lambda pod: [pod["spec"].get("nodeName", "")])``. Adding the
        same index again changes nothing.
        """
        indexes = self._indexes.setdefault(resource, {})
        if name in indexes:
            return
        entries: dict[str, set[Key]] = {}
        indexes[name] = (index, entries)
        for key, stored in self._resources.get(resource, {}).items():
            for value in index(stored.object):
                entries.setdefault(value, set()).add(key)

    def by_index(self, resource: str, name: str, value: str) -> list[Stored]:
        """The objects under ``value`` of an index made before, in the order of namespace and name."""
        found = self._indexes[resource][name][1].get(value)
        if not found:
            return []
        objects = self._resources[resource]
        return [objects[key] for key in sorted(found)]

    # -- writing --------------------------------------------------------------------------------

    def create(self, resource: str, obj: Object) -> Stored:
        """Store a new object. Raises AlreadyExists, StorageError."""
        key = _key_of(obj)
        if key in self._resources.get(resource, {}):
            raise AlreadyExists(resource, key)
        return self._put("ADDED", resource, key, obj, None)

    def update(self, resource: str, obj: Object, revision: int | None = None) -> Stored:
        """Replace an object; with ``revision`` only if it is still at that one.

        Raises NotFound, Conflict, StorageError.
        """
        key = _key_of(obj)
        previous = self.get(resource, *key)
        if revision is not None and revision != previous.revision:
            raise Conflict(resource, key)
        return self._put("MODIFIED", resource, key, obj, previous)

    def delete(self, resource: str, namespace: str, name: str) -> Stored:
        """Remove an object; returns it under the revision of its deletion. Raises NotFound, StorageError."""
        previous = self.get(resource, namespace, name)
        key = previous.key
        revision = self.revision + 1
        self._write(revision, resource, key, None)
        last = Stored(resource, key, revision, _with_revision(previous.object, revision))
        del self._resources[resource][key]
        self._reindex(resource, key, previous, None)
        self._announce(Change("DELETED", last, previous))
        return last

    def _put(self, kind: str, resource: str, key: Key, obj: Object, previous: Stored | None) -> Stored:
        revision = self.revision + 1
        stored = Stored(resource, key, revision, _with_revision(obj, revision))
        self._write(revision, resource, key, stored)
        self._resources.setdefault(resource, {})[key] = stored
        self._reindex(resource, key, previous, stored)
        self._announce(Change(kind, stored, previous))
        if previous is not None:
            previous.forget_encoding()
        return stored

    def _write(self, revision: int, resource: str, key: Key, stored: Stored | None) -> None:
        if self._journal:
            # Before this write, which the store does not show yet, and the journal will hold after it.
            self._shorten_journal()
            self._journal.append(revision, resource, key, stored.encoded if stored else None)
        self.revision = revision

    def _shorten_journal(self) -> None:
        if self._journal and self._journal.overlong:
            live = [stored for objects in self._resources.values() for stored in objects.values()]
            live.sort(key=lambda stored: stored.revision)
            self._journal.rewrite((one.revision, one.resource, one.key, one.encoded) for one in live)

    def _reindex(self, resource: str, key: Key, before: Stored | None, after: Stored | None) -> None:
        for index, entries in self._indexes.get(resource, {}).values():
            old = index(before.object) if before is not None else ()
            new = index(after.object) if after is not None else ()
            if old == new:
                continue
            for value in old:
                if bucket := entries.get(value):
                    bucket.discard(key)
                    if not bucket:
                        del entries[value]
            for value in new:
                entries.setdefault(value, set()).add(key)

    # -- watching -------------------------------------------------------------------------------

    def watch(
        self,
        resource: str,
        notify: Callable[[Change], None],
        *,
        only: tuple[str, str] | None = None,
    ) -> Watch:
        """Call ``notify`` with every change of ``resource`` from now on, inside the write that makes it.

        ``only=("node", "worker-1")`` narrows it to objects that the index "node" (made before) has under that
        value before or after the change: a hundred kubelets then do not look at each other's pods.
        ``notify`` must only take note (put a key in a queue, bytes in a stream): it must not write.
        """
        if only is None:
            watchers = self._watchers.setdefault(resource, [])
        else:
            index, value = only
            by_value = self._narrow.setdefault(resource, {}).setdefault(index, {})
            watchers = by_value.setdefault(value, [])
        watch = Watch(watchers, notify)
        watchers.append(watch)
        return watch

    def changes_since(self, resource: str, revision: int) -> Iterator[Change]:
        """The changes of ``resource`` after ``revision``, oldest first. Raises Compacted."""
        if revision < self.compacted:
            raise Compacted(revision, self.compacted)
        past = [change for change in self._newest_first(revision) if change.stored.resource == resource]
        return reversed(past)

    def _newest_first(self, revision: int) -> Iterator[Change]:
        for change in reversed(self._history):
            if change.stored.revision <= revision:
                return
            yield change

    def compact(self, revision: int | None = None) -> None:
        """Forget the changes up to ``revision`` (default: all): watches cannot start before it any more."""
        revision = self.revision if revision is None else min(revision, self.revision)
        while self._history and self._history[0].stored.revision <= revision:
            self._history.popleft()
        self.compacted = max(self.compacted, revision)

    def _announce(self, change: Change) -> None:
        if len(self._history) == HISTORY:
            self.compacted = self._history[0].stored.revision
        self._history.append(change)
        self.announcing = self.revision
        try:
            self._tell(change)
        finally:
            self.announcing = 0

    def _tell(self, change: Change) -> None:
        resource = change.stored.resource
        for watch in tuple(self._watchers.get(resource, ())):
            watch.notify(change)
        for index, by_value in self._narrow.get(resource, {}).items():
            values_of = self._indexes[resource][index][0]
            values = dict.fromkeys(values_of(change.object))
            if change.previous is not None:
                values |= dict.fromkeys(values_of(change.previous.object))
            for value in values:
                for watch in tuple(by_value.get(value, ())):
                    watch.notify(change)


def _key_of(obj: Object) -> Key:
    metadata = obj["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])


def _with_revision(obj: Object, revision: int) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
