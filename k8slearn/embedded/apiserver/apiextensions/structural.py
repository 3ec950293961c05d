"""Whether a schema is structural: what an object looks like is said once, and not inside of allOf, anyOf, oneOf, not.

Upstream: ``apiserver/schema/validation.go``.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.apiextensions.pruning import Schema
from k8slearn.embedded.apiserver.apiextensions.schemavalidation import go_pattern
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import forbidden, invalid, required

JUNCTORS = ("allOf", "anyOf", "oneOf")

_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "items": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]

_NOT_IN_JUNCTORS = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}


def validate_structural(path: str, schema: Schema) -> list[FieldError]:
    """Sorted by their sentences, as upstream does it."""
    return sorted([*_invariants(path, schema, "root"), *_completeness(path, schema)], key=str)


def _invariants(path: str, schema: Schema, level: str) -> Iterator[FieldError]:
    type_name, others = schema.get("type", ""), schema.get("additionalProperties")
    embedded = schema.get("x-kubernetes-embedded-resource", False)
    preserves = schema.get("x-kubernetes-preserve-unknown-fields", False)
    int_or_string = schema.get("x-kubernetes-int-or-string", False)
    properties = schema.get("properties") or {}
    items = schema.get("items")
    if type_name == "array" and items is None:
        yield required(f"{path}.items", "must be specified")
    if isinstance(items, dict):
        yield from _invariants(f"{path}.items", items, "items")
    for name, described in properties.items():
        yield from _invariants(f"{path}.properties[{name}]", described, "field")
    if others is not None and level == "root":
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(others, dict):
        yield from _invariants(f"{path}.additionalProperties", others, "field")
    if int_or_string and preserves:
        detail = "must be false if x-kubernetes-int-or-string is true"
        yield invalid(f"{path}.x-kubernetes-preserve-unknown-fields", preserves, detail)
    if int_or_string and embedded:
        detail = "must be false if x-kubernetes-int-or-string is true"
        yield invalid(f"{path}.x-kubernetes-embedded-resource", embedded, detail)
    yield from _values(path, schema)
    if embedded and type_name != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid(f"{path}.type", type_name, detail) if type_name else required(f"{path}.type", detail)
    elif not type_name and not int_or_string and not preserves:
        yield required(f"{path}.type", _EMPTY_TYPE[level])
    if embedded and others is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        yield forbidden(f"{path}.additionalProperties", detail)
    if level == "root" and type_name not in ("", "object"):
        yield invalid(f"{path}.type", type_name, "must be object at the root")
    if level == "root" or embedded:
        for name in ("kind", "apiVersion"):
            if name in properties and properties[name].get("type") != "string":
                yield invalid(
                    f"{path}.properties[{name}].type", properties[name].get("type", ""), "must be string"
                )
    if "metadata" in properties:
        yield from _metadata(f"{path}.properties[metadata]", properties["metadata"], level, embedded)
    if embedded and not preserves and not properties:
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields"
        )
        yield required(f"{path}.properties", detail)


def _metadata(path: str, schema: Schema, level: str, embedded: bool) -> Iterator[FieldError]:
    """At the root it may restrict the names, and nothing else."""
    if (level == "root" or embedded) and schema.get("type") != "object":
        yield invalid(f"{path}.type", schema.get("type", ""), "must be object")
    rest = {name for name in schema if name not in ("type", "properties", "default")}
    others = set(schema.get("properties") or ()) - {"name", "generateName"}
    if level == "root" and (rest or others):
        detail = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield forbidden(path, detail)


def _values(path: str, schema: Schema) -> Iterator[FieldError]:
    for junctor in JUNCTORS:
        for index, part in enumerate(schema.get(junctor) or ()):
            if junctor == "anyOf" and schema[junctor] == _INT_OR_STRING:
                continue
            first_of_all = junctor == "allOf" and index == 0 and part.get("anyOf") == _INT_OR_STRING
            yield from _nested(f"{path}.{junctor}[{index}]", part, skip_any=first_of_all)
    if (other := schema.get("not")) is not None:
        yield from _nested(f"{path}.not", other)
    if pattern := schema.get("pattern"):
        try:
            re.compile(go_pattern(pattern))
        except re.error as error:
            detail = f"must be a valid regular expression, but isn't: error parsing regexp: {_in_go(error)}"
            yield invalid(f"{path}.pattern", pattern, detail)


_GO_REGEXP = {
    "unterminated character set": "missing closing ]: `{rest}`",
    "missing ), unterminated subpattern": "missing closing ): `{whole}`",
    "unbalanced parenthesis": "unexpected ): `{whole}`",
    "nothing to repeat": "missing argument to repetition operator: `{character}`",
    "bad escape (end of pattern)": "trailing backslash at end of expression: ``",
}


def _in_go(error: re.error) -> str:
    """What Go's regexp says of a pattern, where Python's says it otherwise."""
    pattern, at = str(error.pattern), error.pos or 0
    said = _GO_REGEXP.get(error.msg, error.msg)
    return said.format(rest=pattern[at:], whole=pattern, character=pattern[at : at + 1])


def _nested(path: str, schema: Schema, *, skip_any: bool = False) -> Iterator[FieldError]:
    yield from _values(path, {**schema, "anyOf": []} if skip_any else schema)
    if isinstance(items := schema.get("items"), dict):
        yield from _nested(f"{path}.items", items)
    properties = schema.get("properties") or {}
    for name, described in properties.items():
        yield from _nested(f"{path}.properties[{name}]", described)
    for field, detail in _NOT_IN_JUNCTORS.items():
        if (field == "additionalProperties" and schema.get(field) is not None) or schema.get(field):
            yield forbidden(f"{path}.{field}", detail)
    if "metadata" in properties:
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


# -- what is said of a value must be of one that there is -----------------------------------------


def _completeness(path: str, schema: Schema) -> Iterator[FieldError]:
    """Only what stands beside the root's type is looked at, as upstream does."""
    for junctor in JUNCTORS:
        for index, part in enumerate(schema.get(junctor) or ()):
            yield from _complete(f"{path}.{junctor}[{index}]", part, path, schema)
    if (other := schema.get("not")) is not None:
        yield from _complete(f"{path}.not", other, path, schema)


def _complete(path: str, nested: Schema, real_path: str, real: Any) -> Iterator[FieldError]:
    if nested.get("items") is not None:
        if not isinstance(real.get("items"), dict):
            yield required(f"{real_path}.items", f"because it is defined in {path}.items")
        else:
            yield from _complete(f"{path}.items", nested["items"], f"{real_path}.items", real["items"])
    for name, described in (nested.get("properties") or {}).items():
        inside, real_inside = f"{path}.properties[{name}]", f"{real_path}.properties[{name}]"
        known = (real.get("properties") or {}).get(name)
        if known is None:
            yield required(real_inside, f"because it is defined in {inside}")
        else:
            yield from _complete(inside, described, real_inside, known)
    for junctor in JUNCTORS:
        for index, part in enumerate(nested.get(junctor) or ()):
            yield from _complete(f"{path}.{junctor}[{index}]", part, real_path, real)
    if (other := nested.get("not")) is not None:
        yield from _complete(f"{path}.not", other, real_path, real)
