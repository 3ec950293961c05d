"""The provisioner of the class ``standard``: a directory on the node where the pod runs.

Upstream: local-path-provisioner 0.0.30 on sig-storage-lib-external-provisioner, as kind installs it. In
reality a helper pod on that node makes the directory, which takes a few seconds; here the kubelet does when it
mounts the volume, and the seconds are the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from k8slearn.embedded.client import Client, Controller, Key, Object, Recorder
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers.persistentvolume import binding
from k8slearn.embedded.controllers.persistentvolume.claims import CLASSES
from k8slearn.kube import storage
from k8slearn.kube.names import random_suffix

NAME = "rancher.io/local-path"
FOLDER = "/var/local-path-provisioner"
HOSTNAME = "kubernetes.io/hostname"

LEAST_WORK, MOST_WORK = 2.0, 4.0
"""Seconds that the helper pod takes."""

FIRST_RETRY, MOST_RETRIES = 15.0, 15


class LocalPathProvisioner(Controller):
    """Makes volumes for the claims that ask it to, and deletes them when they are released."""

    name = NAME
    resource = binding.CLAIMS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        pod = f"local-path-provisioner-{random_suffix(clock.random, 10)}-{random_suffix(clock.random)}"
        identity = uuid.UUID(int=clock.random.getrandbits(128), version=4)
        self.events = Recorder(client, clock, f"{NAME}_{pod}_{identity}")
        self._at_work: set[str] = set()
        """The uids of the claims and volumes that a helper pod is busy with."""
        self._failures: dict[str, int] = {}

    def start(self) -> None:
        super().start()
        self.client.watch(binding.VOLUMES, lambda change: self._look_at_volume(change.object))
        for volume in self.client.list(binding.VOLUMES):
            self._look_at_volume(volume)

    # -- making ----------------------------------------------------------------------------------

    def reconcile(self, key: Key) -> float | None:
        claim = self.client.get(binding.CLAIMS, *key)
        if claim is None or not self._is_asked(claim) or claim["metadata"]["uid"] in self._at_work:
            return None
        cls = self.client.get(CLASSES, "", storage.class_of(claim))
        if cls is None or cls["provisioner"] != NAME:
            return None
        waits = cls["volumeBindingMode"] == storage.DELAYED
        node = storage.annotations_of(claim).get(storage.SELECTED_NODE)
        if waits and not node:
            return None
        message = f'External provisioner is provisioning volume for claim "{key}"'
        self.events.event(claim, "Normal", "Provisioning", message)
        if why := self._refusal(claim, node):
            return self._failed(claim, cls, why)
        uid = claim["metadata"]["uid"]
        self._later(uid, lambda: self._make(key, uid, cls))
        return None

    def _is_asked(self, claim: Object) -> bool:
        asked = storage.annotations_of(claim).get(storage.PROVISIONERS[-1]) == NAME
        return asked and not claim["spec"].get("volumeName") and "deletionTimestamp" not in claim["metadata"]

    def _refusal(self, claim: Object, node: str | None) -> str:
        """Why no volume can be made for a claim, "" when one can."""
        if claim["spec"].get("selector") is not None:
            return "claim.Spec.Selector is not supported"
        if not set(claim["spec"]["accessModes"]) <= {"ReadWriteOnce", "ReadWriteOncePod"}:
            return "NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
        if not node:
            return "configuration error, no node was specified"
        if self.client.get("nodes", "", node) is None:
            return f'failed to get target node: node "{node}" not found'
        return ""

    def _failed(self, claim: Object, cls: Object, why: str) -> float | None:
        """Tell it, and come back later and later."""
        message = f'failed to provision volume with StorageClass "{cls["metadata"]["name"]}": {why}'
        self.events.event(claim, "Warning", "ProvisioningFailed", message)
        uid = claim["metadata"]["uid"]
        failures = self._failures[uid] = self._failures.get(uid, 0) + 1
        return FIRST_RETRY * 2 ** (failures - 1) if failures < MOST_RETRIES else None

    def _later(self, uid: str, action: Callable[[], None]) -> None:
        self._at_work.add(uid)
        seconds = LEAST_WORK + (MOST_WORK - LEAST_WORK) * self.clock.random.random()
        self.clock.call_later(seconds, action)

    def _make(self, key: Key, uid: str, cls: Object) -> None:
        self._at_work.discard(uid)
        claim = self.client.get(binding.CLAIMS, *key)
        if claim is None or claim["metadata"]["uid"] != uid or not self._is_asked(claim):
            return
        node = self.client.get("nodes", "", storage.annotations_of(claim)[storage.SELECTED_NODE])
        if node is None:
            self.queue.add(key)
            return
        volume = _volume(claim, cls, node)
        name = volume["metadata"]["name"]
        self.client.create(binding.VOLUMES, volume, why=f"{key} asked for it")
        self.events.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")

    # -- deleting --------------------------------------------------------------------------------

    def _look_at_volume(self, volume: Object) -> None:
        uid = volume["metadata"]["uid"]
        if (
            storage.annotations_of(volume).get(storage.PROVISIONED_BY) == NAME
            and (volume.get("status") or {}).get("phase") == "Released"
            and volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            and "deletionTimestamp" not in volume["metadata"]
            and uid not in self._at_work
        ):
            self._later(uid, lambda: self._delete(volume))

    def _delete(self, volume: Object) -> None:
        self._at_work.discard(volume["metadata"]["uid"])
        self.client.delete(binding.VOLUMES, volume, why="its claim is gone")


def _volume(claim: Object, cls: Object, node: Object) -> Object:
    metadata = claim["metadata"]
    name = f"pvc-{metadata['uid']}"
    host = (node["metadata"].get("labels") or {}).get(HOSTNAME, node["metadata"]["name"])
    here = {"key": HOSTNAME, "operator": "In", "values": [host]}
    path = f"{FOLDER}/{name}_{metadata['namespace']}_{metadata['name']}"
    return {
        "metadata": {
            "name": name,
            "annotations": {
                "local.path.provisioner/selected-node": node["metadata"]["name"],
                storage.PROVISIONED_BY: NAME,
            },
        },
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": storage.requested(claim)},
            "claimRef": storage.reference_to(claim),
            "hostPath": {"path": path, "type": "DirectoryOrCreate"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "persistentVolumeReclaimPolicy": cls["reclaimPolicy"],
            "storageClassName": cls["metadata"]["name"],
            "volumeMode": "Filesystem",
            **({"mountOptions": cls["mountOptions"]} if cls.get("mountOptions") else {}),
        },
    }
