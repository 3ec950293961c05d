"""What is wrong with a CustomResourceDefinition. Upstream: ``apis/apiextensions/validation``.

Go's internal type lifts what all versions have in common (with one version, everything) to ``spec.validation``,
``spec.subresources`` and ``spec.additionalPrinterColumns``; errors name these places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from k8slearn.embedded.apiserver.apiextensions.openapischema import validate_root
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    IMMUTABLE,
    choice,
    invalid,
    not_supported,
    required,
)

APPROVED = "api-approved.kubernetes.io"

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")


def validate_definition(crd: Object) -> Iterator[FieldError]:
    spec = crd["spec"]
    yield from _validate_spec(spec)
    yield from _validate_stored_versions(crd)
    yield from _validate_approval(crd)
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        yield invalid("spec.preserveUnknownFields", True, detail)


def validate_new_definition(crd: Object) -> Iterator[FieldError]:
    spec, name = crd["spec"], crd["metadata"].get("name", "")
    if name != f"{spec['names'].get('plural', '')}.{spec.get('group', '')}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    yield from validate_definition(crd)


def validate_definition_update(new: Object, old: Object) -> Iterator[FieldError]:
    spec, before = new["spec"], old["spec"]
    yield from validate_definition(new)
    established = any(
        c["type"] == "Established" and c["status"] == "True" for c in old["status"].get("conditions") or ()
    )
    fixed = [("scope", ("scope",)), ("names.kind", ("names", "kind"))] if established else []
    for shown, path in [*fixed, ("group", ("group",)), ("names.plural", ("names", "plural"))]:
        now, was = _at(spec, path), _at(before, path)
        if now != was:
            yield invalid(f"spec.{shown}", now, IMMUTABLE)


def _at(spec: Object, path: tuple[str, ...]) -> Any:
    found: Any = spec
    for name in path:
        found = found.get(name, "")
    return found


def _validate_spec(spec: Object) -> Iterator[FieldError]:
    versions: list[Object] = spec.get("versions") or []
    group = spec.get("group", "")
    if not group:
        yield required("spec.group")
    elif wrong := formats.dns_subdomain(group):
        yield invalid("spec.group", group, ",".join(wrong))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    yield from choice("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced"))
    if not (_shared(versions, "schema") and _schema(versions[0])):
        for index, version in enumerate(versions):
            if _schema(version) is None:
                yield required(f"spec.versions[{index}].schema.openAPIV3Schema")
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        if wrong := formats.dns_1035_label(version.get("name", "")):
            yield invalid(f"{path}.name", version.get("name", ""), ",".join(wrong))
        yield from _validate_deprecation(f"{path}.deprecationWarning", version)
        if not _shared(versions, "schema"):
            yield from _validate_schema(f"{path}.schema", version, _has_status(version))
        if not _shared(versions, "subresources"):
            yield from _validate_subresources(f"{path}.subresources", version)
        if not _shared(versions, "additionalPrinterColumns"):
            yield from _validate_columns(f"{path}.additionalPrinterColumns", version)
        if not _shared(versions, "selectableFields"):
            yield from _validate_selectable(f"{path}.selectableFields", version)
    names = [version.get("name", "") for version in versions]
    if len(set(names)) < len(names):
        yield invalid("spec.versions", _shown(versions), "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", _shown(versions), detail)
    if versions and (wrong := formats.dns_1035_label(versions[0].get("name", ""))):
        # Go keeps the first version's name in a field of its own besides.
        yield invalid("spec.version", versions[0].get("name", ""), ",".join(wrong))
    yield from _validate_names(spec["names"])
    if versions:
        if _shared(versions, "schema"):
            yield from _validate_schema("spec.validation", versions[0], any(map(_has_status, versions)))
        if _shared(versions, "subresources"):
            yield from _validate_subresources("spec.subresources", versions[0])
        if _shared(versions, "additionalPrinterColumns"):
            yield from _validate_columns("spec.additionalPrinterColumns", versions[0])
        if _shared(versions, "selectableFields"):
            yield from _validate_selectable("spec.selectableFields", versions[0])
    strategy = spec["conversion"].get("strategy", "")
    if strategy != "None":
        # The real API server takes Webhook besides, and asks it.
        yield (
            required("spec.conversion.strategy")
            if not strategy
            else not_supported("spec.conversion.strategy", strategy, ("None",))
        )


def _shared(versions: list[Object], field: str) -> bool:
    return bool(versions) and all(version.get(field) == versions[0].get(field) for version in versions)


def _schema(version: Object) -> Object | None:
    return (version.get("schema") or {}).get("openAPIV3Schema")


def _has_status(version: Object) -> bool:
    return (version.get("subresources") or {}).get("status") is not None


def _shown(versions: list[Object]) -> list[Object]:
    """Versions as Go prints the internal type, where what they share has been lifted away."""
    lifted = {field: _shared(versions, field) for field in ("schema", "subresources")}
    columns = _shared(versions, "additionalPrinterColumns")
    return [
        {
            "Name": version.get("name", ""),
            "Served": bool(version.get("served")),
            "Storage": bool(version.get("storage")),
            "Deprecated": bool(version.get("deprecated")),
            "DeprecationWarning": version.get("deprecationWarning"),
            "Schema": None if lifted["schema"] else version.get("schema"),
            "Subresources": None if lifted["subresources"] else version.get("subresources"),
            "AdditionalPrinterColumns": None if columns else version.get("additionalPrinterColumns"),
            "SelectableFields": None,
        }
        for version in versions
    ]


def _validate_deprecation(path: str, version: Object) -> Iterator[FieldError]:
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    if not version.get("deprecated"):
        yield invalid(path, warning, "can only be set for deprecated versions")
    if len(warning) > 256:
        yield invalid(path, warning, "must be <= 256 characters long")
    if not warning:
        yield invalid(path, warning, "must not be an empty string")


def _validate_schema(path: str, version: Object, has_status: bool) -> Iterator[FieldError]:
    if (described := _schema(version)) is not None:
        yield from validate_root(f"{path}.openAPIV3Schema", described, has_status=has_status)


# -- names ----------------------------------------------------------------------------------------


def _validate_names(names: Object) -> Iterator[FieldError]:
    for field in ("plural", "singular", "kind", "listKind"):
        if not names.get(field):
            yield required(f"spec.names.{field}")
    for field in ("plural", "singular", "kind", "listKind"):
        value = names.get(field, "")
        mixed = field in ("kind", "listKind")
        if value and (wrong := formats.dns_1035_label(value.lower() if mixed else value)):
            prefix = "may have mixed case, but should otherwise match: " if mixed else ""
            yield invalid(f"spec.names.{field}", value, prefix + ",".join(wrong))
    yield from _validate_words("spec.names.shortNames", names.get("shortNames") or ())
    if names.get("kind") and names["kind"] == names.get("listKind"):
        yield invalid("spec.names.listKind", names["listKind"], "kind and listKind may not be the same")
    yield from _validate_words("spec.names.categories", names.get("categories") or ())


def _validate_words(path: str, words: Iterable[str]) -> Iterator[FieldError]:
    for index, word in enumerate(words):
        if wrong := formats.dns_1035_label(word):
            yield invalid(f"{path}[{index}]", word, ",".join(wrong))


# -- subresources and columns ---------------------------------------------------------------------


def _validate_subresources(path: str, version: Object) -> Iterator[FieldError]:
    scale = (version.get("subresources") or {}).get("scale")
    if scale is None:
        return
    places: dict[str, tuple[str, ...]] = {
        "specReplicasPath": (".spec.",),
        "statusReplicasPath": (".status.",),
    }
    for field, parents in places.items():
        value, where = scale.get(field, ""), f"{path}.scale.{field}"
        if not value:
            yield required(where)
            continue
        yield from _validate_path(where, value, parents, f"under {parents[0][:-1]}")
    if value := scale.get("labelSelectorPath"):
        where = f"{path}.scale.labelSelectorPath"
        yield from _validate_path(where, value, (".spec.", ".status."), "under either .spec or .status")


def _validate_path(path: str, value: str, parents: tuple[str, ...], where: str) -> Iterator[FieldError]:
    if wrong := _not_simple(value):
        yield invalid(path, value, wrong)
    elif not value.startswith(parents):
        yield invalid(path, value, f"should be a json path {where}")


def _not_simple(path: str) -> str:
    return "" if path.startswith(".") else "must be a simple json path starting with ."


def _validate_columns(path: str, version: Object) -> Iterator[FieldError]:
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        where = f"{path}[{index}]"
        if not column.get("name"):
            yield required(f"{where}.name")
        yield from _one_of(f"{where}.type", column.get("type", ""), _COLUMN_TYPES, needed=True)
        yield from _one_of(f"{where}.format", column.get("format", ""), _COLUMN_FORMATS)
        if not (json_path := column.get("jsonPath")):
            yield required(f"{where}.JSONPath")
        elif wrong := _not_simple(json_path):
            yield invalid(f"{where}.JSONPath", json_path, wrong)


def _one_of(path: str, value: str, known: tuple[str, ...], *, needed: bool = False) -> Iterator[FieldError]:
    detail = f"must be one of {','.join(known)}"
    if not value and needed:
        yield required(path, detail)
    elif value and value not in known:
        yield invalid(path, value, detail)


def _validate_selectable(path: str, version: Object) -> Iterator[FieldError]:
    for index, field in enumerate(version.get("selectableFields") or ()):
        where = f"{path}[{index}].jsonPath"
        json_path: str = field.get("jsonPath", "")
        if not json_path:
            yield required(where)
            continue
        found: Object | None = _schema(version)
        for name in json_path.removeprefix(".").split("."):
            found = ((found or {}).get("properties") or {}).get(name)
            if found is None:
                yield invalid(where, json_path, "is an invalid path: does not refer to a valid field")
                break
        else:
            if (found or {}).get("type") not in ("string", "boolean", "integer"):
                detail = (
                    "must point to a field of type string, boolean or integer. "
                    "Enum string fields and strings with formats are allowed."
                )
                yield invalid(where, json_path, detail)


# -- the rest -------------------------------------------------------------------------------------


def _validate_stored_versions(crd: Object) -> Iterator[FieldError]:
    stored = crd["status"].get("storedVersions") or []
    names = {version.get("name") for version in crd["spec"].get("versions") or ()}
    if not stored:
        yield invalid("status.storedVersions", None, "must have at least one stored version")
        return
    for version in crd["spec"].get("versions") or ():
        if version.get("storage") and version.get("name") not in stored:
            yield invalid(
                "status.storedVersions", stored, f"must have the storage version {version.get('name')}"
            )
    for index, name in enumerate(stored):
        if name not in names:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            yield invalid(f"status.storedVersions[{index}]", name, detail)


def _validate_approval(crd: Object) -> Iterator[FieldError]:
    group = crd["spec"].get("group", "")
    if not group.endswith((".k8s.io", ".kubernetes.io")) and group not in ("k8s.io", "kubernetes.io"):
        return
    text = (crd["metadata"].get("annotations") or {}).get(APPROVED, "")
    path = f"metadata.annotations[{APPROVED}]"
    see = "see https://github.com/kubernetes/enhancements/pull/1111"
    if not text:
        yield required(path, f'protected groups must have approval annotation "{APPROVED}", {see}')
    elif not text.startswith(("unapproved", "https://", "http://")):
        detail = (
            f'protected groups must have approval annotation "{APPROVED}" with either a URL or a reason '
            f'starting with "unapproved", {see}'
        )
        yield invalid(path, text, detail)
