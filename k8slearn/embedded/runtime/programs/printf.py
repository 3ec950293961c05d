"""``printf``: formats as in C; the format is used again while arguments are left."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps

_DIRECTIVE = re.compile(r"%([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?([a-zA-Z%])")
_ESCAPE = re.compile(r"\\(?:0?([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.)|$)", re.DOTALL)
_SIMPLE = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
    "\\": "\\",
}


class Stop(Exception):
    """``\\c``: print what there is and nothing more."""

    def __init__(self, text: str) -> None:
        self.text = text


def unescape(text: str) -> str:
    """Backslash sequences as echo -e and printf know them. Raises Stop at ``\\c``."""
    before, stop, _ = text.partition("\\c")

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 8) & 0xFF)
        if match[2]:
            return chr(int(match[2], 16))
        return _SIMPLE.get(match[3] or "", match[0])

    result = _ESCAPE.sub(replace, before)
    if stop:
        raise Stop(result)
    return result


def printf(process: Process, args: list[str]) -> Steps:
    if not args:
        yield from process.complain("usage: printf FORMAT [ARGUMENT...]")
        return 2
    formatter = _Formatter(args[1:])
    output: list[str] = []
    try:
        while True:
            before = len(formatter.args)
            output.append(formatter.once(args[0]))
            if not formatter.args or len(formatter.args) == before:
                break
    except Stop as stop:
        output.append(stop.text)
    for text in formatter.bad:
        yield from process.complain(f"invalid number '{text}'")
    yield from process.write(1, "".join(output).encode("utf-8", "surrogateescape"))
    return int(bool(formatter.bad))


class _Formatter:
    def __init__(self, args: list[str]) -> None:
        self.args = args
        self.bad: list[str] = []

    def once(self, template: str) -> str:
        output: list[str] = []
        position = 0
        for match in _DIRECTIVE.finditer(template):
            output.append(unescape(template[position : match.start()]))
            output.append(self._directive(match))
            position = match.end()
        return "".join(output) + unescape(template[position:])

    def _next(self) -> str:
        return self.args.pop(0) if self.args else ""

    def _directive(self, match: re.Match[str]) -> str:
        flags, width, precision, kind = match.groups()
        if kind == "%":
            return "%"
        width = str(self._integer(self._next())) if width == "*" else width or ""
        precision = str(self._integer(self._next())) if precision == "*" else precision
        form = f"%{flags}{width}" + (f".{precision}" if precision is not None else "")
        text = self._next()
        if kind in "diouxX":
            number = self._integer(text)
            return (form + ("d" if kind in "iu" else kind)) % number
        if kind in "feEgG":
            return (form + kind) % self._float(text)
        if kind == "c":
            return (form + "s") % text[:1]
        return (form + "s") % (unescape(text) if kind == "b" else text)

    def _integer(self, text: str) -> int:
        if text[:1] in ("'", '"'):
            return ord(text[1]) if len(text) > 1 else 0
        try:
            return int(text or "0", 0 if text[:2].lower() == "0x" else 10)
        except ValueError:
            self.bad.append(text)
            return 0

    def _float(self, text: str) -> float:
        try:
            return float(text or "0")
        except ValueError:
            self.bad.append(text)
            return 0.0
