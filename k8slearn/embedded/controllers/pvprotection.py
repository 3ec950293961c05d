"""Keeps a volume while it is bound to a claim. Upstream: ``pkg/controller/volume/pvprotection``.

A volume whose deletion was asked for stays, with the finalizer ``kubernetes.io/pv-protection``, until its phase
is no longer Bound.
"""

from __future__ import annotations

from k8slearn.embedded.client import Controller, Key
from k8slearn.kube.storage import VOLUME_PROTECTION

VOLUMES = "persistentvolumes"


class VolumeProtection(Controller):
    name = "pv-protection-controller"
    resource = VOLUMES

    def reconcile(self, key: Key) -> None:
        volume = self.client.get(VOLUMES, *key)
        if volume is None or "deletionTimestamp" not in volume["metadata"]:
            return
        finalizers = volume["metadata"].get("finalizers") or ()
        if VOLUME_PROTECTION in finalizers and volume["status"]["phase"] != "Bound":
            kept = [name for name in finalizers if name != VOLUME_PROTECTION]
            metadata = {**volume["metadata"], "finalizers": kept}
            self.client.update(VOLUMES, {**volume, "metadata": metadata}, why="it is bound to no claim")
