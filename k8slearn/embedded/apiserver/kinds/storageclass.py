"""StorageClass (storage.k8s.io/v1). https://kubernetes.io/docs/concepts/storage/storage-classes/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import IMMUTABLE, invalid
from k8slearn.embedded.apiserver.validation.storage import validate_class
from k8slearn.kube.storage import default_class

DEFAULTS = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}

FIXED = ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode")


def _default(obj: Object) -> None:
    for field, value in DEFAULTS.items():
        if obj.get(field) is None:
            obj[field] = value


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    for field in FIXED:
        if new.get(field) != old.get(field):
            # Declarative validation, new with 1.36, shows no value.
            yield invalid(field, None, IMMUTABLE)


def _listed_name(obj: Object, listed: list[Object]) -> str:
    """``standard (default)``; asked for alone, the default class is not marked."""
    mark = " (default)" if obj is default_class(listed) else ""
    return obj["metadata"]["name"] + mark


KIND = Kind(
    kind="StorageClass",
    plural="storageclasses",
    group="storage.k8s.io",
    namespaced=False,
    short_names=("sc",),
    message="k8s.io.api.storage.v1.StorageClass",
    columns=columns(
        "storageclasses.storage.k8s.io",
        {
            "Name": name,
            "Provisioner": lambda obj, now: obj["provisioner"],
            "ReclaimPolicy": lambda obj, now: obj["reclaimPolicy"],
            "VolumeBindingMode": lambda obj, now: obj["volumeBindingMode"],
            "AllowVolumeExpansion": lambda obj, now: bool(obj.get("allowVolumeExpansion")),
            "Age": age,
        },
    ),
    listed_name=_listed_name,
    default=_default,
    validate=validate_class,
    validate_update=_validate_update,
    delete_answers_object=True,
)
