"""A definition that is being deleted goes when its objects have gone, which are deleted with it.

Upstream: ``controller/finalizer`` of apiextensions-apiserver.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.apiextensions.serving import DEFINITIONS, is_true
from k8slearn.embedded.apiserver.kinds.customresourcedefinition import FINALIZER
from k8slearn.embedded.client import Controller, Key, Object
from k8slearn.embedded.controllers import conditions, owners

POLL = 5.0
"""Seconds between looks whether objects with finalizers have gone."""


class DefinitionFinalizer(Controller):
    """Deletes the objects of a definition that is going, and then lets it go."""

    name = "crd-finalizer"
    resource = DEFINITIONS

    def reconcile(self, key: Key) -> float | None:
        crd = self.client.get(DEFINITIONS, *key)
        if crd is None or FINALIZER not in crd["metadata"].get("finalizers", ()):
            return None
        if "deletionTimestamp" not in crd["metadata"]:
            return None
        crd = self._say(crd, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
        if not is_true(crd, "Established"):
            crd = self._say(crd, "False", "NeverEstablished", "resource was never established")
        else:
            if self._delete_objects(key.name):
                return POLL
            crd = self._say(crd, "False", "InstanceDeletionCompleted", "removed all instances")
        why = "none of its objects is left"
        self.client.update(DEFINITIONS, owners.without_finalizer(crd, FINALIZER), why=why)
        return None

    def _delete_objects(self, resource: str) -> bool:
        """Ask for the deletion of all that are left. True while some are."""
        for obj in self.client.list(resource):
            if "deletionTimestamp" not in obj["metadata"]:
                self.client.delete(resource, obj, why="its definition is being deleted")
        return bool(self.client.list(resource))

    def _say(self, crd: Object, status: str, reason: str, message: str) -> Object:
        known = conditions.find(crd["status"].get("conditions") or [], "Terminating")
        since = known["lastTransitionTime"] if known and known["status"] == status else self.clock.timestamp()
        new = {"type": "Terminating", "status": status, "lastTransitionTime": since}
        new |= {"reason": reason, "message": message}
        found = [*conditions.without(crd["status"].get("conditions") or [], "Terminating"), new]
        return self.client.update_status(
            DEFINITIONS, {**crd, "status": {**crd["status"], "conditions": found}}
        )
