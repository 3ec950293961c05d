"""Who owns whom: controller references, indexes by owner, adoption and release.

Upstream: ``pkg/controller/controller_ref_manager.go`` and
``apimachinery/pkg/apis/meta/v1/controller_ref.go``.

An object may name several owners in ``metadata.ownerReferences``; at most one of them is the ``controller``
and manages it. A controller *adopts* what matches its selector and has no controller, and *releases* what it
controls and no longer matches. So a relabelled pod leaves its ReplicaSet, and comes back with its label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Key, Object
from k8slearn.kube.label_selectors import Selector, matches

OWNER = "owner"
"""Index: an object under the uid of each of its owners."""

ORPHAN = "orphan"
"""Index: an object without a controller under its namespace."""


CONTROLLER = "controller"
"""Index: an object under the kind of its controller, "" without one."""


def add_indexes(client: Client, resource: str) -> None:
    """Make the objects of ``resource`` findable by ``OWNER`` and ``ORPHAN``."""
    client.add_index(resource, OWNER, _owner_uids)
    client.add_index(resource, ORPHAN, _orphan_namespace)


def watch(client: Client, resource: str, kind: str, notify: Callable[[Change], None]) -> None:
    """Watch the objects of ``resource`` that a ``kind`` controls, or nobody. A pod of a ReplicaSet changes four
    times until it runs, and no other controller is asked about it."""
    client.add_index(resource, CONTROLLER, _controller_kind)
    for value in (kind, ""):
        client.watch(resource, notify, only=(CONTROLLER, value))


def _controller_kind(obj: Object) -> list[str]:
    controller = controller_of(obj)
    return [controller["kind"] if controller else ""]


def _owner_uids(obj: Object) -> list[str]:
    return [reference["uid"] for reference in obj["metadata"].get("ownerReferences", ())]


def _orphan_namespace(obj: Object) -> list[str]:
    return [] if controller_of(obj) else [obj["metadata"].get("namespace", "")]


def controller_of(obj: Object) -> dict[str, Any] | None:
    """The owner reference of the controller that manages ``obj``."""
    for reference in obj["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return reference
    return None


def controller_reference(owner: Object) -> dict[str, Any]:
    """The owner reference that ``owner`` puts on what it manages."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def selector_of(owner: Object) -> Selector:
    """The selector of what ``owner`` manages; a ReplicationController's is nothing but labels."""
    selector = owner["spec"]["selector"]
    return {"matchLabels": selector} if owner["kind"] == "ReplicationController" else selector


def controllers_concerned(change: Change, kind: str) -> list[Key]:
    """The keys of the controllers of ``kind`` that manage the changed object, or did before the change."""
    references = [controller_of(change.object)]
    if change.previous is not None:
        before = change.previous.object["metadata"].get("ownerReferences")
        if before is not change.object["metadata"].get("ownerReferences"):
            references.append(controller_of(change.previous.object))
    return [
        Key(change.stored.key.namespace, ref["name"]) for ref in references if ref and ref["kind"] == kind
    ]


def interested(client: Client, change: Change, resource: str, kind: str) -> list[Key]:
    """Whom a change concerns among the objects of ``resource``, whose kind is ``kind``: those that control the
    changed object or did, and where nobody controls it, those whose selector matches: they could adopt it."""
    concerned = controllers_concerned(change, kind)
    if change.type == "DELETED" or controller_of(change.object):
        return concerned
    namespace, labels = change.stored.key.namespace, change.object["metadata"].get("labels")
    able_to_adopt = [
        Key(namespace, owner["metadata"]["name"])
        for owner in client.list(resource, namespace)
        if matches(selector_of(owner), labels)
    ]
    return [*concerned, *able_to_adopt]


def claim(
    client: Client,
    owner: Object,
    resource: str,
    eligible: Callable[[Object], bool] = lambda obj: True,
    *,
    finalizer: str = "",
) -> list[Object]:
    """The objects of ``resource`` that ``owner`` controls once it has adopted and released what it should.

    Only ``eligible`` ones are looked at. An owner that is being deleted neither adopts nor releases; an
    object that is being deleted is not adopted. ``finalizer`` is given with the adoption and taken with the
    release. Needs ``add_indexes``. Raises ApiError when a write is refused.
    """
    metadata, selector = owner["metadata"], selector_of(owner)
    going = "deletionTimestamp" in metadata
    claimed = []
    for obj in client.by_index(resource, OWNER, metadata["uid"]):
        reference = controller_of(obj)
        if reference is None or reference["uid"] != metadata["uid"] or not eligible(obj):
            continue
        if matches(selector, obj["metadata"].get("labels")):
            claimed.append(obj)
        elif not going:
            _release(client, resource, obj, metadata["uid"], finalizer)
    if not going:
        for obj in client.by_index(resource, ORPHAN, metadata["namespace"]):
            if "deletionTimestamp" in obj["metadata"] or not eligible(obj):
                continue
            if matches(selector, obj["metadata"].get("labels")):
                claimed.append(_adopt(client, resource, obj, owner, finalizer))
    return claimed


def without_owners(obj: Object, uids: Iterable[str]) -> Object:
    """``obj`` without the owner references to ``uids``."""
    gone = set(uids)
    kept = [ref for ref in obj["metadata"].get("ownerReferences", ()) if ref["uid"] not in gone]
    metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
    return {**obj, "metadata": {**metadata, "ownerReferences": kept} if kept else metadata}


def without_finalizer(obj: Object, finalizer: str) -> Object:
    kept = [name for name in obj["metadata"].get("finalizers", ()) if name != finalizer]
    metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    return {**obj, "metadata": {**metadata, "finalizers": kept} if kept else metadata}


def _adopt(client: Client, resource: str, obj: Object, owner: Object, finalizer: str) -> Object:
    references = [*obj["metadata"].get("ownerReferences", ()), controller_reference(owner)]
    metadata = {**obj["metadata"], "ownerReferences": references}
    if finalizer and finalizer not in metadata.get("finalizers", ()):
        metadata["finalizers"] = [*metadata.get("finalizers", ()), finalizer]
    adopted = {**obj, "metadata": metadata}
    why = f"its labels match the selector of {owner['metadata']['name']}, and it has no controller: adopted"
    return client.update(resource, adopted, why=why)


def _release(client: Client, resource: str, obj: Object, uid: str, finalizer: str) -> None:
    released = without_finalizer(without_owners(obj, [uid]), finalizer)
    try:
        client.update(resource, released, why="its labels no longer match: released")
    except ApiError as error:
        if error.reason != "NotFound":
            raise
