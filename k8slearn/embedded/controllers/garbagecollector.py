"""The garbage collector: what is owned goes when its owners have gone.

Upstream: ``pkg/controller/garbagecollector``; https://kubernetes.io/docs/concepts/architecture/garbage-collection/.
An object with owner references is *garbage* when none of its owners exists any more. How an owner goes
decides:

* background (kubectl's default): the owner goes at once, what it owned afterwards;
* foreground (finalizer ``foregroundDeletion``): dependents go first; the owner waits for those whose
  reference says ``blockOwnerDeletion``;
* orphan (finalizer ``orphan``): dependents lose the reference, and stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.deletion import FOREGROUND, ORPHAN
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Key, Object, WorkQueue
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import owners


class Item(NamedTuple):
    """An object anywhere in the cluster."""

    resource: str
    namespace: str
    name: str


class GarbageCollector:
    """Looks at an object when an owner of it has gone or begins to go, and when it names an owner anew."""

    name = "generic-garbage-collector"

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self.queue: WorkQueue[Item] = WorkQueue(clock, self._work, client.change_under_way)
        self._kinds = client.registry.kinds
        self._kinds.watch(lambda kind: owners.add_indexes(client, kind.resource))

    def start(self) -> None:
        self._kinds.watch(self._look_after)

    def _look_after(self, kind: Kind) -> None:
        self.client.watch(kind.resource, self._notice)
        for obj in self.client.list(kind.resource):
            if obj["metadata"].get("ownerReferences") or _is_going(obj):
                self.queue.add(_item(kind.resource, obj))

    # -- what changed -----------------------------------------------------------------------------

    def _notice(self, change: Change) -> None:
        metadata = change.object["metadata"]
        item = Item(change.stored.resource, *change.stored.key)
        if change.type == "DELETED":
            for dependent in self._dependents(metadata["uid"]):
                self.queue.add(dependent)
            for reference in metadata.get("ownerReferences", ()):
                owner = self._owner(change.object, reference)
                if owner and _waits_for_dependents(owner[1]):
                    self.queue.add(owner[0])
            return
        before = change.previous.object["metadata"] if change.previous else {}
        if "deletionTimestamp" in metadata:
            if metadata.get("finalizers") and metadata.get("finalizers") != before.get("finalizers"):
                self.queue.add(item)
            return
        references = metadata.get("ownerReferences")
        if not references or references is before.get("ownerReferences"):
            return
        if any(self._state(change.object, reference) != "solid" for reference in references):
            self.queue.add(item)

    # -- what to do -------------------------------------------------------------------------------

    def _work(self, item: Item) -> None:
        try:
            with self.client.working_on(item.resource, Key(item.namespace, item.name), self.queue.because):
                self._collect(item)
        except ApiError:
            self.queue.retry(item)
        else:
            self.queue.forget(item)

    def _collect(self, item: Item) -> None:
        obj = self.client.get(*item)
        if obj is None:
            return
        if _is_going(obj):
            finalizers = obj["metadata"].get("finalizers", ())
            if ORPHAN in finalizers:
                self._orphan_dependents(item, obj)
            elif FOREGROUND in finalizers:
                self._delete_dependents_first(item, obj)
            return
        references = obj["metadata"].get("ownerReferences", ())
        states = {reference["uid"]: self._state(obj, reference) for reference in references}
        if not states:
            return
        if "solid" in states.values():
            gone = [uid for uid, state in states.items() if state != "solid"]
            if gone:
                why = "some of its owners are gone, others are there"
                self.client.update(item.resource, owners.without_owners(obj, gone), why=why)
        elif "waiting" in states.values() and any(self._dependents(obj["metadata"]["uid"])):
            why = "its owner waits for it to go, and it in turn for what it owns"
            self.client.delete(item.resource, obj, propagation="Foreground", why=why)
        else:
            why = "its owner is gone" if "waiting" not in states.values() else "its owner waits for it to go"
            self.client.delete(item.resource, obj, propagation=_policy(obj), why=why)

    def _orphan_dependents(self, item: Item, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for dependent in list(self._dependents(uid)):
            if (obj := self.client.get(*dependent)) is not None:
                why = f"its owner {item.name} was deleted without it"
                self.client.update(dependent.resource, owners.without_owners(obj, [uid]), why=why)
        self._drop_finalizer(item, owner, ORPHAN)

    def _delete_dependents_first(self, item: Item, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        blocking = False
        for dependent in self._dependents(uid):
            obj = self.client.get(*dependent)
            if obj is None:
                continue
            blocking |= _blocks(obj, uid)
            if not _is_going(obj):
                self.queue.add(dependent)
        if not blocking:
            self._drop_finalizer(item, owner, FOREGROUND)

    def _drop_finalizer(self, item: Item, obj: Object, finalizer: str) -> None:
        left = [name for name in obj["metadata"]["finalizers"] if name != finalizer]
        metadata = {**obj["metadata"], "finalizers": left}
        self.client.update(item.resource, {**obj, "metadata": metadata}, why=f"{finalizer} is done")

    # -- the graph --------------------------------------------------------------------------------

    def _dependents(self, uid: str) -> Iterator[Item]:
        for kind in self._kinds.stored():
            for obj in self.client.by_index(kind.resource, owners.OWNER, uid):
                yield _item(kind.resource, obj)

    def _owner(self, obj: Object, reference: dict[str, Any]) -> tuple[Item, Object] | None:
        """The owner that a reference means: of this kind, name and uid, in the same namespace or in none."""
        asked = self._kinds.of_kind(reference["apiVersion"], reference["kind"])
        if asked is None:
            return None
        kind = asked.stored
        namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
        owner = self.client.get(kind.resource, namespace, reference["name"])
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            return None
        return _item(kind.resource, owner), owner

    def _state(self, obj: Object, reference: dict[str, Any]) -> str:
        """``solid``: the owner is there; ``waiting``: it waits for its dependents to go; ``absent``."""
        found = self._owner(obj, reference)
        if found is None:
            return "absent"
        return "waiting" if _waits_for_dependents(found[1]) else "solid"


def _item(resource: str, obj: Object) -> Item:
    return Item(resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _is_going(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def _waits_for_dependents(obj: Object) -> bool:
    return _is_going(obj) and FOREGROUND in obj["metadata"].get("finalizers", ())


def _blocks(obj: Object, uid: str) -> bool:
    return any(
        reference["uid"] == uid and reference.get("blockOwnerDeletion")
        for reference in obj["metadata"].get("ownerReferences", ())
    )


def _policy(obj: Object) -> str:
    """How garbage itself goes: as its finalizers say, else in the background."""
    finalizers = obj["metadata"].get("finalizers", ())
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"
