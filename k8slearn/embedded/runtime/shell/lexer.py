"""The lower half of the parser: blanks, operators, quoting and the expansions inside words."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.shell.syntax import (
    Arithmetic,
    Sequence,
    Substitution,
    Text,
    Variable,
    Word,
)

OPERATORS = (
    "<<-",
    "&&",
    "||",
    ";;",
    "<<",
    ">>",
    "<&",
    ">&",
    "<>",
    ">|",
    ";",
    "&",
    "|",
    "<",
    ">",
    "(",
    ")",
    "\n",
)
_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?$!-]")
_BRACED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_OPERATOR = re.compile(r":?[-=?+]|##?|%%?|:")
_DELIMITERS = frozenset(" \t\n;&|<>()")


class ShellSyntaxError(Exception):
    """``incomplete``: more input might mend it, so that a terminal asks for another line."""

    def __init__(self, text: str, *, incomplete: bool = False) -> None:
        super().__init__(f"syntax error: {text}")
        self.incomplete = incomplete


class Lexer:
    """A position in a text. ``Parser`` adds the grammar, which $( ) needs here."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.cut_lines = 0

    def line(self) -> int:
        """The number of the line at the position, from 1; cut-out here-documents count."""
        return 1 + self.text.count("\n", 0, self.pos) + self.cut_lines

    def commands_until(self, end: str) -> Sequence:
        """The commands up to ``end``, which is taken too."""
        raise NotImplementedError

    def operator(self) -> str:
        """The operator that comes next, after blanks and comments; "" when none does."""
        blank = _BLANK.match(self.text, self.pos)
        assert blank is not None
        self.pos = blank.end()
        return next((operator for operator in OPERATORS if self.text.startswith(operator, self.pos)), "")

    def at_end(self) -> bool:
        return not self.operator() and self.pos >= len(self.text)

    # -- words ----------------------------------------------------------------------------------

    def word(self) -> Word:
        """The word at the position: () when there is none."""
        return self._parts(_DELIMITERS)

    def _parts(self, ends: frozenset[str], *, quoted: bool = False) -> Word:
        """Pieces up to an unquoted character of ``ends``. ``quoted``: as within double quotes."""
        parts: list[Text | Variable | Substitution | Arithmetic] = []
        plain: list[str] = []

        def flush() -> None:
            if plain:
                parts.append(Text("".join(plain), quoted))
                plain.clear()

        while self.pos < len(self.text) and (char := self.text[self.pos]) not in ends:
            if char == "\\":
                following = self.text[self.pos + 1 : self.pos + 2]
                self.pos += 2
                if following == "\n":
                    continue
                if quoted and (not following or following not in '$`"\\'):
                    plain.append("\\" + following)
                else:
                    flush()
                    parts.append(Text(following or "\\", True))
            elif char == "'" and not quoted:
                flush()
                parts.append(Text(self._single_quoted(), True))
            elif char == '"' and '"' not in ends and ends is not _HEREDOC:
                flush()
                parts += self._double_quoted()
            elif char == "$":
                flush()
                parts.append(self._dollar(quoted))
            elif char == "`":
                flush()
                parts.append(self._backquoted(quoted))
            else:
                plain.append(char)
                self.pos += 1
        flush()
        return tuple(parts)

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            raise ShellSyntaxError("unterminated quoted string", incomplete=True)
        text = self.text[self.pos + 1 : end]
        self.pos = end + 1
        return text

    def _double_quoted(self) -> Word:
        self.pos += 1
        parts = self._parts(_QUOTE, quoted=True)
        self._close('"')
        return parts or (Text("", True),)

    def _close(self, char: str) -> None:
        if not self.text.startswith(char, self.pos):
            raise ShellSyntaxError("unterminated quoted string", incomplete=True)
        self.pos += len(char)

    def heredoc(self) -> Word:
        """All of the text as an unquoted here-document's body."""
        return self._parts(_HEREDOC, quoted=True)

    # -- expansions -----------------------------------------------------------------------------

    def _dollar(self, quoted: bool) -> Text | Variable | Substitution | Arithmetic:
        if self.text.startswith("$((", self.pos) and (end := self._arithmetic_end()) is not None:
            inner = type(self)(self.text[self.pos + 3 : end])
            self.pos = end + 2
            return Arithmetic(inner.heredoc(), quoted)
        if self.text.startswith("$(", self.pos):
            self.pos += 2
            return Substitution(self.commands_until(")"), quoted)
        if self.text.startswith("${", self.pos):
            self.pos += 2
            return self._braced(quoted)
        match = _PARAMETER.match(self.text, self.pos + 1)
        if match is None:
            self.pos += 1
            return Text("$", quoted)
        self.pos = match.end()
        return Variable(match[0], quoted)

    def _arithmetic_end(self) -> int | None:
        """Where the ``))`` of a ``$((`` is; None when it is ``$( (`` of a subshell after all."""
        depth = 0
        for index in range(self.pos + 3, len(self.text)):
            char = self.text[index]
            if char == "(":
                depth += 1
            elif char == ")" and depth:
                depth -= 1
            elif char == ")":
                return index if self.text.startswith("))", index) else None
        raise ShellSyntaxError('unexpected end of file (expecting "))")', incomplete=True)

    def _braced(self, quoted: bool) -> Variable:
        if self.text.startswith("#", self.pos) and not self.text.startswith("#}", self.pos):
            match = _BRACED.match(self.text, self.pos + 1)
            if match is not None and self.text.startswith("}", match.end()):
                self.pos = match.end() + 1
                return Variable(match[0], quoted, "length")
        match = _BRACED.match(self.text, self.pos)
        if match is None:
            raise ShellSyntaxError("bad substitution")
        self.pos = match.end()
        operator = _OPERATOR.match(self.text, self.pos)
        argument: Word = ()
        if operator is not None:
            self.pos = operator.end()
            pattern = operator[0] in ("#", "##", "%", "%%")
            argument = self._parts(_BRACE, quoted=quoted and not pattern)
        if not self.text.startswith("}", self.pos):
            if self.pos < len(self.text):
                raise ShellSyntaxError("bad substitution")
            raise ShellSyntaxError("missing '}'", incomplete=True)
        self.pos += 1
        return Variable(match[0], quoted, operator[0] if operator else "", argument)

    def _backquoted(self, quoted: bool) -> Substitution:
        body: list[str] = []
        self.pos += 1
        while not self.text.startswith("`", self.pos):
            if self.pos >= len(self.text):
                raise ShellSyntaxError("unterminated quoted string", incomplete=True)
            if self.text[self.pos] == "\\" and self.text[self.pos + 1 : self.pos + 2] in ("`", "\\", "$"):
                self.pos += 1
            body.append(self.text[self.pos])
            self.pos += 1
        self.pos += 1
        inner = type(self)("".join(body) + "\n)")
        return Substitution(inner.commands_until(")"), quoted)


_QUOTE = frozenset('"')
_BRACE = frozenset("}")
_HEREDOC: frozenset[str] = frozenset()
