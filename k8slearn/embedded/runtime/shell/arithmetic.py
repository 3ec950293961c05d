"""``$((…))``: integer arithmetic with C's operators and precedences, on 64 bits (POSIX 2.6.4)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<=|>>=|\*\*|\+\+|--|&&|\|\||<<|>>|[<>=!+\-*/%&|^]=|[-+*/%()<>=!~&|^?:,])"
)


class ArithmeticFault(Exception):
    """``str()`` is the shell's word for it."""


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise ArithmeticFault("divide by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _wrap(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


_BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "|": (4, operator.or_),
    "^": (5, operator.xor),
    "&": (6, operator.and_),
    "==": (7, lambda a, b: int(a == b)),
    "!=": (7, lambda a, b: int(a != b)),
    "<": (8, lambda a, b: int(a < b)),
    ">": (8, lambda a, b: int(a > b)),
    "<=": (8, lambda a, b: int(a <= b)),
    ">=": (8, lambda a, b: int(a >= b)),
    "<<": (9, lambda a, b: a << (b & 63)),
    ">>": (9, lambda a, b: a >> (b & 63)),
    "+": (10, operator.add),
    "-": (10, operator.sub),
    "*": (11, operator.mul),
    "/": (11, _divide),
    "%": (11, lambda a, b: a - b * _divide(a, b)),
    "**": (12, lambda a, b: a ** min(b, 64)),
}
_ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}


class Arithmetic:
    """``Arithmetic(text, get, set).value()``; ``get`` gives a variable's text ("" when unset)."""

    def __init__(self, text: str, get: Callable[[str], str], set_: Callable[[str, str], None]) -> None:
        self.get = get
        self.set = set_
        self.tokens: list[str] = []
        self.skipping = 0
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise ArithmeticFault("arithmetic syntax error")
            self.tokens.append(match[1])
            position = match.end()
        self.tokens.append("")
        self.index = 0

    def value(self) -> int:
        if self.tokens == [""]:
            return 0
        result = self._comma()
        if self._peek():
            raise ArithmeticFault("arithmetic syntax error")
        return result

    def _peek(self) -> str:
        return self.tokens[self.index]

    def _next(self) -> str:
        token = self.tokens[self.index]
        self.index += token != ""
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise ArithmeticFault("arithmetic syntax error")

    def _comma(self) -> int:
        result = self._assignment()
        while self._peek() == ",":
            self._next()
            result = self._assignment()
        return result

    def _assignment(self) -> int:
        name, following = self._peek(), self.tokens[min(self.index + 1, len(self.tokens) - 1)]
        if name.isidentifier() and following in _ASSIGN:
            self.index += 2
            value = self._assignment()
            if following != "=":
                value = _BINARY[following[:-1]][1](self._variable(name), value)
            return self._store(name, value)
        return self._conditional()

    def _conditional(self) -> int:
        condition = self._or()
        if self._peek() != "?":
            return condition
        self._next()
        yes = self._lazily(bool(condition), self._assignment)
        self._expect(":")
        no = self._lazily(not condition, self._assignment)
        return yes if condition else no

    def _lazily(self, wanted: bool, parse: Callable[[], int]) -> int:
        """Read an operand that C would not evaluate without its effects."""
        self.skipping += not wanted
        try:
            return parse()
        except ArithmeticFault:
            if wanted or self._peek():
                raise
            return 0
        finally:
            self.skipping -= not wanted

    def _or(self) -> int:
        left = self._and()
        while self._peek() == "||":
            self._next()
            right = self._lazily(not left, self._and)
            left = int(bool(left) or bool(right))
        return left

    def _and(self) -> int:
        left = self._binary(4)
        while self._peek() == "&&":
            self._next()
            right = self._lazily(bool(left), lambda: self._binary(4))
            left = int(bool(left) and bool(right))
        return left

    def _binary(self, lowest: int) -> int:
        left = self._unary()
        while (entry := _BINARY.get(self._peek())) is not None and entry[0] >= lowest:
            self._next()
            right = self._binary(entry[0] + 1)
            left = 0 if self.skipping else _wrap(entry[1](left, right))
        return left

    def _unary(self) -> int:
        token = self._next()
        if token in ("++", "--"):
            name = self._next()
            return self._store(name, self._variable(name) + (1 if token == "++" else -1))
        if token in ("-", "+", "!", "~"):
            value = self._unary()
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[token]
        if token == "(":
            value = self._comma()
            self._expect(")")
            return value
        if token[:1].isdigit():
            return _number(token)
        if not token.isidentifier():
            raise ArithmeticFault("arithmetic syntax error")
        value = self._variable(token)
        if self._peek() in ("++", "--"):
            self._store(token, value + (1 if self._next() == "++" else -1))
        return value

    def _variable(self, name: str) -> int:
        text = self.get(name).strip()
        if not text:
            return 0
        if re.fullmatch(r"[-+]?\w+", text) and text.lstrip("+-")[0].isdigit():
            return -_number(text[1:]) if text[0] == "-" else _number(text.lstrip("+"))
        raise ArithmeticFault("arithmetic syntax error")

    def _store(self, name: str, value: int) -> int:
        value = _wrap(value)
        if not self.skipping:
            self.set(name, str(value))
        return value


def _number(token: str) -> int:
    try:
        if token[:2].lower() == "0x":
            return int(token, 16)
        return int(token, 8) if len(token) > 1 and token[0] == "0" else int(token)
    except ValueError:
        raise ArithmeticFault("arithmetic syntax error") from None
