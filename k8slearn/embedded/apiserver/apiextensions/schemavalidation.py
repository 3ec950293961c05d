"""Whether a value is as its schema says, in the words of kube-openapi's ``validation/validate``.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
An update is *ratcheted*: what is as it was is not complained of, even where the schema has become stricter.
Upstream: ``apiserver/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from k8slearn.embedded.apiserver.apiextensions import stringformats
from k8slearn.embedded.apiserver.apiextensions.pruning import Schema
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import invalid, not_supported, required, too_long

ABSENT = object()
"""There is no old value to compare with."""

_INTEGER_RANGES = {"int32": 2**31, "int64": 2**63}


@dataclass
class Result:
    """What was found wrong, and how much was right: of several alternatives the closest one is told of."""

    errors: list[FieldError] = field(default_factory=list)
    matched: int = 0

    def add(self, other: Result) -> None:
        self.errors += other.errors
        self.matched += other.matched


def validate_schema(value: Any, schema: Schema, path: str = "", old: Any = ABSENT) -> list[FieldError]:
    """``old`` is the value before an update, ABSENT where there was none."""
    return _validate(value, schema, path, old).errors


def _validate(value: Any, schema: Schema, path: str, old: Any) -> Result:
    result = Result()
    if old is not ABSENT and value == old and type(value) is type(old):
        return result
    wrong_type = _wrong_type(value, schema, path)
    if wrong_type:
        result.errors.append(wrong_type)
    if value is not None:
        result.add(_junctors(value, schema, path, old))
        if isinstance(value, str):
            result.errors += _string(value, schema, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            result.errors += _number(value, schema, path)
        elif isinstance(value, list):
            result.add(_list(value, schema, path, old))
    if (choices := schema.get("enum")) is not None and not any(_same(value, choice) for choice in choices):
        shown = [choice if isinstance(choice, str) else orjson.dumps(choice).decode() for choice in choices]
        result.errors.append(not_supported(_told(path), value, shown))
    if isinstance(value, dict):
        result.add(_object(value, schema, path, old))
    if not result.errors:
        result.matched += 1
    return result


def _told(path: str) -> str:
    return path.removeprefix(".") or "<nil>"


def _in_body(path: str, what: str) -> str:
    return f"{path} in body {what}"


def _same(value: Any, choice: Any) -> bool:
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)


# -- types ----------------------------------------------------------------------------------------


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _wrong_type(value: Any, schema: Schema, path: str) -> FieldError | None:
    wanted = ["integer", "string"] if schema.get("x-kubernetes-int-or-string") else []
    if not wanted and schema.get("type"):
        wanted = [schema["type"]]
    found = _type_of(value)
    if not wanted or found in wanted or (value is None and schema.get("nullable")):
        return None
    if found == "integer" and "number" in wanted:
        return None
    if isinstance(value, float) and value.is_integer() and "integer" in wanted:
        return None
    what = f'must be of type {",".join(wanted)}: "{found}"'
    error = invalid(_told(path), found, _in_body(path, what))
    return error._replace(reason="FieldValueTypeInvalid")


# -- scalars --------------------------------------------------------------------------------------


def _string(value: str, schema: Schema, path: str) -> Iterator[FieldError]:
    """The first of these that is wrong hides the others; the format is told besides."""
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if longest is not None and len(value) > longest:
        yield too_long(_told(path), longest)
    elif shortest is not None and len(value) < shortest:
        yield invalid(_told(path), value, _in_body(path, f"should be at least {shortest} chars long"))
    elif pattern and not _compiled(pattern).search(value):
        yield invalid(_told(path), value, _in_body(path, f"should match '{pattern}'"))
    name = schema.get("format", "") if schema.get("type") in (None, "", "string") else ""
    if name and not stringformats.valid(name, value):
        yield invalid(_told(path), value, _in_body(path, f'must be of type {name}: "{value}"'))._replace(
            reason="FieldValueTypeInvalid"
        )


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(go_pattern(pattern))


def go_pattern(pattern: str) -> str:
    """RE2's syntax where Python's differs: ``\\z`` is the end, POSIX classes stand for their ASCII characters."""
    classes = {"[:alpha:]": "A-Za-z", "[:digit:]": "0-9", "[:alnum:]": "0-9A-Za-z", "[:space:]": r"\s"}
    classes |= {"[:upper:]": "A-Z", "[:lower:]": "a-z", "[:xdigit:]": "0-9A-Fa-f"}
    for name, characters in classes.items():
        pattern = pattern.replace(name, characters)
    return re.sub(r"(?<!\\)((?:\\\\)*)\$$", r"\1\\Z", pattern.replace(r"\z", r"\Z"))


def _number(value: float, schema: Schema, path: str) -> Iterator[FieldError]:
    yield from _in_range(value, schema, path)
    if (factor := schema.get("multipleOf")) is not None:
        # Go compares a whole number with whole numbers only.
        factor = int(factor) if isinstance(value, int) else factor
        if factor <= 0:
            why = f"factor MultipleOf declared for {path} must be positive: {_go(factor)}"
            yield invalid(_told(path), factor, why)
        elif (value / factor) % 1:
            yield invalid(_told(path), value, _in_body(path, f"should be a multiple of {_go(factor)}"))
    if (most := schema.get("maximum")) is not None:
        exclusive = schema.get("exclusiveMaximum")
        if value > most or (exclusive and value == most):
            what = "less than" if exclusive else "less than or equal to"
            yield invalid(_told(path), value, _in_body(path, f"should be {what} {_go(most)}"))
    if (least := schema.get("minimum")) is not None:
        exclusive = schema.get("exclusiveMinimum")
        if value < least or (exclusive and value == least):
            what = "greater than" if exclusive else "greater than or equal to"
            yield invalid(_told(path), value, _in_body(path, f"should be {what} {_go(least)}"))


def _in_range(value: float, schema: Schema, path: str) -> Iterator[FieldError]:
    """Whether a number can be what an integer's format says."""
    if schema.get("type") != "integer":
        return
    name = schema.get("format", "")
    limit = _INTEGER_RANGES.get(name, 2**63)
    if -limit <= value < limit and float(value).is_integer():
        return
    shown = f"with format {name}" if name in _INTEGER_RANGES else "(default format)"
    why = f"Checked value must be of type integer {shown} in {path.removeprefix('.')}"
    yield invalid("<nil>", "", why)


def _go(number: float) -> str:
    """As Go's ``%v`` prints a number: 9, not 9.0."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e21 else repr(number)


# -- lists and objects ----------------------------------------------------------------------------


def _list(value: list[Any], schema: Schema, path: str, old: Any) -> Result:
    result = Result()
    items = schema.get("items")
    if isinstance(items, dict):
        before = _by_keys(old, schema)
        for index, item in enumerate(value):
            known = before.get(_key(item, schema), ABSENT) if before else ABSENT
            result.add(_validate(item, items, f"{path}[{index}]", known))
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        what = f"should have at least {least} items"
        result.errors.append(invalid(_told(path), len(value), _in_body(path, what)))
    if most is not None and len(value) > most:
        result.errors.append(too_many(_told(path), len(value), most))
    return result


def too_many(path: str, found: int, most: int) -> FieldError:
    items = "item" if most == 1 else "items"
    return FieldError("FieldValueTooMany", path, f"Too many: {found}: must have at most {most} {items}")


def _by_keys(old: Any, schema: Schema) -> dict[bytes, Any]:
    """The elements of a list before an update, where it says which of them is which."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_key(item, schema): item for item in old}


def _key(item: Any, schema: Schema) -> bytes:
    names = schema.get("x-kubernetes-list-map-keys") or ()
    return orjson.dumps([item.get(name) if isinstance(item, dict) else None for name in names])


def _object(value: dict[str, Any], schema: Schema, path: str, old: Any) -> Result:
    result = Result()
    before = old if isinstance(old, dict) else {}
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and len(value) < least:
        what = f"should have at least {least} properties"
        result.errors.append(invalid(_told(path), len(value), _in_body(path, what)))
    if most is not None and len(value) > most:
        result.errors.append(too_many(_told(path), len(value), most))
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, item in value.items():
        described = properties.get(name, others)
        if isinstance(described, dict):
            inside = f"{path}.{name}" if path or name not in properties else name
            result.add(_validate(item, described, inside, before.get(name, ABSENT)))
    for name in schema.get("required") or ():
        if name not in value:
            result.errors.append(required(_told(f"{path}.{name}")))
    return result


# -- several schemas at once ----------------------------------------------------------------------


def _junctors(value: Any, schema: Schema, path: str, old: Any) -> Result:
    result = Result()
    quoted = orjson.dumps(path).decode()
    if alternatives := schema.get("anyOf"):
        found = [_validate(value, alternative, path, old) for alternative in alternatives]
        if all(one.errors for one in found):
            result.errors.append(invalid("<nil>", "", f"{quoted} must validate at least one schema (anyOf)"))
            result.add(max(found, key=lambda one: one.matched))
    if alternatives := schema.get("oneOf"):
        found = [_validate(value, alternative, path, old) for alternative in alternatives]
        good = sum(not one.errors for one in found)
        if good != 1:
            how = "Found none valid" if not good else f"Found {good} valid alternatives"
            why = f"{quoted} must validate one and only one schema (oneOf). {how}"
            result.errors.append(invalid("<nil>", "", why))
        if not good:
            result.add(max(found, key=lambda one: one.matched))
    if parts := schema.get("allOf"):
        found = [_validate(value, part, path, old) for part in parts]
        for one in found:
            result.add(one)
        if any(one.errors for one in found):
            none = ". None validated" if all(one.errors for one in found) else ""
            why = f"{quoted} must validate all the schemas (allOf){none}"
            result.errors.append(invalid("<nil>", "", why))
    if (other := schema.get("not")) is not None and not _validate(value, other, path, ABSENT).errors:
        result.errors.append(invalid("<nil>", "", f"{quoted} must not validate the schema (not)"))
    return result
