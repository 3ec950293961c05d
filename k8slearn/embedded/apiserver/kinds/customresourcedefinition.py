"""CustomResourceDefinition (apiextensions.k8s.io/v1): a kind that somebody declares. ``apiextensions`` serves it.

https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver import schema
from k8slearn.embedded.apiserver.apiextensions.definitions import (
    validate_definition_update,
    validate_new_definition,
)
from k8slearn.embedded.apiserver.apiextensions.stringformats import is_known
from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import columns, name

_MESSAGES = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1."
DEFINITION = f"{_MESSAGES}CustomResourceDefinition"
SCHEMA_PROPS = f"{_MESSAGES}JSONSchemaProps"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"


def _decode(raw: Any) -> tuple[Object, list[str]]:
    """Schemas within schemas are of more forms than one, which the table of fields does not look into."""
    obj, problems = schema.decode(DEFINITION, raw)
    versions = [
        {**version, "schema": {"openAPIV3Schema": _whole(described)}}
        if (described := (version.get("schema") or {}).get("openAPIV3Schema")) is not None
        else version
        for version in obj["spec"].get("versions") or ()
    ]
    return {**obj, "spec": {**obj["spec"], "versions": versions}}, problems


def _whole(described: Object) -> Object:
    """A decoded schema in which those inside it are decoded too. Raises DecodeError."""
    found = dict(described)
    for field in ("items", "additionalProperties"):
        if isinstance(found.get(field), dict):
            found[field] = _whole(schema.decode(SCHEMA_PROPS, found[field])[0])
    for field in ("properties", "patternProperties", "definitions"):
        if field in found:
            found[field] = {key: _whole(inner) for key, inner in found[field].items()}
    for field in ("allOf", "anyOf", "oneOf"):
        if field in found:
            found[field] = [_whole(inner) for inner in found[field]]
    if isinstance(found.get("not"), dict):
        found["not"] = _whole(found["not"])
    return found


def _default(obj: Object) -> None:
    spec = obj["spec"]
    names = spec.setdefault("names", {})
    kind = names.get("kind", "")
    names["singular"] = names.get("singular") or kind.lower()
    names["listKind"] = names.get("listKind") or (f"{kind}List" if kind else "")
    spec.setdefault("conversion", {"strategy": "None"})


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}}
    obj["status"]["storedVersions"] = _storage_versions(obj)


def _prepare_update(new: Object, old: Object) -> None:
    stored = old["status"].get("storedVersions") or []
    added = [version for version in _storage_versions(new) if version not in stored]
    if added:
        new["status"] = {**old["status"], "storedVersions": [*stored, *added]}


def _storage_versions(obj: Object) -> list[str]:
    versions = obj["spec"].get("versions") or ()
    return [version.get("name", "") for version in versions if version.get("storage")][:1]


def _prepare_delete(obj: Object) -> None:
    """Its objects go first; the finalizer comes with the deletion."""
    finalizers = obj["metadata"].get("finalizers") or []
    if FINALIZER in finalizers:
        return
    obj["metadata"]["finalizers"] = [*finalizers, FINALIZER]
    terminating = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": obj["metadata"]["deletionTimestamp"],
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    }
    conditions = [c for c in obj["status"].get("conditions") or () if c["type"] != "Terminating"]
    obj["status"] = {**obj["status"], "conditions": [*conditions, terminating]}


def _versions(obj: Object, now: float) -> str:
    served = [version for version in obj["spec"]["versions"] if version.get("served")]
    return ",".join(sorted(v["name"] + ("(storage)" if v.get("storage") else "") for v in served))


def _established(obj: Object, now: float) -> bool:
    conditions = obj["status"].get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def _warnings(obj: Object) -> Iterator[str]:
    unknown: set[str] = set()
    for version in obj["spec"]["versions"]:
        _collect_unknown(version["schema"]["openAPIV3Schema"], unknown)
    for format in sorted(unknown):
        yield f'unrecognized format "{format}"'


def _collect_unknown(described: Object, unknown: set[str]) -> None:
    if (format := described.get("format", "")) and not is_known(format, described.get("type", "")):
        unknown.add(format)
    inner = [described.get("items"), described.get("additionalProperties")]
    for one in (*(described.get("properties") or {}).values(), *inner):
        if isinstance(one, dict):
            _collect_unknown(one, unknown)


KIND = Kind(
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    group="apiextensions.k8s.io",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    message=DEFINITION,
    decode=_decode,
    columns=columns(
        "customresourcedefinitions.apiextensions.k8s.io",
        {
            "Name": name,
            "Scope": lambda obj, now: obj["spec"]["scope"],
            "Versions": _versions,
            "Created At": lambda obj, now: obj["metadata"]["creationTimestamp"],
            "Group": lambda obj, now: obj["spec"]["group"],
            "Kind": lambda obj, now: obj["spec"]["names"]["kind"],
            "ShortNames": lambda obj, now: ",".join(obj["spec"]["names"].get("shortNames") or ()),
            "Established": _established,
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    validate_create=validate_new_definition,
    validate_update=validate_definition_update,
    creation_warnings=_warnings,
    update_warnings=lambda new, old: _warnings(new),
    prepare_delete=_prepare_delete,
    has_status=True,
    counts_generation=True,
)
