"""The scale subresource: ``autoscaling/v1`` Scale, of any kind that says where its replicas are.

https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.37/#scale-v1-autoscaling
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.fieldmanager.apply import type_text
from k8slearn.embedded.apiserver.kind import Kind, Scale
from k8slearn.embedded.apiserver.status import FieldError, bad_request, invalid
from k8slearn.embedded.store import Object

_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def read(scale: Scale, obj: Object) -> Object:
    """The Scale of ``obj``."""
    status: dict[str, Any] = {"replicas": _at(obj, scale.status_replicas) or 0}
    if selector := scale.selector(obj):
        status["selector"] = selector
    replicas = scale.replicas(obj)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: obj["metadata"][key] for key in _METADATA if key in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def write(scale: Scale, obj: Object, wanted: Object) -> Object:
    """``obj`` with the replicas of the Scale ``wanted``. Raises ApiError when they are negative."""
    replicas = (wanted.get("spec") or {}).get("replicas") or 0
    if replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        error = FieldError("FieldValueInvalid", "spec.replicas", why)
        raise invalid("Scale", "autoscaling", obj["metadata"]["name"], [error])
    new = _with(obj, scale.spec_replicas.split("."), replicas)
    revision = wanted["metadata"].get("resourceVersion") or obj["metadata"]["resourceVersion"]
    return {**new, "metadata": {**new["metadata"], "resourceVersion": revision}}


def configuration(scale: Scale, kind: Kind, config: Object) -> Object:
    """What a Scale that is applied says of the object itself. Raises ApiError when it is no Scale."""
    version, name = config.get("apiVersion") or "", config.get("kind") or ""
    if (version, name) != ("autoscaling/v1", "Scale"):
        raise bad_request(f"invalid object type: {type_text(version, name)}")
    applied = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": config.get("metadata") or {}}
    replicas = (config.get("spec") or {}).get("replicas")
    return applied if replicas is None else _with(applied, scale.spec_replicas.split("."), replicas)


def _at(obj: Object, path: str) -> Any:
    found: Any = obj
    for part in path.split("."):
        found = (found or {}).get(part)
    return found


def _with(obj: Object, path: list[str], value: Any) -> Object:
    head, *rest = path
    return {**obj, head: _with(obj.get(head, {}), rest, value) if rest else value}
