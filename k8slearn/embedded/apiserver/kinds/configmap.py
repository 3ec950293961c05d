"""ConfigMap. https://kubernetes.io/docs/concepts/configuration/configmap/"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import each_invalid, forbidden, invalid, too_long

SIZE_LIMIT = 1024 * 1024
LOCKED = "field is immutable when `immutable` is set"


def _validate(obj: Object) -> Iterator[FieldError]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for key in sorted(data):
        yield from each_invalid(f"data[{key}]", key, formats.config_key(key))
        if key in binary:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in sorted(binary):
        yield from each_invalid(f"binaryData[{key}]", key, formats.config_key(key))
    if sum(len(value.encode()) for value in data.values()) + size_of(binary) > SIZE_LIMIT:
        yield too_long("[]", SIZE_LIMIT)


def size_of(encoded: dict[str, str]) -> int:
    """Bytes behind values in base64."""
    return sum(len(base64.b64decode(value)) for value in encoded.values())


def validate_locked(new: Object, old: Object, fields: tuple[str, ...]) -> Iterator[FieldError]:
    """``immutable: true`` cannot be taken back, and ``fields`` stay as they are (also in Secrets)."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", LOCKED)
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            yield forbidden(field, LOCKED)


def _size(obj: Object, now: float) -> Any:
    return len(obj.get("data") or ()) + len(obj.get("binaryData") or ())


KIND = Kind(
    kind="ConfigMap",
    plural="configmaps",
    short_names=("cm",),
    message="k8s.io.api.core.v1.ConfigMap",
    columns=columns("configmaps", {"Name": name, "Data": _size, "Age": age}),
    validate=_validate,
    validate_update=lambda new, old: validate_locked(new, old, ("data", "binaryData")),
)
