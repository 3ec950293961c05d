"""The ResourceQuota controller: counts what a namespace holds, and takes back what is freed.

Upstream: ``pkg/controller/resourcequota``. New objects are charged by the admission plugin at once; this
controller counts afresh when a quota is new or changed, when something that it counts goes or ends, and every
five minutes.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver import quota
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.client import Change, Controller, Key, Object

RESYNC = 300.0


class ResourceQuotaController(Controller):
    """Owns ``status`` of ResourceQuotas, together with admission."""

    name = "resourcequota-controller"
    resource = "resourcequotas"

    def start(self) -> None:
        super().start()
        self.client.registry.kinds.watch(self._watch_counted)

    def _watch_counted(self, kind: Kind) -> None:
        if kind.namespaced and kind.resource not in quota.IGNORED:
            self.watch(kind.resource, self._counting)

    def _counting(self, change: Change) -> list[Key]:
        """The quotas that count ``change.object``, when it may have freed something."""
        resource, namespace = change.stored.resource, change.stored.key.namespace
        if not _frees(change):
            return []
        return [
            Key(namespace, found["metadata"]["name"])
            for found in self.client.list("resourcequotas", namespace)
            if quota.tracked(resource, found["spec"].get("hard") or {})
        ]

    def reconcile(self, key: Key) -> float | None:
        found = self.client.get("resourcequotas", *key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return None
        hard = found["spec"].get("hard") or {}
        status = {"hard": hard, "used": self._used(found, hard)} if hard else {}
        if status != found.get("status"):
            self.client.update_status("resourcequotas", {**found, "status": status})
        return RESYNC

    def _used(self, found: Object, hard: dict[str, Any]) -> quota.Quantities:
        used: quota.Quantities = {}
        for kind in self.client.registry.kinds.stored():
            names = quota.tracked(kind.resource, hard) if kind.namespaced else ()
            if names:
                objects = self.client.list(kind.resource, found["metadata"]["namespace"])
                usages = (
                    quota.usage(kind.resource, obj, self.clock.now)
                    for obj in objects
                    if quota.in_scopes(kind.resource, found, obj)
                )
                used |= quota.total(usages, names)
        return used


def _frees(change: Change) -> bool:
    if change.type == "DELETED":
        return True
    if change.type == "ADDED" or change.previous is None:
        return False
    before, after = change.previous.object, change.object
    match change.stored.resource:
        case "pods":
            return _phase(before) != _phase(after) and _phase(after) in quota.FINISHED
        case "services" | "persistentvolumeclaims":
            return before["spec"] is not after["spec"]
    return False


def _phase(pod: Object) -> str:
    return (pod.get("status") or {}).get("phase", "")
