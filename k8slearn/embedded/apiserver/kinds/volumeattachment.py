"""VolumeAttachment (storage.k8s.io/v1): that a volume is to be attached to a node, and is. No driver here needs one.

https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume-attachment-v1/
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.validation.attachments import (
    validate_attachment,
    validate_attachment_update,
)


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"attached": False}


KIND = Kind(
    kind="VolumeAttachment",
    plural="volumeattachments",
    group="storage.k8s.io",
    namespaced=False,
    message="k8s.io.api.storage.v1.VolumeAttachment",
    columns=columns(
        "volumeattachments.storage.k8s.io",
        {
            "Name": name,
            "Attacher": lambda obj, now: obj["spec"]["attacher"],
            "PV": lambda obj, now: obj["spec"]["source"].get("persistentVolumeName", ""),
            "Node": lambda obj, now: obj["spec"]["nodeName"],
            "Attached": lambda obj, now: bool((obj.get("status") or {}).get("attached")),
            "Age": age,
        },
    ),
    prepare_create=_prepare_create,
    validate=lambda obj: validate_attachment(obj["spec"]),
    validate_update=validate_attachment_update,
    has_status=True,
    delete_answers_object=True,
)
