"""PersistentVolume. https://kubernetes.io/docs/concepts/storage/persistent-volumes/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.validation.storage import validate_volume, validate_volume_update
from k8slearn.kube import storage

RECYCLE_WARNING = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended "
    "approach is to use dynamic provisioning."
)


def _default(obj: Object) -> None:
    spec, status = obj.setdefault("spec", {}), obj.get("status") or {}
    if not status.get("phase"):
        obj["status"] = {**status, "phase": "Pending"}
    spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    if host_path := spec.get("hostPath"):
        spec["hostPath"] = {**host_path, "type": host_path.get("type") or ""}


def _warnings(obj: Object) -> Iterator[str]:
    if obj["spec"]["persistentVolumeReclaimPolicy"] == "Recycle":
        yield RECYCLE_WARNING


def _status(obj: Object, now: float) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else obj["status"]["phase"]


def _claim(obj: Object, now: float) -> str:
    reference = obj["spec"].get("claimRef")
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else ""


KIND = Kind(
    kind="PersistentVolume",
    plural="persistentvolumes",
    namespaced=False,
    short_names=("pv",),
    message="k8s.io.api.core.v1.PersistentVolume",
    columns=columns(
        "persistentvolumes",
        {
            "Name": name,
            "Capacity": lambda obj, now: storage.capacity(obj),
            "Access Modes": lambda obj, now: storage.short_modes(obj["spec"].get("accessModes") or ()),
            "Reclaim Policy": lambda obj, now: obj["spec"]["persistentVolumeReclaimPolicy"],
            "Status": _status,
            "Claim": _claim,
            "StorageClass": lambda obj, now: storage.class_of(obj),
            "VolumeAttributesClass": lambda obj, now: (
                obj["spec"].get("volumeAttributesClassName") or "<unset>"
            ),
            "Reason": lambda obj, now: obj["status"].get("reason", ""),
            "Age": age,
            "VolumeMode": lambda obj, now: storage.volume_mode(obj),
        },
    ),
    default=_default,
    validate=validate_volume,
    validate_update=validate_volume_update,
    has_status=True,
    creation_warnings=_warnings,
    update_warnings=lambda new, old: _warnings(new),
    delete_answers_object=True,
)
