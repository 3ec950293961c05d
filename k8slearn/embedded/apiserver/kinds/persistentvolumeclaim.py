"""PersistentVolumeClaim. https://kubernetes.io/docs/concepts/storage/persistent-volumes/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import Cell, age, columns, name
from k8slearn.embedded.apiserver.validation.claims import validate_claim, validate_claim_update
from k8slearn.kube import quantity, storage

CLONABLE = {("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")}
"""What ``spec.dataSource`` may name; all else is dropped in silence (``dataSourceRef`` takes any kind)."""


def _default(obj: Object) -> None:
    spec, status = obj.setdefault("spec", {}), obj.get("status") or {}
    if not status.get("phase"):
        obj["status"] = {**status, "phase": "Pending"}
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    spec.setdefault("resources", {})


def _prepare(obj: Object) -> None:
    """``dataSource`` and ``dataSourceRef`` say the same in an old and a new way: each follows the other."""
    spec = obj.get("spec") or {}
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and reference is None and (source.get("apiGroup") or "", source.get("kind")) not in CLONABLE:
        del spec["dataSource"]
    elif source and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference and source is None and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)


def _warnings(obj: Object) -> Iterator[str]:
    for part in ("requests", "limits"):
        amount = (obj["spec"]["resources"].get(part) or {}).get("storage")
        if amount is not None and quantity.parse(amount).denominator != 1:
            yield (
                f'spec.resources.{part}[storage]: fractional byte value "{amount}" is invalid, must be an integer'
            )


def _status(obj: Object, now: float) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else obj["status"]["phase"]


def _of_volume(cell: Cell) -> Cell:
    """A cell that stays empty until the claim names a volume."""
    return lambda obj, now: cell(obj, now) if obj["spec"].get("volumeName") else ""


KIND = Kind(
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    short_names=("pvc",),
    message="k8s.io.api.core.v1.PersistentVolumeClaim",
    columns=columns(
        "persistentvolumeclaims",
        {
            "Name": name,
            "Status": _status,
            "Volume": lambda obj, now: obj["spec"].get("volumeName", ""),
            "Capacity": _of_volume(
                lambda obj, now: (obj["status"].get("capacity") or {}).get("storage", "0")
            ),
            "Access Modes": _of_volume(
                lambda obj, now: storage.short_modes(obj["status"].get("accessModes") or ())
            ),
            "StorageClass": lambda obj, now: storage.class_of(obj),
            "VolumeAttributesClass": lambda obj, now: (
                obj["spec"].get("volumeAttributesClassName") or "<unset>"
            ),
            "Age": age,
            "VolumeMode": lambda obj, now: storage.volume_mode(obj),
        },
    ),
    default=_default,
    prepare_create=_prepare,
    prepare_update=lambda new, old: _prepare(new),
    validate=validate_claim,
    validate_update=validate_claim_update,
    has_status=True,
    creation_warnings=_warnings,
    update_warnings=lambda new, old: _warnings(new),
    delete_answers_object=True,
)
