"""What comes of it when a bound claim asks for more: nothing but an event, where no driver expands volumes.

Upstream: ``pkg/controller/volume/expand``. The admission plugin PersistentVolumeClaimResize lets only claims of a
class with ``allowVolumeExpansion`` come this far.
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Controller, Key
from k8slearn.embedded.controllers.persistentvolume.binding import CLAIMS
from k8slearn.kube import quantity, storage

WAITING = "waiting for an external controller to expand this PVC"


class VolumeExpander(Controller):
    name = "volume_expand"
    resource = CLAIMS

    def start(self) -> None:
        self.watch(CLAIMS, _grown)

    def reconcile(self, key: Key) -> None:
        claim = self.client.get(CLAIMS, *key)
        if claim is None or not storage.is_bound(claim):
            return
        has = (claim["status"].get("capacity") or {}).get("storage", "0")
        if quantity.compare(storage.requested(claim), has) > 0:
            self.events.event(claim, "Normal", "ExternalExpanding", WAITING)


def _grown(change: Change) -> list[Key]:
    before = change.previous
    if change.type != "MODIFIED" or before is None or before.object["spec"] is change.object["spec"]:
        return []
    grown = quantity.compare(storage.requested(change.object), storage.requested(before.object)) > 0
    return [change.stored.key] if grown else []
