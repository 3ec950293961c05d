"""OpenAPI v3: the schemas that ``kubectl explain`` and ``kubectl apply`` read.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
The schemas are those of a real API server (data/openapi.json.gz). A document has those that its kinds refer
to, and the paths of those kinds. Their PATCH operations list the patch types: a kubectl that does not see
them would fetch the whole OpenAPI v2 document, which is not served.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from typing import Any

import orjson

from k8slearn.embedded.apiserver.apiextensions.openapi import custom_schema, custom_schema_name
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds import GROUP_ORDER, Kinds
from k8slearn.embedded.apiserver.messages import DATA
from k8slearn.embedded.apiserver.patch import APPLY, JSON, MERGE, STRATEGIC

Document = dict[str, Any]

_REFERENCE = re.compile(rb'"#/components/schemas/([^"]+)"')
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_SCALE = "io.k8s.api.autoscaling.v1.Scale"

# The verbs that discovery lists, as operations on a collection and on an object.
_ON_COLLECTION = {"list": "get", "create": "post", "deletecollection": "delete"}
_ON_OBJECT = {"get": "get", "update": "put", "patch": "patch", "delete": "delete"}
_ACTIONS = {"get": "get", "list": "list", "create": "post", "update": "put"}


class OpenAPI:
    """The documents of the kinds that are served, each made when it is first asked for."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._changes = kinds.changes
        self._documents: dict[tuple[str, str], bytes] = {}

    def index(self) -> Document:
        """What ``/openapi/v3`` answers: where each group's document is, with a hash that changes with it."""
        paths = {}
        versions = [(group, version) for group, found in self._kinds.groups().items() for version in found]
        for group, version in sorted(versions):
            path = _path(group, version)
            digest = hashlib.sha512(self._document(group, version)).hexdigest().upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        return {"paths": paths}

    def document(self, group: str, version: str) -> bytes | None:
        """The document of a group and version as JSON, None when no kind of it is served."""
        return self._document(group, version) if self._kinds.of(group, version) else None

    def _document(self, group: str, version: str) -> bytes:
        if self._changes != self._kinds.changes:
            # A custom resource has come, changed or gone: what built-in kinds say is said again alike.
            self._changes = self._kinds.changes
            self._documents = {key: text for key, text in self._documents.items() if key[0] in GROUP_ORDER}
        made = self._documents.get((group, version))
        if made is None:
            made = self._documents[group, version] = orjson.dumps(_make(self._kinds.of(group, version)))
        return made


@cache
def _schemas() -> dict[str, Document]:
    return orjson.loads(gzip.decompress((DATA / "openapi.json.gz").read_bytes()))


def schema_name(kind: Kind) -> str:
    """``k8s.io.api.core.v1.Pod`` (protobuf) -> ``io.k8s.api.core.v1.Pod`` (OpenAPI)."""
    if kind.custom_schema is not None:
        return custom_schema_name(kind)
    return kind.message.replace("k8s.io.", "io.k8s.", 1).replace(
        "apiextensions_apiserver", "apiextensions-apiserver"
    )


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _make(kinds: list[Kind]) -> Document:
    paths: Document = {}
    for kind in kinds:
        paths |= _paths(kind)
    wanted = [schema_name(kind) for kind in kinds] + [
        f"{_META}{name}" for name in ("DeleteOptions", "Patch", "Status")
    ]
    if any(kind.scale for kind in kinds):
        wanted.append(_SCALE)
    custom = {
        custom_schema_name(kind): custom_schema(kind) for kind in kinds if kind.custom_schema is not None
    }
    found: dict[str, Document] = {}
    while wanted:
        name = wanted.pop()
        schema = custom.get(name) or _schemas().get(name)
        if schema is not None and name not in found:
            found[name] = schema
            wanted += [reference.decode() for reference in _REFERENCE.findall(orjson.dumps(schema))]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "1.37"},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(found.items()))},
    }


def _paths(kind: Kind) -> Document:
    base = f"/{_path(kind.group, kind.version)}"
    place = f"{base}/namespaces/{{namespace}}" if kind.namespaced else base
    collection, single = f"{place}/{kind.plural}", f"{place}/{kind.plural}/{{name}}"
    paths = {
        collection: _operations(kind, _ON_COLLECTION, schema_name(kind)),
        single: _operations(kind, _ON_OBJECT, schema_name(kind)),
    }
    if kind.namespaced and "list" in kind.verbs:
        paths[f"{base}/{kind.plural}"] = {"get": _operation(kind, "list", schema_name(kind))}
    parts = {verb: method for verb, method in _ON_OBJECT.items() if verb != "delete"}
    if kind.has_status:
        paths[f"{single}/status"] = _operations(kind, parts, schema_name(kind))
    if kind.scale:
        paths[f"{single}/scale"] = _operations(kind, parts, _SCALE)
    return paths


def _operations(kind: Kind, methods: dict[str, str], schema: str) -> Document:
    return {method: _operation(kind, verb, schema) for verb, method in methods.items() if verb in kind.verbs}


def _operation(kind: Kind, verb: str, schema: str) -> Document:
    operation: Document = {
        "responses": {"200": {"description": "OK", **_content(schema)}},
        "x-kubernetes-action": _ACTIONS.get(verb, verb),
        "x-kubernetes-group-version-kind": {
            "group": kind.group,
            "kind": "Scale" if schema == _SCALE else kind.kind,
            "version": kind.version,
        },
    }
    if verb in ("create", "update", "patch"):
        # ``fieldValidation`` among a PATCH's parameters tells kubectl that the server validates.
        operation["parameters"] = [_parameter(name) for name in ("dryRun", "fieldManager", "fieldValidation")]
    if verb in ("create", "update"):
        operation["requestBody"] = {**_content(schema), "required": True}
    if verb == "patch":
        types = (JSON, MERGE, STRATEGIC, APPLY) if kind.message else (JSON, MERGE, APPLY)
        operation["requestBody"] = {**_content(f"{_META}Patch", *types), "required": True}
    if verb in ("delete", "deletecollection"):
        operation["requestBody"] = _content(f"{_META}DeleteOptions")
    return operation


def _content(schema: str, *types: str) -> Document:
    reference = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"content": dict.fromkeys(types or ("application/json",), reference)}


def _parameter(name: str) -> Document:
    return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
