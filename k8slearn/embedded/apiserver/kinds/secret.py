"""Secret. https://kubernetes.io/docs/concepts/configuration/secret/"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import orjson

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.kinds.configmap import SIZE_LIMIT, size_of, validate_locked
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    immutable,
    invalid,
    required,
    too_long,
)

_ACCOUNT = "kubernetes.io/service-account.name"
_NEEDED_KEYS = {
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
}
_JSON_KEYS = (".dockercfg", ".dockerconfigjson")


def _default(obj: Object) -> None:
    """``stringData`` is write-only: it becomes ``data``."""
    for key, value in (obj.pop("stringData", None) or {}).items():
        obj["data"] = {**(obj.get("data") or {}), key: base64.b64encode(value.encode()).decode()}
    if not obj.get("type"):
        obj["type"] = "Opaque"


def _validate(obj: Object) -> Iterator[FieldError]:
    data, sort = obj.get("data") or {}, obj["type"]
    for key in sorted(data):
        yield from each_invalid(f"data[{key}]", key, formats.config_key(key))
    if size_of(data) > SIZE_LIMIT:
        yield too_long("data", SIZE_LIMIT)
    annotations = obj["metadata"].get("annotations") or {}
    if sort == "kubernetes.io/service-account-token" and not annotations.get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")
    if sort == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield required("data[username]")
        yield required("data[password]")
    for key in _NEEDED_KEYS.get(sort, ()):
        if key not in data:
            yield required(f"data[{key}]")
        elif key in _JSON_KEYS:
            yield from _validate_json(f"data[{key}]", base64.b64decode(data[key]))


def _validate_json(path: str, text: bytes) -> Iterator[FieldError]:
    try:
        orjson.loads(text)
    except ValueError as error:
        yield invalid(path, "<secret contents redacted>", str(error))


def _validate_update(new: Object, old: Object) -> Iterator[FieldError]:
    yield from immutable("type", new["type"], old["type"])
    yield from validate_locked(new, old, ("data",))


KIND = Kind(
    kind="Secret",
    plural="secrets",
    message="k8s.io.api.core.v1.Secret",
    columns=columns(
        "secrets",
        {
            "Name": name,
            "Type": lambda obj, now: obj["type"],
            "Data": lambda obj, now: len(obj.get("data") or ()),
            "Age": age,
        },
    ),
    default=_default,
    validate=_validate,
    validate_update=_validate_update,
    selectable_fields={"type": lambda obj: obj["type"]},
)
