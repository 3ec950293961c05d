"""What is wrong with claims, on their own, in a StatefulSet's templates or in a pod's ephemeral volume.

Upstream: ``ValidatePersistentVolumeClaimSpec`` and ``…ClaimUpdate`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.go_fields import diff
from k8slearn.embedded.apiserver.validation.selectors import validate_selector
from k8slearn.kube import quantity, storage

VOLUME_MODES = ("Block", "Filesystem")

_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"


def validate_claim(claim: Object) -> Iterator[FieldError]:
    yield from validate_claim_spec("spec", claim["spec"])


def validate_claim_spec(path: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    modes = spec.get("accessModes") or ()
    if not modes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from validate_selector(f"{path}.selector", spec.get("selector"))
    yield from validate_modes(f"{path}.accessModes", modes)
    requests = (spec.get("resources") or {}).get("requests") or {}
    if "storage" not in requests:
        yield required(f"{path}.resources[storage]")
    else:
        yield from validate_positive(f"{path}.resources[storage]", requests["storage"])
    yield from validate_class_name(f"{path}.storageClassName", spec.get("storageClassName"))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", mode, VOLUME_MODES)
    for field in ("dataSource", "dataSourceRef"):
        if (source := spec.get(field)) is not None:
            yield from _validate_source(f"{path}.{field}", source)


def validate_modes(path: str, modes: Sequence[str]) -> Iterator[FieldError]:
    for mode in modes:
        if mode not in storage.ACCESS_MODES:
            yield not_supported(path, mode, sorted(storage.ACCESS_MODES))
    known = {mode for mode in modes if mode in storage.ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def validate_positive(path: str, amount: str) -> Iterator[FieldError]:
    if quantity.parse(amount) <= 0:
        yield invalid(path, amount, "must be greater than zero")


def validate_class_name(path: str, name: str | None) -> Iterator[FieldError]:
    if name:
        yield from each_invalid(path, name, formats.dns_subdomain(name))


def _validate_source(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("name", "kind"):
        if not source.get(field):
            yield required(f"{path}.{field}")
    if not source.get("apiGroup") and source.get("kind") != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        yield invalid(path, source.get("kind", ""), detail)


def validate_claim_update(new: Object, old: Object) -> Iterator[FieldError]:
    """A claim's spec is fixed, but that it gets its volume's name, and once bound may ask for more storage."""
    after, before = dict(new["spec"]), dict(old["spec"])
    if not before.get("volumeName") and after.get("volumeName"):
        before["volumeName"] = after["volumeName"]
    if before.get("storageClassName") is None and after.get("storageClassName") is not None:
        before["storageClassName"] = after["storageClassName"]
    status = old.get("status") or {}
    bound = status.get("phase") == "Bound"
    if bound:
        after["resources"] = _with_storage(after, storage.requested(old))
        after["volumeAttributesClassName"] = before.get("volumeAttributesClassName")
    if shown := diff(before, after, "PersistentVolumeClaimSpec"):
        yield forbidden("spec", _FIXED + shown)
    wanted = storage.requested(new)
    had = (status.get("capacity") or {}).get("storage", "0")
    if quantity.compare(wanted, storage.requested(old)) < 0 and quantity.compare(wanted, had) <= 0:
        path = "spec.resources.requests.storage"
        yield forbidden(path, "field can not be less than status.capacity")
    yield from immutable("volumeMode", new["spec"].get("volumeMode"), old["spec"].get("volumeMode"))


def _with_storage(spec: dict[str, Any], amount: str) -> dict[str, Any]:
    resources = spec.get("resources") or {}
    return {**resources, "requests": {**(resources.get("requests") or {}), "storage": amount}}
