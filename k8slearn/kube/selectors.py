"""Label selectors and field selectors as text (``-l``, ``--field-selector``): reading, matching, writing.

Label selectors that are objects (``spec.selector``) are in label_selectors.py.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
The grammar and the sentences on what is wrong are those of apimachinery's ``pkg/labels`` and ``pkg/fields``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from k8slearn.kube.names import label_key, label_value


class SelectorError(ValueError):
    """The text is not a selector; ``str()`` is the API server's sentence."""


class Requirement(NamedTuple):
    """One condition on labels. ``operator`` is one of ``in notin = == != exists ! gt lt``."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in" | "=" | "==":
                return value is not None and value in self.values
            case "notin" | "!=":
                # An object without the label matches too.
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case _:
                number = _integer(value)
                if number is None:
                    return False
                limit = int(self.values[0])
                return number > limit if self.operator == "gt" else number < limit

    def __str__(self) -> str:
        match self.operator:
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(self.values)})"
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
        return f"{self.key}{ {'gt': '>', 'lt': '<'}.get(self.operator, self.operator) }{self.values[0]}"


class LabelSelector(tuple[Requirement, ...]):
    """Requirements that must all hold; an empty one matches everything. ``str()`` is the form of ``-l``."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self)

    def __str__(self) -> str:
        return ",".join(map(str, self))


_OPERATORS = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_TOKEN = re.compile(r"\s*(?:(==|!=|[=!(),><])|([^\s=!(),><]+))")


class _Parser:
    """Reads tokens from the left; the token after the last is ""."""

    def __init__(self, text: str) -> None:
        self.tokens = [match[1] or match[2] for match in _TOKEN.finditer(text)]
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def requirements(self) -> Iterator[Requirement]:
        while self.peek():
            if not _is_word(self.peek()) and self.peek() != "!":
                raise SelectorError(f"found '{self.peek()}', expected: !, identifier, or 'end of string'")
            try:
                yield self.requirement()
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from None
            token = self.take()
            if token and token != ",":
                raise SelectorError(f"found '{token}', expected: ',' or 'end of string'")
            if token and not _is_word(self.peek()) and self.peek() != "!":
                raise SelectorError(f"found '{self.peek()}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        negated = self.peek() == "!"
        if negated:
            self.take()
        key = self.take()
        if not _is_word(key):
            raise SelectorError(f"found '{key}', expected: identifier")
        if faults := label_key(key):
            raise SelectorError(f"<nil>: Invalid value: {json.dumps(key)}: {'; '.join(faults)}")
        if negated or self.peek() in ("", ","):
            return Requirement(key, "!" if negated else "exists")
        token = self.take()
        operator = _OPERATORS.get(token)
        if operator is None:
            raise SelectorError(f"found '{token}', expected: in, notin, =, ==, !=, gt, lt")
        values = self.values() if operator in ("in", "notin") else [self.value()]
        return _checked(Requirement(key, operator, tuple(sorted(set(values)))))

    def value(self) -> str:
        if self.peek() in ("", ","):
            return ""
        token = self.take()
        if not _is_word(token):
            raise SelectorError(f"found '{token}', expected: identifier")
        return token

    def values(self) -> list[str]:
        """``(a,b)``; an empty place, as in ``(a,)`` or ``()``, is the empty value."""
        token = self.take()
        if token != "(":
            raise SelectorError(f"found '{token}' expected: '('")
        if self.peek() != ")" and self.peek() != "," and not _is_word(self.peek()):
            raise SelectorError(f"found '{self.peek()}', expected: ',', ')' or identifier")
        values = []
        while True:
            values.append(self.take() if _is_word(self.peek()) else "")
            token = self.take()
            if token == ")":
                return values
            if token != ",":
                raise SelectorError(f"found '{token}', expected: ',' or ')'")
            if self.peek() not in (")", ",") and not _is_word(self.peek()):
                raise SelectorError(f"found '{self.peek()}', expected: ',', or identifier")


def _is_word(token: str) -> bool:
    return bool(token) and token[0] not in "=!(),><"


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[-+]?[0-9]+", text) else None


def _checked(requirement: Requirement) -> Requirement:
    faults = []
    if requirement.operator in ("gt", "lt") and _integer(requirement.values[0]) is None:
        faults.append(
            f"values[0]: Invalid value: {json.dumps(requirement.values[0])}: "
            "for 'Gt', 'Lt' operators, the value must be an integer"
        )
    for index, value in enumerate(requirement.values):
        if wrong := label_value(value):
            where = f"values[{index}][{requirement.key}]"
            faults.append(f"{where}: Invalid value: {json.dumps(value)}: {'; '.join(wrong)}")
    if faults:
        raise SelectorError(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    return requirement


def parse_labels(text: str) -> LabelSelector:
    """``app=web,tier in (a,b),!old``. Sorted by key. Raises SelectorError."""
    return LabelSelector(sorted(_Parser(text).requirements(), key=lambda requirement: requirement.key))


class FieldTerm(NamedTuple):
    """``status.phase!=Running`` is ``FieldTerm("status.phase", False, "Running")``."""

    field: str
    equal: bool
    value: str

    def __str__(self) -> str:
        value = re.sub(r"([\\,=])", r"\\\1", self.value)
        return f"{self.field}{'=' if self.equal else '!='}{value}"


class FieldSelector(tuple[FieldTerm, ...]):
    """Terms that must all hold. ``str()`` is the form of ``--field-selector``."""

    def matches(self, fields: Mapping[str, str]) -> bool:
        """``fields`` has the value of each field that a kind can be selected by."""
        return all((fields.get(term.field, "") == term.value) == term.equal for term in self)

    def __str__(self) -> str:
        return ",".join(map(str, self))


_TERM = re.compile(r"(?:\\.|[^,\\])*\\?", re.DOTALL)
_FIELD_OPERATOR = re.compile("!=|==|=")


def parse_fields(text: str) -> FieldSelector:
    r"""``metadata.name=web,status.phase!=Failed``; in a value ``\``, ``,`` and ``=`` are escaped by ``\``.

    Raises SelectorError.
    """
    return FieldSelector(_field_terms(text))


def _field_terms(text: str) -> Iterable[FieldTerm]:
    for term in sorted(match[0] for match in _TERM.finditer(text)):
        if not term:
            continue
        operator = _FIELD_OPERATOR.search(term)
        if operator is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        value = _unescape(term[operator.end() :])
        yield FieldTerm(term[: operator.start()], operator[0] != "!=", value)


def _unescape(text: str) -> str:
    value = []
    characters = iter(text)
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            if escaped not in ("\\", ",", "="):
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{escaped}")
            value.append(escaped)
        elif character in ",=":
            # Upstream prints the character's number: 61 for "=".
            raise SelectorError(f"invalid field selector: unescaped character in value: {ord(character)}")
        else:
            value.append(character)
    return "".join(value)
