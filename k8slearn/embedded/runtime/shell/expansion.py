"""Word expansion (POSIX 2.6): parameters, commands, arithmetic, field splitting, pathnames, quotes.

A word becomes *segments*; a field is a run of them. ``a$X"b $Y"`` with X="1 2" and Y=3 is a, 1 | 2, b 3: two
fields, since only what came from an unquoted expansion is split.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from k8slearn.embedded.runtime.shell.arithmetic import Arithmetic as Expression
from k8slearn.embedded.runtime.shell.arithmetic import ArithmeticFault
from k8slearn.embedded.runtime.shell.jobs import substitute
from k8slearn.embedded.runtime.shell.patterns import compile_pattern, escape, glob, is_pattern
from k8slearn.embedded.runtime.shell.state import ExpansionError
from k8slearn.embedded.runtime.shell.syntax import Arithmetic, Substitution, Text, Variable, Word

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.shell.interpreter import Shell

Expanding = Generator[Any, Any, Any]


class Segment(NamedTuple):
    text: str
    quoted: bool
    """Neither split nor a pattern."""
    split: bool = False
    """From an unquoted expansion: split at IFS."""
    breaks: bool = False
    """A new field starts before it, as between the parameters of "$@"."""


class Expander:
    """The expansions of one shell."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def fields(self, words: tuple[Word, ...]) -> Expanding:
        """list[str]: the fields that a command's words become."""
        result: list[str] = []
        for word in words:
            if len(word) == 1 and isinstance(word[0], Text) and word[0].text.isalnum():
                result.append(word[0].text)
                continue
            segments = yield from self._segments(word)
            for field in self._split(segments):
                result += self._paths(field)
        return result

    def text(self, word: Word) -> Expanding:
        """str: the word as one text, as in an assignment or after a redirection."""
        if len(word) == 1 and isinstance(word[0], Text):
            return _tilde(word[0], self.shell.lookup("HOME"))
        segments = yield from self._segments(word)
        return "".join((" " if segment.breaks else "") + segment.text for segment in segments)

    def pattern(self, word: Word) -> Expanding:
        """str: the word as a pattern; quoted parts match only themselves."""
        segments = yield from self._segments(word)
        return "".join(escape(segment.text) if segment.quoted else segment.text for segment in segments)

    # -- segments -------------------------------------------------------------------------------

    def _segments(self, word: Word) -> Expanding:
        segments: list[Segment] = []
        for index, part in enumerate(word):
            if isinstance(part, Text):
                text = _tilde(part, self.shell.lookup("HOME")) if index == 0 else part.text
                segments.append(Segment(text, part.quoted))
            elif isinstance(part, Substitution):
                output = yield from substitute(self.shell, part.body)
                segments.append(Segment(output, part.quoted, not part.quoted))
            elif isinstance(part, Arithmetic):
                text = yield from self.text(part.expression)
                segments.append(Segment(self.arithmetic(text), part.quoted, not part.quoted))
            else:
                segments += yield from self._parameter(part)
        return segments

    def arithmetic(self, text: str) -> str:
        shell = self.shell
        try:
            return str(Expression(text, lambda name: shell.lookup(name) or "", shell.assign).value())
        except ArithmeticFault as fault:
            raise ExpansionError(str(fault)) from None

    def _parameter(self, part: Variable) -> Expanding:
        name, operator, quoted = part.name, part.operator, part.quoted
        if name in ("@", "*") and operator not in ("length",):
            parameters = self.shell.parameters
            if parameters or not operator:
                return self._all_parameters(name, quoted)
        value = self.shell.lookup(name)
        if operator == "length":
            return [Segment(str(len(value or "")), quoted)]
        missing = value is None or (operator.startswith(":") and value == "")
        kind = operator.lstrip(":")
        if operator == ":":
            text = yield from self.text(part.argument)
            return [Segment(self._substring(value or "", text), quoted, not quoted)]
        if kind == "+":
            return [] if missing else (yield from self._argument(part))
        if kind == "-" and missing:
            return (yield from self._argument(part))
        if kind == "=" and missing:
            value = yield from self.text(part.argument)
            self.shell.assign(name, value)
        if kind == "?" and missing:
            text = yield from self.text(part.argument)
            default = "parameter not set or null" if operator == ":?" else "parameter not set"
            raise ExpansionError(f"{name}: {text or default}")
        if value is None:
            if "u" in self.shell.options:
                raise ExpansionError(f"{name}: parameter not set")
            return [Segment("", quoted)] if quoted else []
        if kind and kind in ("#", "##", "%", "%%"):
            pattern = yield from self.pattern(part.argument)
            value = _trim(value, kind, pattern)
        return [Segment(value, quoted, not quoted)]

    def _substring(self, value: str, bounds: str) -> str:
        """``${value:start}`` and ``${value:start:length}``; negative numbers count from the end."""
        start, _, length = bounds.partition(":")
        first = int(self.arithmetic(start))
        value = value[first if first >= 0 or -first <= len(value) else len(value) :]
        return value[: int(self.arithmetic(length))] if length else value

    def _argument(self, part: Variable) -> Expanding:
        """The word after :- or :+; unquoted, its own literal blanks split too."""
        segments = yield from self._segments(part.argument)
        if part.quoted:
            return [Segment("".join(segment.text for segment in segments), True)]
        return [segment if segment.quoted else segment._replace(split=True) for segment in segments]

    def _all_parameters(self, name: str, quoted: bool) -> list[Segment]:
        parameters = self.shell.parameters
        if quoted and name == "*":
            separator = self._ifs()[:1]
            return [Segment(separator.join(parameters), True)]
        return [Segment(text, quoted, not quoted, breaks=index > 0) for index, text in enumerate(parameters)]

    # -- fields ---------------------------------------------------------------------------------

    def _ifs(self) -> str:
        ifs = self.shell.lookup("IFS")
        return " \t\n" if ifs is None else ifs

    def _split(self, segments: list[Segment]) -> list[list[Segment]]:
        """Fields as runs of segments. An empty field stays only where quotes made it."""
        ifs = self._ifs()
        blanks = "".join(char for char in ifs if char in " \t\n")
        fields: list[list[Segment]] = []
        field: list[Segment] | None = None
        for segment in segments:
            if segment.breaks and field is not None:
                fields.append(field)
                field = None
            if not segment.split:
                if segment.text or segment.quoted:
                    field = [*(field or []), segment]
                continue
            run = ""
            after_separator = False
            for char in segment.text:
                if char not in ifs:
                    run += char
                    after_separator = False
                    continue
                if run:
                    field = [*(field or []), Segment(run, False)]
                    run = ""
                if char in blanks:
                    if field is not None:
                        fields.append(field)
                        field = None
                        after_separator = True
                elif field is not None or not after_separator:
                    fields.append(field or [])
                    field = None
                else:
                    after_separator = False
            if run:
                field = [*(field or []), Segment(run, False)]
        if field is not None:
            fields.append(field)
        return fields

    def _paths(self, field: list[Segment]) -> list[str]:
        text = "".join(segment.text for segment in field)
        if not is_pattern(text) or "f" in self.shell.options:
            return [text]
        pattern = "".join(escape(segment.text) if segment.quoted else segment.text for segment in field)
        if not is_pattern(re.sub(r"\\.", "", pattern)):
            return [text]
        process = self.shell.process
        return glob(process.files, pattern, process.cwd) or [text]


def _tilde(part: Text, home: str | None) -> str:
    if not part.quoted and home is not None and (part.text == "~" or part.text.startswith("~/")):
        return home + part.text[1:]
    return part.text


def _trim(value: str, operator: str, pattern: str) -> str:
    """``${value#pattern}`` and its three sisters: cut the shortest or longest match at one end."""
    expression = compile_pattern(pattern)
    lengths = range(len(value) + 1)
    if operator in ("#", "##"):
        for length in lengths if operator == "#" else reversed(lengths):
            if expression.fullmatch(value[:length]):
                return value[length:]
    else:
        for length in lengths if operator == "%" else reversed(lengths):
            if expression.fullmatch(value[len(value) - length :]):
                return value[: len(value) - length]
    return value
