"""Makes the claims of pods' ephemeral volumes, which go with the pod.

Upstream: ``pkg/controller/volume/ephemeral``.
https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Controller, Key, Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.owners import controller_reference
from k8slearn.kube import storage

CLAIMS = "persistentvolumeclaims"


class EphemeralVolumeController(Controller):
    """The volume ``scratch`` of the pod ``web`` is the claim ``web-scratch``, owned by the pod."""

    name = "ephemeral_volume"
    resource = "pods"

    def start(self) -> None:
        self.watch("pods", _with_ephemeral_volumes)
        for pod in self.client.list("pods"):
            if any(ephemeral for _, ephemeral in storage.pod_claims(pod)):
                self.queue.add(Key(pod["metadata"]["namespace"], pod["metadata"]["name"]))

    def reconcile(self, key: Key) -> None:
        pod = self.client.get("pods", *key)
        if pod is None or pods.is_going(pod):
            return
        for volume in pod["spec"]["volumes"]:
            if source := volume.get("ephemeral"):
                self._make(pod, f"{key.name}-{volume['name']}", source["volumeClaimTemplate"])

    def _make(self, pod: Object, name: str, template: Object) -> None:
        claim = self.client.get(CLAIMS, pod["metadata"]["namespace"], name)
        if claim is None:
            metadata = {
                **{field: value for field, value in (template.get("metadata") or {}).items() if value},
                "name": name,
                "namespace": pod["metadata"]["namespace"],
                "ownerReferences": [controller_reference(pod)],
            }
            self.client.create(
                CLAIMS, {"metadata": metadata, "spec": template["spec"]}, why="the pod's volume"
            )


def _with_ephemeral_volumes(change: Change) -> list[Key]:
    wanted = change.type == "ADDED" and any(ephemeral for _, ephemeral in storage.pod_claims(change.object))
    return [change.stored.key] if wanted else []
