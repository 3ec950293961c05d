"""DefaultStorageClass: a claim that names no class gets the cluster's default one."""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.kube import storage


def storage_class_default(attributes: Attributes, claim: Object, ctx: Context) -> None:
    """``storageClassName: ""`` is a choice too: no class. Of several default classes the newest counts."""
    if attributes.operation != "CREATE" or storage.BETA_CLASS in storage.annotations_of(claim):
        return
    spec = claim["spec"]
    if spec.get("storageClassName") is not None:
        return
    classes = (stored.object for stored in ctx.store.list("storageclasses.storage.k8s.io"))
    if default := storage.default_class(classes):
        spec["storageClassName"] = default["metadata"]["name"]
