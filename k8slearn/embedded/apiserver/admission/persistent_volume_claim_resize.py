"""PersistentVolumeClaimResize: a claim grows only where its class says that volumes can."""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import forbidden
from k8slearn.kube import quantity, storage

REFUSAL = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
    "support resize"
)


def persistent_volume_claim_resize(attributes: Attributes, claim: Object, ctx: Context) -> None:
    old = attributes.old
    if attributes.operation != "UPDATE" or attributes.subresource or old is None:
        return
    if quantity.compare(storage.requested(claim), storage.requested(old)) <= 0:
        return
    cls = ctx.store.find("storageclasses.storage.k8s.io", "", storage.class_of(claim))
    if cls is None or not cls.object.get("allowVolumeExpansion"):
        raise forbidden("persistentvolumeclaims", claim["metadata"]["name"], REFUSAL)
