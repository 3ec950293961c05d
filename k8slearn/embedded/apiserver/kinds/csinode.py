"""CSINode (storage.k8s.io/v1): the volume drivers of a node; its kubelet keeps one, of the node's name.

https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/csi-node-v1/
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.validation.attachments import (
    validate_csi_node,
    validate_csi_node_update,
)


def _default(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("drivers", None)


def _prepare_create(obj: Object) -> None:
    obj["status"] = {}


KIND = Kind(
    kind="CSINode",
    plural="csinodes",
    group="storage.k8s.io",
    namespaced=False,
    message="k8s.io.api.storage.v1.CSINode",
    columns=columns(
        "csinodes.storage.k8s.io",
        {"Name": name, "Drivers": lambda obj, now: len(obj["spec"].get("drivers") or ()), "Age": age},
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=lambda obj: validate_csi_node(obj["spec"]),
    validate_update=validate_csi_node_update,
    has_status=True,
    delete_answers_object=True,
)
