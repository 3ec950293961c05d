"""PATCH with an apply patch: ``kubectl apply --server-side``, on an object, its status or its scale.

Upstream: apiserver's ``endpoints/handlers/patch.go`` (``applyPatcher``); what it makes of an object is in
``fieldmanager/apply.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from k8slearn.embedded.apiserver import schema, yamltext
from k8slearn.embedded.apiserver.authorization.attributes import attributes_of
from k8slearn.embedded.apiserver.decoding import DecodeError
from k8slearn.embedded.apiserver.fieldmanager.apply import Applied, apply, type_text
from k8slearn.embedded.apiserver.fieldmanager.managers import Manager
from k8slearn.embedded.apiserver.fieldmanager.options import field_manager
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.patch import APPLY
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, bad_request, conflict, not_found
from k8slearn.embedded.store import Object


def is_apply(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip() == APPLY


def applied(registry: Registry, request: Request, target: Target, config: Object) -> tuple[Applied, bool]:
    """What ``config`` makes of the target, and whether that is a new object. Raises ApiError."""
    kind = target.kind
    found = registry.store.find(target.resource, target.key_namespace, target.name)
    if found is None:
        if target.subresource:
            raise not_found(target.resource, target.name)
        metadata = config.get("metadata")
        if uid := isinstance(metadata, dict) and metadata.get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise conflict(target.resource, target.name, why)
        registry.authorizer.require(request.who, replace(attributes_of(request), verb="create"))
    live = kind.from_stored(found.object) if found is not None else None
    manager = Manager(field_manager(request), "Apply", kind.api_version, target.subresource)
    result = apply(kind, live, config, manager, registry.clock.timestamp(), force=request.flag("force"))
    try:
        obj, _ = kind.decoded(result.object)
    except DecodeError as error:
        metadata, what = config.get("metadata") or {}, type_text(kind.api_version, kind.kind)
        place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {what}"
        raise ApiError(
            500,
            "",
            f"failed to convert new object ({place}) to proper version: unable to convert unstructured object "
            f"to {what}: {error.converted}",
        ) from None
    return result._replace(object=obj), found is None


def configuration(request: Request) -> Object:
    """What the request applies, as it stands there. Raises ApiError."""
    try:
        config = _parse(request.body)
    except DecodeError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if not isinstance(config, dict):
        raise bad_request("error decoding patch: the configuration is no object")
    return config


def _parse(body: bytes) -> Any:
    """JSON, which is YAML too, or YAML: read as JSON has it, in which a time is a string."""
    if body.lstrip().startswith(b"{"):
        return schema.parse(body)
    return yamltext.parse(body)
