"""``x-kubernetes-validations``: what a CEL expression must be true of. Upstream: ``apiserver/schema/cel``.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
Costs are not estimated: an expression that would be refused as too expensive is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from k8slearn.embedded.apiserver.apiextensions.expressions import (
    CompileError,
    EvaluationError,
    Expression,
    compiled,
    pointed,
)
from k8slearn.embedded.apiserver.apiextensions.pruning import Schema
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import (
    duplicate,
    forbidden,
    invalid,
    required,
)
from k8slearn.kube.duration import parse_duration

_BLOCKING = (
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_KEYWORDS = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return"),
    )
)


class ValidationRules:
    """The rules anywhere in a schema."""

    def __init__(self, described: Schema) -> None:
        self._schema = described
        self._any = _has_rules(described)

    def validate(self, obj: Any, old: Any, errors: Iterable[FieldError]) -> list[FieldError]:
        """What the rules find wrong with ``obj``, whose old version is ``old`` or None. They are not asked about
        an object that has ``errors`` of another sort already."""
        if not self._any:
            return []
        if any(error.reason in _BLOCKING for error in errors):
            return [invalid("<nil>", None, _NOT_CHECKED)]
        return list(_validate(obj, old, self._schema, "", root=True))


def _has_rules(schema: Schema | None) -> bool:
    if not isinstance(schema, dict):
        return False
    inner = (
        *(schema.get("properties") or {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    )
    return bool(schema.get("x-kubernetes-validations")) or any(_has_rules(one) for one in inner)


def _validate(value: Any, old: Any, schema: Schema, path: str, *, root: bool = False) -> Iterator[FieldError]:
    if value is None:
        return
    rules = schema.get("x-kubernetes-validations") or ()
    if rules:
        seen = {"self": _variable(value, schema, root=root)}
        if old is not None:
            seen["oldSelf"] = _variable(old, schema, root=root)
        for rule in rules:
            yield from _ask(rule, seen, value, old, schema, path)
    if isinstance(value, list) and isinstance(items := schema.get("items"), dict):
        before = _by_keys(old, schema)
        for index, item in enumerate(value):
            yield from _validate(item, before.get(_keys(item, schema)), items, f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        for name, item in value.items():
            known = old.get(name) if isinstance(old, dict) else None
            if name in properties:
                yield from _validate(item, known, properties[name], f"{path}.{name}" if path else name)
            elif isinstance(others, dict):
                yield from _validate(item, known, others, f"{path}[{name}]")


def _ask(
    rule: dict[str, Any], seen: dict[str, Any], value: Any, old: Any, schema: Schema, path: str
) -> Iterator[FieldError]:
    expression = compiled(rule["rule"])
    where, type_name = path or "<nil>", schema.get("type", "")
    if "oldSelf" in expression.variables and "oldSelf" not in seen:
        return
    said = rule["rule"].strip()
    told = rule.get("message") or said
    try:
        if expression.evaluate(seen):
            return
    except EvaluationError as error:
        why = f"{error} evaluating rule: {told}"
        if str(error).startswith("no such overload"):
            why = (
                f"'{error}': call arguments did not match a supported operator, function or macro signature "
                f"for rule: {told}"
            )
        yield invalid(where, type_name, why)
        return
    if value == old and "oldSelf" not in expression.variables:
        return  # it was wrong before, and is none the worse for this update
    if inner := rule.get("fieldPath"):
        where = f"{path}{inner}" if path else inner.removeprefix(".")
    yield _failed(rule, _message(rule, seen), where, None if type_name in ("object", "array") else value)


def _message(rule: dict[str, Any], seen: dict[str, Any]) -> str:
    if rule.get("messageExpression"):
        try:
            text = compiled(rule["messageExpression"]).evaluate(seen)
            if isinstance(text, str) and text.strip() and "\n" not in text:
                return text.strip()
        except EvaluationError:
            pass  # the message is told instead
    return (rule.get("message") or "").strip() or f"failed rule: {rule['rule'].strip()}"


def _failed(rule: dict[str, Any], message: str, path: str, value: Any) -> FieldError:
    match rule.get("reason"):
        case "FieldValueForbidden":
            return forbidden(path, message)
        case "FieldValueRequired":
            return required(path, message)
        case "FieldValueDuplicate":
            return duplicate(path, value)
    if value is None:
        return FieldError("FieldValueInvalid", path, f"Invalid value: {message}")
    return invalid(path, value, message)


def _by_keys(old: Any, schema: Schema) -> dict[tuple[Any, ...], Any]:
    """The elements before an update, of lists that say which of them is which."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list):
        return {}
    return {_keys(item, schema): item for item in old}


def _keys(item: Any, schema: Schema) -> tuple[Any, ...]:
    return tuple(
        item.get(name) for name in schema.get("x-kubernetes-list-map-keys") or () if isinstance(item, dict)
    )


# -- what an expression sees ----------------------------------------------------------------------


def _variable(value: Any, schema: Schema, *, root: bool = False) -> Any:
    """``value`` as CEL sees it: numbers of their type, names that CEL can say, of metadata only the names."""
    if isinstance(value, list):
        return [_variable(item, schema.get("items") or {}) for item in value]
    if isinstance(value, dict):
        properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
        seen = {}
        for name, item in value.items():
            if root and name == "metadata":
                seen[name] = {field: item[field] for field in ("name", "generateName") if field in item}
            elif root and name in ("apiVersion", "kind"):
                seen[name] = item
            elif name in properties:
                seen[escaped(name)] = _variable(item, properties[name])
            elif others is not None:
                seen[name] = _variable(item, others if isinstance(others, dict) else {})
        return seen
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and (read := _OF_FORMATS.get(schema.get("format", ""))):
        return read(value)
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_OF_FORMATS: dict[str, Callable[[str], Any]] = {
    "date": _moment,
    "date-time": _moment,
    "datetime": _moment,
    "duration": lambda text: timedelta(seconds=parse_duration(text)),
}
"""Strings that CEL sees as times and spans of time; they are valid when a rule is asked."""


def escaped(name: str) -> str:
    """A property's name as an expression writes it: ``max-size`` is ``max__dash__size``."""
    if name in _KEYWORDS:
        return f"__{name}__"
    for sign, word in (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")):
        name = name.replace(sign, word)
    return name


# -- what is wrong with a rule --------------------------------------------------------------------

_PATH = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
    r"""|(?<![\w.])(?:self|oldSelf)(?P<rest>(?:\.[A-Za-z_]\w*)+)(?P<call>\s*\()?"""
)


def check(source: str, schema: Schema, *, root: bool) -> Expression:
    """The compiled rule. Raises CompileError for what cel-go's checker finds before it evaluates: names that are
    not there. (It finds wrong types too; here they show when the rule is asked.)"""
    expression = compiled(source)
    wrong = [
        pointed(source, source.find(name), f"undeclared reference to '{name}' (in container '')")
        for name in sorted(expression.variables - {"self", "oldSelf"})
    ]
    wrong += [
        fault
        for match in _PATH.finditer(source)
        if match["text"] is None and (fault := _undefined(source, match, schema, root=root))
    ]
    if wrong:
        raise CompileError("\n".join(wrong))
    return expression


def _undefined(source: str, match: re.Match[str], schema: Schema, *, root: bool) -> str:
    """What is wrong with ``self.spec.nosuch``; "" where nothing is, or nobody can tell."""
    names = match["rest"].split(".")[1:]
    if match["call"]:
        names.pop()
    at, here, top = match.start("rest"), schema, root
    for name in names:
        properties = {escaped(key): inner for key, inner in (here.get("properties") or {}).items()}
        if top and name in ("apiVersion", "kind", "metadata"):
            return ""
        if here.get("type") != "object" or "additionalProperties" in here:
            return ""
        if name not in properties:
            return pointed(source, at, f"undefined field '{name}'")
        here, top, at = properties[name], False, at + len(name) + 1
    return ""
