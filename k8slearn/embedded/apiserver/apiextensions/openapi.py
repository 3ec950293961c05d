"""How OpenAPI tells of a custom resource. Upstream: ``controller/openapi/builder``."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.kind import Kind

Document = dict[str, Any]

_META = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_API_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_KIND = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_METADATA = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)


def custom_schema_name(kind: Kind) -> str:
    """``com.example.stable.v1.CronTab``"""
    return ".".join((*reversed(kind.group.split(".")), kind.version, kind.kind))


def custom_schema(kind: Kind) -> Document:
    """The definition's schema with what every object has."""
    described = kind.custom_schema or {}
    every = {
        "apiVersion": {"type": "string", "description": _API_VERSION},
        "kind": {"type": "string", "description": _KIND},
        "metadata": {"allOf": [{"$ref": _META}], "description": _METADATA},
    }
    whole: Document = {"type": "object", **described}
    if described.get("properties") or not described.get("x-kubernetes-preserve-unknown-fields"):
        whole["properties"] = {**(described.get("properties") or {}), **every}
    whole["x-kubernetes-group-version-kind"] = [
        {"group": kind.group, "kind": kind.kind, "version": kind.version}
    ]
    return whole
