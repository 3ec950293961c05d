"""A Kind of one version of a CustomResourceDefinition: what the generic path needs to serve it as any other.

Upstream: ``registry/customresource`` (strategy, validator, status and scale).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from k8slearn.embedded.apiserver import schema as messages
from k8slearn.embedded.apiserver.apiextensions import objectmeta, validationrules
from k8slearn.embedded.apiserver.apiextensions.columns import columns
from k8slearn.embedded.apiserver.apiextensions.defaulting import default
from k8slearn.embedded.apiserver.apiextensions.listtype import validate_lists
from k8slearn.embedded.apiserver.apiextensions.pruning import Schema, prune, without_nulls
from k8slearn.embedded.apiserver.apiextensions.schemavalidation import ABSENT, validate_schema
from k8slearn.embedded.apiserver.decoding import DecodeError, go_kind
from k8slearn.embedded.apiserver.fieldmanager.types import of_custom
from k8slearn.embedded.apiserver.jsontext import duplicates
from k8slearn.embedded.apiserver.kind import Kind, Object, Scale
from k8slearn.embedded.apiserver.kinds import version_order
from k8slearn.embedded.apiserver.messages import META
from k8slearn.embedded.apiserver.status import FieldError, bad_request, invalid
from k8slearn.embedded.apiserver.validation.fields import invalid as invalid_value
from k8slearn.kube import jsonpath

OBJECT_META = f"{META}ObjectMeta"

_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery tells them, unlike those of built-in kinds."""

_TERMINATING = "create not allowed while custom resource definition is terminating"


def custom_kinds(crd: Object) -> tuple[Kind, list[Kind]]:
    """The kind that the store holds, and the versions of it that are served, of a definition that is valid."""
    versions = crd["spec"]["versions"]
    stored = _kind(crd, next(version for version in versions if version["storage"]))
    served = [
        stored if version["storage"] else replace(_kind(crd, version), stored_as=stored)
        for version in versions
        if version["served"]
    ]
    return stored, served


def _kind(crd: Object, version: Object) -> Kind:
    spec, names = crd["spec"], crd["status"]["acceptedNames"]
    described: Schema = version["schema"]["openAPIV3Schema"]
    subresources = version.get("subresources") or {}
    rules = Rules(described, spec["group"], version["name"], names["kind"], subresources.get("scale"))
    has_status = "status" in subresources
    storage = next(entry["name"] for entry in spec["versions"] if entry["storage"])
    return Kind(
        kind=names["kind"],
        plural=names["plural"],
        group=spec["group"],
        version=version["name"],
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        singular_name=names.get("singular", ""),
        message="",
        custom_schema=described,
        custom_type=of_custom(described),
        list_kind=names["listKind"],
        decode=rules.decode,
        to_stored=lambda obj: {**obj, "apiVersion": f"{spec['group']}/{storage}"},
        from_stored=rules.read,
        columns=columns(version.get("additionalPrinterColumns") or []),
        default=rules.default,
        validate_create=rules.validate,
        validate_update=rules.validate_update,
        validate_status=rules.validate_status,
        creation_warnings=lambda obj: _finalizer_warnings(obj, ()),
        update_warnings=lambda new, old: _finalizer_warnings(new, old["metadata"].get("finalizers") or ()),
        has_status=has_status,
        counts_generation=True,
        wanted=_all_but("metadata", "apiVersion", *(["status"] if has_status else [])),
        scale=_scale(subresources.get("scale")),
        verbs=_VERBS,
        closed=_TERMINATING if "deletionTimestamp" in crd["metadata"] else "",
        selectable_fields={
            field["jsonPath"].removeprefix("."): _selectable(field["jsonPath"])
            for field in version.get("selectableFields") or ()
        },
        deprecation=_deprecation(crd, version),
    )


def _all_but(*names: str) -> Callable[[Object], Object]:
    return lambda obj: {name: value for name, value in obj.items() if name not in names}


def _deprecation(crd: Object, version: Object) -> str:
    """The warning of a deprecated version; where it brings none itself, a better version is named."""
    if not version.get("deprecated"):
        return ""
    group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
    others = [v["name"] for v in crd["spec"]["versions"] if v["served"] and not v.get("deprecated")]
    best = min(others, key=version_order, default=None)
    text = f"{group}/{version['name']} {kind} is deprecated"
    if best is not None and version_order(best) < version_order(version["name"]):
        text += f"; use {group}/{best} {kind}"
    return version.get("deprecationWarning") or text


def _selectable(path: str) -> Callable[[Object], str]:
    find = jsonpath.parse(path)

    def value(obj: Object) -> str:
        found = find(obj)
        if not found:
            return ""
        return str(found[0]).lower() if isinstance(found[0], bool) else str(found[0])

    return value


def _scale(declared: Object | None) -> Scale | None:
    if declared is None:
        return None
    selector = declared.get("labelSelectorPath")
    return Scale(
        declared["specReplicasPath"].removeprefix("."),
        declared["statusReplicasPath"].removeprefix("."),
        _selectable(selector) if selector else lambda obj: "",
    )


def _finalizer_warnings(obj: Object, before: Any) -> Iterator[str]:
    for name in sorted(set(obj["metadata"].get("finalizers") or ()) - set(before)):
        if "/" in name or name in ("orphan", "foregroundDeletion", "kubernetes"):
            continue
        path = "including a path (/) " if "." in name else ""
        yield (
            f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name {path}to avoid accidental '
            "conflicts with other finalizer writers"
        )


class Rules:
    """What one version's schema does with objects."""

    def __init__(self, described: Schema, group: str, version: str, kind: str, scale: Object | None) -> None:
        self._schema = described
        self._api_version = f"{group}/{version}"
        self._kind, self._group = kind, group
        self._scale = scale
        self._rules = validationrules.ValidationRules(described)

    def decode(self, raw: Any) -> tuple[Object, list[str]]:
        """What a client sent as an object that is pruned and has its defaults, and what is wrong but can be
        left out. Raises DecodeError, ApiError."""
        if not isinstance(raw, dict):
            raise DecodeError(
                f"json: cannot unmarshal {go_kind(raw)} into Go value of type map[string]interface {{}}"
            )
        self._check_type(raw)
        metadata, problems = messages.decode(OBJECT_META, raw.get("metadata") or {})
        problems = [problem.replace('field "', 'field "metadata.', 1) for problem in problems]
        problems = [p for p in duplicates(raw) if '"metadata.' not in p] + problems
        pruned, unknown = prune({**raw, "metadata": metadata}, self._schema)
        obj = without_nulls(pruned, self._schema)
        obj, misplaced = objectmeta.coerced(obj, self._schema)
        default(obj, self._schema)
        unknown_fields = [f'unknown field "{path}"' for path in (*unknown, *misplaced)]
        return {"kind": self._kind, "apiVersion": self._api_version, **obj}, problems + unknown_fields

    def read(self, obj: Object) -> Object:
        """A stored object as this version shows it: without what the version does not know, and where it is of
        this version, with the defaults that the schema has got since. Itself where that is the same."""
        seen, unknown = prune(obj, self._schema)
        same = obj["apiVersion"] == self._api_version
        if same:
            seen = orjson.loads(orjson.dumps(seen))
            default(seen, self._schema)
            return seen if unknown or seen != obj else obj
        return {**seen, "apiVersion": self._api_version}

    def _check_type(self, raw: Object) -> None:
        """Raises ApiError."""
        api_version, kind = raw.get("apiVersion") or self._api_version, raw.get("kind") or self._kind
        if api_version != self._api_version:
            raise bad_request(
                f"the API version in the data ({api_version}) does not match the expected API version "
                f"({self._api_version})"
            )
        if kind != self._kind:
            name = (raw.get("metadata") or {}).get("name", "")
            error = invalid_value("kind", kind, f"must be {self._kind}")
            raise invalid(self._kind, self._group, name, [error])

    def default(self, obj: Object) -> None:
        default(obj, self._schema)

    def validate(self, obj: Object) -> Iterator[FieldError]:
        yield from self._validated(obj, ABSENT)

    def validate_update(self, new: Object, old: Object) -> Iterator[FieldError]:
        yield from self._validated(new, old)

    def validate_status(self, new: Object, old: Object) -> Iterator[FieldError]:
        """A change of the status is not held against the rest of the object."""
        described = (self._schema.get("properties") or {}).get("status")
        if described and "status" in new:
            for error in validate_schema(new["status"], described, "", old.get("status", ABSENT)):
                # The sentence does not name the status, the field does.
                inner = "" if error.field == "<nil>" else f".{error.field}"
                yield error._replace(field=f"status{inner}")
        yield from self._validate_replicas(new, "statusReplicasPath")

    def _validated(self, obj: Object, old: Any) -> list[FieldError]:
        errors = validate_schema(obj, self._schema, "", old)
        if self._scale:
            errors += self._validate_replicas(obj, "specReplicasPath")
            errors += self._validate_replicas(obj, "statusReplicasPath")
        errors += objectmeta.validate_embedded(obj, self._schema)
        if old is ABSENT or not any(validate_lists(old, self._schema)):
            errors += validate_lists(obj, self._schema)
        return errors + self._rules.validate(obj, None if old is ABSENT else old, errors)

    def _validate_replicas(self, obj: Object, which: str) -> Iterator[FieldError]:
        if self._scale is None:
            return
        path = self._scale[which]
        found = jsonpath.parse(path)(obj)
        replicas = found[0] if found else 0
        if not isinstance(replicas, int) or isinstance(replicas, bool):
            return  # the schema's type, or the next look at it, says what is wrong
        if replicas < 0:
            yield invalid_value(path, replicas, "should be a non-negative integer")
        elif replicas > 2**31 - 1:
            yield invalid_value(path, replicas, f"should be less than or equal to {2**31 - 1}")
