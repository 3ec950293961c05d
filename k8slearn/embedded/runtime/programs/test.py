"""``test`` and ``[``: files, strings, numbers (POSIX test, with ash's -a, -o, ( ) and [[ ]])."""

from __future__ import annotations

from k8slearn.embedded.runtime.files import Device, Directory, Node, RegularFile, Symlink
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps

_NUMERIC = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_STRING = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
_BINARY = {*_NUMERIC, *_STRING, "-nt", "-ot", "-ef"}
_UNARY = frozenset(
    ["-e", "-f", "-d", "-s", "-r", "-w", "-x", "-L", "-h", "-c", "-p", "-S", "-b", "-n", "-z", "-t"]
)


class _Bad(Exception):
    """An expression that cannot be evaluated: status 2."""


def test(process: Process, args: list[str], *, bracket: str = "") -> Steps:
    """0 true, 1 false, 2 a wrong expression. ``bracket`` is the closing word that [ and [[ must end with."""
    args = list(args)
    if bracket and (not args or args.pop() != bracket):
        yield from process.complain(f"missing {bracket}")
        return 2
    if not args:
        return 1
    expression = _Expression(process, args)
    try:
        result = expression.disjunction()
        if expression.left:
            raise _Bad(f"{expression.left[0]}: unknown operand")
    except _Bad as error:
        yield from process.complain(str(error))
        return 2
    return 0 if result else 1


class _Expression:
    def __init__(self, process: Process, args: list[str]) -> None:
        self.process = process
        self.left = args

    def disjunction(self) -> bool:
        result = self._conjunction()
        while self.left and self.left[0] in ("-o", "||"):
            self.left.pop(0)
            right = self._conjunction()
            result = result or right
        return result

    def _conjunction(self) -> bool:
        result = self._negation()
        while self.left and self.left[0] in ("-a", "&&"):
            self.left.pop(0)
            right = self._negation()
            result = result and right
        return result

    def _negation(self) -> bool:
        if len(self.left) > 1 and self.left[0] == "!" and self.left[1] not in _BINARY:
            self.left.pop(0)
            return not self._negation()
        return self._primary()

    def _primary(self) -> bool:
        if not self.left:
            raise _Bad("argument expected")
        word = self.left.pop(0)
        if self.left and self.left[0] in _BINARY:
            operator = self.left.pop(0)
            if not self.left:
                raise _Bad(f"{operator}: argument expected")
            return self._compare(word, operator, self.left.pop(0))
        if word == "(" and self.left:
            result = self.disjunction()
            if not self.left or self.left.pop(0) != ")":
                raise _Bad("closing paren expected")
            return result
        if word in _UNARY and self.left:
            return self._unary(word, self.left.pop(0))
        return word != ""

    def _compare(self, left: str, operator: str, right: str) -> bool:
        if operator in _STRING:
            return _STRING[operator](left, right)
        if operator in _NUMERIC:
            return _NUMERIC[operator](_number(left), _number(right))
        one, other = self._node(left), self._node(right)
        if operator == "-ef":
            return one is not None and one is other
        first, second = (one, other) if operator == "-nt" else (other, one)
        return first is not None and (second is None or first.modified > second.modified)

    def _node(self, path: str, *, follow: bool = True) -> Node | None:
        absolute = path if path.startswith("/") else f"{self.process.cwd.rstrip('/')}/{path}"
        return self.process.files.lookup(absolute, follow=follow) if path else None

    def _unary(self, operator: str, word: str) -> bool:
        if operator == "-n":
            return word != ""
        if operator == "-z":
            return word == ""
        if operator == "-t":
            number = _number(word)
            return number in self.process.fds and self.process.fds[number].tty
        if operator in ("-L", "-h"):
            return isinstance(self._node(word, follow=False), Symlink)
        node = self._node(word)
        if node is None:
            return False
        if operator in ("-r", "-w", "-x"):
            return self.process.allowed(node, {"-r": 4, "-w": 2, "-x": 1}[operator])
        return {
            "-e": True,
            "-f": isinstance(node, RegularFile),
            "-d": isinstance(node, Directory),
            "-s": isinstance(node, Directory) or (isinstance(node, RegularFile) and bool(node.content)),
            "-c": isinstance(node, Device),
        }.get(operator, False)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _Bad(f"{text}: bad number") from None
