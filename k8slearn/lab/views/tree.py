"""Who owns whom: an object, everything that was made for it, and the Services that select what is there.

Pure: changes in, records out; ``treedrawing`` draws them. Ownership is ``metadata.ownerReferences``; a Service owns
no pod, it selects them by their labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k8slearn.lab.views.events import Told
from k8slearn.lab.views.following import Following
from k8slearn.lab.views.kinds import KINDS, Ref
from k8slearn.lab.views.objects import conditions_told
from k8slearn.lab.views.podstate import State, state_of, story_of
from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.store import Changes

BELOW: dict[str, tuple[str, ...]] = {
    "deployments": ("replicasets", "pods"),
    "cronjobs": ("jobs", "pods"),
    "services": ("endpointslices",),
    **dict.fromkeys(("replicasets", "statefulsets", "daemonsets", "jobs"), ("pods",)),
}
"""The kinds of what an object of a kind may own, and of what that may own."""


def kinds_of(root: Ref) -> tuple[str, ...]:
    """What must be watched to draw the tree of ``root``."""
    return tuple(dict.fromkeys([root.kind.name, *BELOW.get(root.kind.name, ()), "pods", "services"]))


@dataclass(frozen=True)
class Row:
    """An object in the tree. ``depth`` counts owners above it; ``state`` is a pod's, None for other kinds."""

    uid: str
    kind: str
    name: str
    depth: int
    state: State | None
    detail: str
    """What matters of it in a few words: ``3/4 ready``."""
    blocks: bool
    """Its owner asked that it goes before the owner does (``blockOwnerDeletion`` while that is being deleted)."""
    leaving: bool
    finalizers: tuple[str, ...]
    story: dict[str, str]
    events: tuple[Told, ...]


class Tree(Following):
    """The state of the tree of ``root``. ``rows`` are in drawing order: an owner, then what it owns, oldest first."""

    def __init__(self, root: Ref, namespace: str) -> None:
        self.root = root
        super().__init__(namespace)
        self.rows: dict[str, Row] = {}
        self.owners: dict[str, str] = {}
        """By the uid of a row: the uid of the row above that owns it."""
        self.selected: dict[str, tuple[str, ...]] = {}
        """By the uid of a Service: the pods of this tree that it selects."""

    def apply(self, changes: Changes) -> None:
        """Take a batch in. Any order of batches leads to the same picture."""
        self.take(changes)
        self.rows, self.owners, self.selected = {}, {}, {}
        root = self.objects.named(self.root.kind.name, self.root.name)
        if root is not None:
            owned: dict[str, list[tuple[str, Object]]] = {}
            for kind in BELOW.get(self.root.kind.name, ()):
                for obj in self.objects.of(kind):
                    for owner in obj["metadata"].get("ownerReferences") or []:
                        owned.setdefault(owner["uid"], []).append((kind, obj))
            for kind, obj, depth, owner in _walk(self.root.kind.name, root, owned):
                row = self._row(kind, obj, depth, owner)
                self.rows[row.uid] = row
                if owner is not None:
                    self.owners[row.uid] = owner["metadata"]["uid"]
        self._find_services(root)

    def _find_services(self, root: Object | None) -> None:
        """Services that select pods of this tree; of a tree whose root is a Service, the pods that it selects."""
        pods = [obj for obj in self.objects.of("pods") if obj["metadata"]["uid"] in self.rows]
        for service in self.objects.of("services"):
            uid, selector = service["metadata"]["uid"], service["spec"].get("selector") or {}
            is_root = root is not None and root["metadata"]["uid"] == uid
            chosen = [
                pod for pod in (self.objects.of("pods") if is_root else pods) if _selects(selector, pod)
            ]
            if not chosen:
                continue
            for obj in chosen if is_root else [service]:
                row = self._row("pods" if is_root else "services", obj, 0, None)
                self.rows[row.uid] = row
            self.selected[uid] = tuple(pod["metadata"]["uid"] for pod in chosen)

    def _row(self, kind: str, obj: Object, depth: int, owner: Object | None) -> Row:
        metadata, uid = obj["metadata"], obj["metadata"]["uid"]
        references = metadata.get("ownerReferences") or []
        blocks = any(
            owner is not None and ref["uid"] == owner["metadata"]["uid"] and ref.get("blockOwnerDeletion")
            for ref in references
        )
        story = story_of(obj) if kind == "pods" else {"conditions": conditions_told(obj)}
        return Row(
            uid=uid,
            kind=KINDS[kind].kind,
            name=metadata["name"],
            depth=depth,
            state=state_of(obj)[0] if kind == "pods" else None,
            detail=_detail(kind, obj),
            blocks=blocks and owner is not None and "deletionTimestamp" in owner["metadata"],
            leaving="deletionTimestamp" in metadata,
            finalizers=tuple(metadata.get("finalizers") or ()),
            story={topic: text for topic, text in story.items() if text},
            events=self.events.lines(uid),
        )


def _walk(
    kind: str,
    obj: Object,
    owned: dict[str, list[tuple[str, Object]]],
    depth: int = 0,
    owner: Object | None = None,
) -> Iterator[tuple[str, Object, int, Object | None]]:
    yield kind, obj, depth, owner
    for below, child in owned.get(obj["metadata"]["uid"], ()):
        yield from _walk(below, child, owned, depth + 1, obj)


def _selects(selector: dict[str, str], pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _detail(kind: str, obj: Object) -> str:
    """Numbers and names as the kind has them; "" where there is nothing to say."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    match kind:
        case "deployments" | "replicasets" | "statefulsets":
            return f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}"
        case "daemonsets":
            return f"{status.get('numberReady', 0)}/{status.get('desiredNumberScheduled', 0)}"
        case "jobs":
            return f"{status.get('succeeded', 0)}/{spec.get('completions') or 1}"
        case "cronjobs":
            return spec.get("schedule", "")
        case "pods":
            return state_of(obj)[1]
        case "services":
            return ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
        case "endpointslices":
            return ", ".join(
                address for end in obj.get("endpoints") or [] for address in end.get("addresses") or []
            )
    return ""
