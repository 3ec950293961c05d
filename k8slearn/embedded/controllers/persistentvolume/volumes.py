"""The half of the volume controller that looks after volumes: their phase, and their end.

Upstream: ``syncVolume`` and ``reclaimVolume`` in ``pv_controller.go``.
"""

from __future__ import annotations

import re

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers.persistentvolume import binding
from k8slearn.kube import storage

IN_TREE = "kubernetes.io/"


class VolumeReclaimer(Controller):
    """A volume is Available, Bound, and when its claim is gone Released: kept with its data (Retain), which no
    other claim gets, or deleted (Delete)."""

    name = "persistentvolume-controller"
    resource = binding.VOLUMES

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        binding.add_indexes(client)

    def start(self) -> None:
        super().start()
        self.watch(binding.CLAIMS, self._concerned)

    def _concerned(self, change: Change) -> list[Key]:
        volumes = self.client.by_index(binding.VOLUMES, binding.OFFER, str(change.stored.key))
        return [Key("", volume["metadata"]["name"]) for volume in volumes]

    def reconcile(self, key: Key) -> None:
        volume = self.client.get(binding.VOLUMES, *key)
        if volume is None:
            return
        reference = volume["spec"].get("claimRef")
        if reference is None or not reference.get("uid"):
            self._set_phase(volume, "Available")
            return
        claim_key = binding.claim_key(volume)
        claim = self.client.get(binding.CLAIMS, *claim_key) if claim_key else None
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            self._release(volume)
        elif claim["spec"].get("volumeName") == key.name:
            self._set_phase(volume, "Bound")
        elif claim["spec"].get("volumeName"):
            self._unneeded(volume)

    def _set_phase(self, volume: Object, phase: str, message: str = "") -> Object:
        return binding.set_volume_phase(self.client, self.clock, volume, phase, message)

    def _unneeded(self, volume: Object) -> None:
        """Its claim has been bound to another volume."""
        annotations = storage.annotations_of(volume)
        if (
            storage.PROVISIONED_BY in annotations
            and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
        ):
            self._release(volume)
        elif storage.BOUND_BY_CONTROLLER in annotations:
            kept = {name: value for name, value in annotations.items() if name != storage.BOUND_BY_CONTROLLER}
            spec = {name: value for name, value in volume["spec"].items() if name != "claimRef"}
            metadata = {**volume["metadata"], "annotations": kept}
            free = {**volume, "metadata": metadata, "spec": spec}
            volume = self.client.update(binding.VOLUMES, free, why="its claim is bound elsewhere")
            self._set_phase(volume, "Available")

    # -- the end ---------------------------------------------------------------------------------

    def _release(self, volume: Object) -> None:
        if volume["status"]["phase"] not in ("Released", "Failed"):
            volume = self._set_phase(volume, "Released")
        policy = volume["spec"]["persistentVolumeReclaimPolicy"]
        if policy == "Recycle":
            self._fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
        elif policy == "Delete" and not self._somebody_else_deletes(volume):
            if why := _cannot_delete(volume):
                self._fail(volume, "VolumeFailedDelete", why)
            else:
                self.client.delete(binding.VOLUMES, volume, why="its claim is gone")

    def _somebody_else_deletes(self, volume: Object) -> bool:
        maker = storage.annotations_of(volume).get(storage.PROVISIONED_BY, IN_TREE)
        return not maker.startswith(IN_TREE) or "csi" in volume["spec"]

    def _fail(self, volume: Object, reason: str, message: str) -> None:
        if volume["status"]["phase"] != "Failed":
            volume = self._set_phase(volume, "Failed", message)
            self.events.event(volume, "Warning", reason, message)


def _cannot_delete(volume: Object) -> str:
    """Why the controller cannot delete what a volume is made of, "" when it can."""
    name, source = volume["metadata"]["name"], volume["spec"].get("hostPath")
    if source is None:
        plugin = "no deletable volume plugin matched"
        return f'error getting deleter volume plugin for volume "{name}": {plugin}'
    if not re.match("/tmp/.+", source["path"]):
        return f"host_path deleter only supports /tmp/.+ but received provided {source['path']}"
    return ""
