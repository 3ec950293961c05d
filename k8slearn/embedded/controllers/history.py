"""The history of a StatefulSet or a DaemonSet: a ControllerRevision for each pod template that it had.

Upstream: ``pkg/controller/history/controller_history.go`` and ``constructHistory`` of the DaemonSet controller.
``kubectl rollout history`` lists them; ``kubectl rollout undo`` sends the ``data`` of an old one as a patch.
The old one then is the current one again, with a new number:

    image 1.27   web-7d9c5fdc  revision 1
    image 1.28   web-586f9b4d  revision 2
    undo         web-7d9c5fdc  revision 3: there is no revision 1 any more
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Object
from k8slearn.embedded.controllers import owners

REVISIONS = "controllerrevisions.apps"

HASH_LABEL = "controller-revision-hash"
"""The label by which a pod names its revision; a DaemonSet's revisions have it too."""

LONGEST_PREFIX = 223
"""Characters of the owner's name in a revision's name."""

Data = dict[str, Any]


def add_indexes(client: Client) -> None:
    owners.add_indexes(client, REVISIONS)


def revisions_of(client: Client, owner: Object) -> list[Object]:
    """All revisions of ``owner``, oldest first; orphans that its selector matches are adopted.

    Needs ``add_indexes``. Raises ApiError.
    """
    return sorted(owners.claim(client, owner, REVISIONS), key=_age)


def _age(revision: Object) -> tuple[int, str, str]:
    metadata = revision["metadata"]
    return revision["revision"], metadata["creationTimestamp"], metadata["name"]


def data_of(owner: Object) -> Data:
    """The strategic merge patch that restores the template, with sorted keys: kubectl compares its text."""
    template = {**owner["spec"]["template"], "$patch": "replace"}
    return {"spec": {"template": json.loads(json.dumps(template, sort_keys=True))}}


def template_of(revision: Object) -> dict[str, Any]:
    """The pod template that ``revision`` remembers."""
    template = revision["data"]["spec"]["template"]
    return {field: value for field, value in template.items() if field != "$patch"}


def record(
    client: Client,
    owner: Object,
    revisions: list[Object],
    *,
    hashed: Callable[[Data, int], str],
    label: str,
) -> tuple[Object, int]:
    """The revision of the template that ``owner`` has now, made or renumbered where that is needed, and how
    often a new one's name was taken by another.

    ``revisions`` are all there are, oldest first. ``hashed(data, collisions)`` ends the name of a new one and
    becomes its label ``label``. Raises ApiError.
    """
    data, collisions = data_of(owner), owner.get("status", {}).get("collisionCount", 0)
    same = [revision for revision in revisions if revision["data"] == data]
    if same and same[-1] is revisions[-1]:
        return same[-1], collisions
    number = revisions[-1]["revision"] + 1 if revisions else 1
    if same:
        why = f"{owner['metadata']['name']} went back to the template of revision {same[-1]['revision']}"
        return client.update(REVISIONS, {**same[-1], "revision": number}, why=why), collisions
    while True:
        wanted = _new(owner, data, number, hashed(data, collisions), label)
        try:
            return client.create(REVISIONS, wanted, why=f"a new template: revision {number}"), collisions
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        there = client.get(REVISIONS, owner["metadata"]["namespace"], wanted["metadata"]["name"])
        if there is not None and there["data"] == data:
            # Of an owner of the same name that has just been deleted: it will be made anew when it is gone.
            return there, collisions
        collisions += 1


def _new(owner: Object, data: Data, number: int, hash: str, label: str) -> Object:
    metadata = owner["metadata"]
    labels = owner["spec"]["template"].get("metadata", {}).get("labels", {})
    annotations = metadata.get("annotations")
    return {
        "kind": "ControllerRevision",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": f"{metadata['name'][:LONGEST_PREFIX]}-{hash}",
            "namespace": metadata["namespace"],
            "labels": {**labels, label: hash},
            **({"annotations": annotations} if annotations else {}),
            "ownerReferences": [owners.controller_reference(owner)],
        },
        "data": data,
        "revision": number,
    }


def delete_oldest(client: Client, revisions: list[Object], count: int) -> None:
    """Delete the first ``count`` of ``revisions``, which nobody needs; none when ``count`` is negative."""
    for revision in revisions[: max(0, count)]:
        client.delete(REVISIONS, revision, why="more old revisions than revisionHistoryLimit")
