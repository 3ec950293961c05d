"""StorageObjectInUseProtection: claims and volumes begin with the finalizer that keeps them while in use.

The controllers ``pvcprotection`` and ``pvprotection`` take it away.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.kube.storage import CLAIM_PROTECTION, VOLUME_PROTECTION

_FINALIZERS = {"persistentvolumeclaims": CLAIM_PROTECTION, "persistentvolumes": VOLUME_PROTECTION}


def storage_object_in_use_protection(attributes: Attributes, obj: Object, ctx: Context) -> None:
    if attributes.operation != "CREATE":
        return
    metadata, finalizer = obj["metadata"], _FINALIZERS[attributes.kind.resource]
    present = metadata.get("finalizers") or []
    if finalizer not in present:
        metadata["finalizers"] = [*present, finalizer]
