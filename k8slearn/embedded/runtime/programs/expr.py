"""``expr``: arithmetic, comparisons and strings, one word an operand or operator.

$ expr \\( 1 + 2 \\) \\* 3
9
$ expr web-12 : 'web-\\([0-9]*\\)'
12
"""

from __future__ import annotations

import operator
import re

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps
from k8slearn.embedded.runtime.programs.regex import compiled

WRONG = 2
"""The exit code of an expression that is none; 1 is that of an empty result or 0."""

_COMPARE = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LEVELS = (("|",), ("&",), tuple(_COMPARE), ("+", "-"), ("*", "/", "%"), (":",))
"""Operators from the weakest to the strongest."""


def expr(process: Process, args: list[str]) -> Steps:
    if not args:
        raise Fault("too few arguments", status=WRONG)
    expression = _Expression(args)
    result = expression.level(0)
    if expression.words:
        raise Fault("syntax error", status=WRONG)
    yield from process.print(result)
    return 1 if _is_null(result) else 0


class _Expression:
    """Values are strings, as the words are; every method raises Fault."""

    def __init__(self, words: list[str]) -> None:
        self.words = list(words)

    def level(self, level: int) -> str:
        if level == len(_LEVELS):
            return self.operand()
        left = self.level(level + 1)
        while self.words and self.words[0] in _LEVELS[level]:
            left = _apply(self.words.pop(0), left, self.level(level + 1))
        return left

    def operand(self) -> str:
        word = self._next()
        match word:
            case "(":
                value = self.level(0)
                if self._next() != ")":
                    raise Fault("syntax error", status=WRONG)
                return value
            case "length":
                return str(len(self.operand()))
            case "match":
                return _match(self.operand(), self.operand())
            case "index":
                text, characters = self.operand(), self.operand()
                return str(min((text.find(c) + 1 for c in characters if c in text), default=0))
            case "substr":
                text, start, length = self.operand(), _number(self.operand()), _number(self.operand())
                return text[start - 1 : start - 1 + length] if start > 0 and length > 0 else ""
        return word

    def _next(self) -> str:
        if not self.words:
            raise Fault("syntax error", status=WRONG)
        return self.words.pop(0)


def _apply(sign: str, left: str, right: str) -> str:
    if sign == "|":
        return right if _is_null(left) else left
    if sign == "&":
        return "0" if _is_null(left) or _is_null(right) else left
    if sign == ":":
        return _match(left, right)
    if sign in _COMPARE:
        numbers = _is_number(left) and _is_number(right)
        pair = (int(left), int(right)) if numbers else (left, right)
        return str(int(_COMPARE[sign](*pair)))
    one, other = _number(left), _number(right)
    if sign in "+-*":
        return str({"+": one + other, "-": one - other, "*": one * other}[sign])
    if other == 0:
        raise Fault("division by zero", status=WRONG)
    quotient = abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
    return str(quotient if sign == "/" else one - other * quotient)


def _match(text: str, pattern: str) -> str:
    r"""What ``\(…\)`` matched, or the length of the match; the pattern begins where the text does."""
    expression = compiled(pattern, extended=False)
    found = expression.match(text.encode())
    if expression.groups:
        return (found[1] or b"").decode() if found else ""
    return str(len(found[0].decode())) if found else "0"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None


def _number(text: str) -> int:
    if not _is_number(text):
        raise Fault("non-numeric argument", status=WRONG)
    return int(text)


def _is_null(text: str) -> bool:
    return text == "" or (_is_number(text) and int(text) == 0)
