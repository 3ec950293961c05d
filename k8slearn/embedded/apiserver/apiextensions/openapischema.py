"""What a definition's schema may say at all, besides being structural.

Upstream: ``ValidateCustomResourceDefinitionOpenAPISchema`` in ``apis/apiextensions/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from k8slearn.embedded.apiserver.apiextensions import validationrules
from k8slearn.embedded.apiserver.apiextensions.expressions import CompileError, compiled
from k8slearn.embedded.apiserver.apiextensions.pruning import META_FIELDS, Schema, prune
from k8slearn.embedded.apiserver.apiextensions.schemavalidation import validate_schema
from k8slearn.embedded.apiserver.apiextensions.structural import JUNCTORS, validate_structural
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import forbidden, invalid, not_supported, required

TYPES = ("array", "boolean", "integer", "number", "object", "string")

_UNSUPPORTED = {
    "id": "id is not supported",
    "additionalItems": "additionalItems is not supported",
    "patternProperties": "patternProperties is not supported",
    "definitions": "definitions is not supported",
    "dependencies": "dependencies is not supported",
    "$ref": "$ref is not supported",
}
_AT_THE_ROOT = (
    "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern "
    "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
    "XValidations"
)
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


@dataclass(frozen=True)
class _Place:
    """Where in the schema we are."""

    no_defaults: str = ""
    """Why there must not be a default here; "" where there may."""
    in_meta: bool = False
    no_old_self: str = ""
    """The path of what cannot be compared with its old version."""
    rules: bool = True
    """Validation rules mean something here; inside of allOf and the like they do not."""


def validate_root(path: str, schema: Schema, *, has_status: bool) -> list[FieldError]:
    """What is wrong with the schema of a version, ``path`` being that of its ``openAPIV3Schema``."""
    errors: list[FieldError] = []
    if has_status:
        errors += _validate_with_status(path, schema)
    if schema.get("nullable"):
        errors.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    structural = validate_structural(path, schema)
    errors += structural or _validate_defaults(path, schema, root=True)
    place = _Place(rules=not errors)
    errors += _validate(path, schema, place, root=True)
    return errors


def _validate_with_status(path: str, schema: Schema) -> Iterator[FieldError]:
    """The status is cut out of the schema by its property: nothing at the root may say anything on it."""
    for field in schema:
        if field == "type":
            if schema["type"] != "object":
                detail = (
                    'only "object" is allowed as the type at the root of the schema if the status subresource '
                    "is enabled"
                )
                yield invalid(f"{path}.type", schema["type"], detail)
                return
        elif _go_name(field) not in _AT_THE_ROOT.split():
            detail = (
                f"only [{_AT_THE_ROOT}] fields are allowed at the root of the schema if the status subresource "
                "is enabled"
            )
            yield invalid(path, _go_schema(schema), detail)
            return


_GO_FIELDS = (
    *("id", "$schema", "$ref", "description", "type", "nullable", "format", "title", "default", "maximum"),
    *("exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems"),
    *("minItems", "uniqueItems", "multipleOf", "enum", "maxProperties", "minProperties", "required", "items"),
    *("allOf", "oneOf", "anyOf", "not", "properties", "additionalProperties", "patternProperties"),
    *("dependencies", "additionalItems", "definitions", "externalDocs", "example"),
    *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"),
    *("x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type"),
    "x-kubernetes-validations",
)
_TEXTS = ("id", "$schema", "description", "type", "format", "title", "pattern")
_FLAGS = (
    *("nullable", "exclusiveMaximum", "exclusiveMinimum", "uniqueItems"),
    *("x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"),
)


def _go_schema(schema: Schema) -> dict[str, Any]:
    """A schema as Go prints the internal struct: every field, in its order."""
    shown: dict[str, Any] = {}
    for field in _GO_FIELDS:
        value = schema.get(field, "" if field in _TEXTS else False if field in _FLAGS else None)
        if field == "properties" and value:
            value = {name: _go_schema(described) for name, described in sorted(value.items())}
        elif field in JUNCTORS and value:
            value = [_go_schema(part) for part in value]
        elif field == "not" and value is not None:
            value = _go_schema(value)
        elif field == "items" and isinstance(value, dict):
            value = {"Schema": _go_schema(value), "JSONSchemas": None}
        elif field == "additionalProperties" and value is not None:
            inner = _go_schema(value) if isinstance(value, dict) else None
            value = {"Allows": value is not False, "Schema": inner}
        elif field == "x-kubernetes-validations" and value:
            value = [_as_go(rule) for rule in value]
        shown[_GO_NAMES.get(field) or _go_name(field)] = value
    return shown


_GO_NAMES = {"id": "ID", "$schema": "Schema", "$ref": "Ref"}


def _go_name(field: str) -> str:
    if field.startswith("x-kubernetes-"):
        return "X" + "".join(word.capitalize() for word in field.removeprefix("x-kubernetes-").split("-"))
    return field[0].upper() + field[1:]


def _validate(path: str, schema: Schema, place: _Place, *, root: bool = False) -> Iterator[FieldError]:
    yield from _validate_fields(path, schema, place)
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    if properties and others is not None and others is not True:
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden(f"{path}.additionalProperties", detail)
    if isinstance(others, dict):
        inside = place
        if place.in_meta:
            inside = replace(place, no_defaults="inside additionalProperties applying to object metadata")
        yield from _validate(f"{path}.additionalProperties", others, inside)
    atomic = schema.get("x-kubernetes-map-type") == "atomic"
    for name, described in properties.items():
        inside = replace(place, no_old_self=place.no_old_self or path) if atomic else place
        if name in META_FIELDS and (root or schema.get("x-kubernetes-embedded-resource")):
            why = f"in top-level {name}" if root else inside.no_defaults
            inside = replace(inside, in_meta=True, no_defaults=why)
        yield from _validate(f"{path}.properties[{name}]", described, inside)
    nested = replace(place, rules=False)
    if (other := schema.get("not")) is not None:
        yield from _validate(f"{path}.not", other, nested)
    for junctor in JUNCTORS:
        for index, part in enumerate(schema.get(junctor) or ()):
            yield from _validate(f"{path}.{junctor}[{index}]", part, nested)
    if isinstance(items := schema.get("items"), dict):
        uncorrelated = schema.get("x-kubernetes-list-type") != "map"
        inside = replace(place, no_old_self=place.no_old_self or path) if uncorrelated else place
        yield from _validate(f"{path}.items", items, inside)
    yield from _validate_extensions(path, schema)
    if rules := schema.get("x-kubernetes-validations"):
        yield from _validate_rules(f"{path}.x-kubernetes-validations", rules, schema, place, root=root)


def _validate_fields(path: str, schema: Schema, place: _Place) -> Iterator[FieldError]:
    type_name = schema.get("type", "")
    if type_name and type_name not in TYPES:
        yield not_supported(f"{path}.type", type_name, TYPES)
    if "default" in schema and place.no_defaults:
        yield forbidden(f"{path}.default", f"must not be set {place.no_defaults}")
    for field, detail in _UNSUPPORTED.items():
        if schema.get(field):
            yield forbidden(f"{path}.{field}", detail)
    if type_name == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        yield forbidden(f"{path}.type", detail)
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if place.in_meta and schema.get("x-kubernetes-embedded-resource"):
        detail = "must not be used inside of resource meta"
        yield forbidden(f"{path}.x-kubernetes-embedded-resource", detail)
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", detail)


# -- extensions -----------------------------------------------------------------------------------


def _validate_extensions(path: str, schema: Schema) -> Iterator[FieldError]:
    type_name = schema.get("type", "")
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    map_type, list_type = schema.get("x-kubernetes-map-type"), schema.get("x-kubernetes-list-type")
    if map_type is not None:
        yield from _must_be(f"{path}.type", type_name, "object", "x-kubernetes-map-type")
        if map_type not in ("atomic", "granular"):
            yield not_supported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular"))
    if list_type is not None:
        yield from _must_be(f"{path}.type", type_name, "array", "x-kubernetes-list-type")
        if list_type == "set" and type_name == "array" and isinstance(items := schema.get("items"), dict):
            yield from _validate_set_items(f"{path}.items", items)
        if list_type not in ("atomic", "set", "map"):
            yield not_supported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))
    keys = schema.get("x-kubernetes-list-map-keys") or []
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        where = f"{path}.x-kubernetes-list-type"
        yield required(where, detail) if list_type is None else invalid(where, list_type, detail)
    if list_type == "map":
        yield from _validate_map_list(path, schema, keys)
    if list_type in ("set", "map") and isinstance(items := schema.get("items"), dict):
        yield from _validate_nullable(f"{path}.items", items, list_type, keys)


def _must_be(path: str, type_name: str, wanted: str, because: str) -> Iterator[FieldError]:
    if type_name != wanted:
        detail = f"must be {wanted} if {because} is specified"
        yield invalid(path, type_name, detail) if type_name else required(path, detail)


def _validate_set_items(path: str, items: Schema) -> Iterator[FieldError]:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    list_type = items.get("x-kubernetes-list-type")
    if items.get("type") == "array" and list_type not in (None, "atomic"):
        yield invalid(f"{path}.x-kubernetes-list-type", list_type, detail)
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        yield invalid(f"{path}.x-kubernetes-map-type", list_type, detail)


def _validate_map_list(path: str, schema: Schema, keys: list[str]) -> Iterator[FieldError]:
    items = schema.get("items")
    if not keys:
        detail = "must not be empty if x-kubernetes-list-type is map"
        yield required(f"{path}.x-kubernetes-list-map-keys", detail)
    if items is None:
        yield required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
    if not isinstance(items, dict):
        return
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{path}.items.type", items.get("type", ""), detail)
        return
    properties = items.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in properties:
            detail = "entries must all be names of item properties"
            yield invalid(f"{path}.x-kubernetes-list-map-keys", keys, detail)
        elif properties[key].get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid(f"{path}.items.properties[{key}].type", items["type"], detail)
        if key in keys[:index]:
            yield invalid(f"{path}.x-kubernetes-list-map-keys", keys, "must not contain duplicate entries")


def _validate_nullable(path: str, items: Schema, list_type: str, keys: list[str]) -> Iterator[FieldError]:
    if items.get("nullable"):
        yield forbidden(f"{path}.nullable", f"cannot be nullable when x-kubernetes-list-type is {list_type}")
    properties, needed = items.get("properties") or {}, items.get("required") or ()
    for key in keys if list_type == "map" else ():
        if key not in properties:
            continue
        said = "this property is in x-kubernetes-list-map-keys, so it"
        where = f"{path}.properties[{key}]"
        if key not in needed and "default" not in properties[key]:
            yield required(f"{where}.default", f"{said} must have a default or be a required property")
        if properties[key].get("nullable"):
            yield forbidden(f"{where}.nullable", f"{said} cannot be nullable")


# -- rules ----------------------------------------------------------------------------------------


def _validate_rules(
    path: str, rules: list[dict[str, Any]], schema: Schema, place: _Place, *, root: bool
) -> Iterator[FieldError]:
    wrong = False
    for index, rule in enumerate(rules):
        for error in _validate_rule(f"{path}[{index}]", rule, schema):
            wrong = True
            yield error
    if wrong or not place.rules:
        return
    for index, rule in enumerate(rules):
        where = f"{path}[{index}]"
        try:
            expression = validationrules.check(rule["rule"], schema, root=root)
        except CompileError as error:
            yield invalid(f"{where}.rule", _as_go(rule), f"compilation failed: {error}")
            continue
        if rule.get("messageExpression"):
            try:
                compiled(rule["messageExpression"])
            except CompileError as error:
                detail = f"messageExpression compilation failed: {error}"
                yield invalid(f"{where}.messageExpression", _as_go(rule), detail)
        if "oldSelf" in expression.variables:
            if place.no_old_self:
                detail = (
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within "
                    f"{place.no_old_self}"
                )
                yield invalid(f"{where}.rule", rule["rule"], detail)
        elif rule.get("optionalOldSelf") is not None:
            detail = "may not be set if oldSelf is not used in rule"
            yield invalid(f"{where}.optionalOldSelf", rule["optionalOldSelf"], detail)


def _validate_rule(path: str, rule: dict[str, Any], schema: Schema) -> Iterator[FieldError]:
    source, message = rule.get("rule", ""), rule.get("message", "")
    trimmed = message.strip()
    if not source.strip():
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not trimmed:
        yield invalid(f"{path}.message", message, "must be non-empty if specified")
    elif _has_breaks(trimmed):
        yield invalid(f"{path}.message", message, "must not contain line breaks")
    elif _has_breaks(source.strip()) and not trimmed:
        yield required(f"{path}.message", "message must be specified if rule contains line breaks")
    expression, inner = rule.get("messageExpression", ""), rule.get("fieldPath", "")
    if expression and not expression.strip():
        yield required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
    if (reason := rule.get("reason")) is not None and reason not in _REASONS:
        yield not_supported(f"{path}.reason", reason, _REASONS)
    if inner and not inner.strip():
        yield invalid(f"{path}.fieldPath", inner, "must be non-empty if specified")
    if _has_breaks(inner):
        yield invalid(f"{path}.fieldPath", inner, "must not contain line breaks")
    if inner and not _has_field(schema, inner):
        yield invalid(f"{path}.fieldPath", inner, "must be a valid path")
    if rule.get("optionalOldSelf"):
        yield forbidden(f"{path}.optionalOldSelf", "the embedded cluster has no optional values in rules")


_STEP = re.compile(r"\.?([^.\[\]]+)|\['((?:\\.|[^'])*)'\]")


def _has_field(schema: Schema, path: str) -> bool:
    """Whether ``.spec.limits['cpu']`` leads to something that the schema describes."""
    here: Any = schema
    for step in _STEP.finditer(path):
        properties, others = here.get("properties"), here.get("additionalProperties")
        here = (properties or {}).get(step[1] or step[2]) if properties else others
        if not isinstance(here, dict):
            return False
    return True


def _has_breaks(text: str) -> bool:
    return "\n" in text or "\r" in text


def _as_go(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule as Go prints the struct."""
    return {
        "Rule": rule.get("rule", ""),
        "Message": rule.get("message", ""),
        "MessageExpression": rule.get("messageExpression", ""),
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }


# -- defaults -------------------------------------------------------------------------------------


def _validate_defaults(path: str, schema: Schema, *, root: bool = False) -> list[FieldError]:
    """A default must be as its own schema says, and hold nothing that it does not know."""
    errors: list[FieldError] = []
    if "default" in schema:
        value = schema["default"]
        whole = {"properties": {"default": schema}, "type": "object"}
        if prune({"default": value}, whole)[0]["default"] != value:
            errors.append(invalid(f"{path}.default", value, "must not have unknown fields"))
        errors += [_beneath(f"{path}.default", error) for error in validate_schema(value, schema)]
    if isinstance(items := schema.get("items"), dict):
        errors += _validate_defaults(f"{path}.items", items)
    for name, described in (schema.get("properties") or {}).items():
        if not (root and name in META_FIELDS):
            errors += _validate_defaults(f"{path}.properties[{name}]", described)
    return errors


def _beneath(path: str, error: FieldError) -> FieldError:
    inner = "" if error.field == "<nil>" else f".{error.field}"
    return error._replace(field=path + inner)
