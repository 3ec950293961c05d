"""The objects of one namespace that a view has been told of, by kind and uid."""

from __future__ import annotations

from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.store import Changes


class Objects:
    """Any order of batches leads to the same objects. ``problem`` is what the last batch said."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.problem = ""
        self._kinds: dict[str, dict[str, Object]] = {}

    def apply(self, changes: Changes) -> None:
        self.problem = changes.problem
        for kind, objects in changes.objects.items():
            known = self._kinds.setdefault(kind, {})
            for uid, obj in objects.items():
                if obj is None:
                    known.pop(uid, None)
                elif obj["metadata"].get("namespace", "") in ("", self.namespace):
                    known[uid] = obj

    def of(self, kind: str) -> list[Object]:
        """Oldest first."""
        return sorted(self._kinds.get(kind, {}).values(), key=birth)

    def named(self, kind: str, name: str) -> Object | None:
        return next(
            (obj for obj in self._kinds.get(kind, {}).values() if obj["metadata"]["name"] == name), None
        )

    def get(self, kind: str, uid: str) -> Object | None:
        return self._kinds.get(kind, {}).get(uid)


def birth(obj: Object) -> tuple[str, str]:
    """Objects in the order of their birth; those of one second by name."""
    return obj["metadata"].get("creationTimestamp") or "", obj["metadata"]["name"]


def conditions_told(obj: Object) -> str:
    """The conditions of an object, a line each: ``Available: True: MinimumReplicasAvailable: …``."""
    lines = []
    for found in obj.get("status", {}).get("conditions") or []:
        parts = (found.get("type"), found.get("status"), found.get("reason"), found.get("message"))
        lines.append(": ".join(part for part in parts if part))
    return "\n".join(lines)
