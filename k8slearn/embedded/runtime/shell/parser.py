"""The grammar: from a script's text to ``syntax`` nodes, one complete command at a time.

A shell runs each line before it reads the next, so an error in the last line does not stop the first.

    >>> Parser("echo hi; exit").next()
    Sequence(items=((Simple(...), False), (Simple(...), False)))
"""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.shell.lexer import Lexer, ShellSyntaxError
from k8slearn.embedded.runtime.shell.syntax import (
    AndOr,
    Case,
    For,
    Function,
    If,
    Node,
    Pipeline,
    Redirect,
    Redirected,
    Sequence,
    Simple,
    Subshell,
    Text,
    While,
    Word,
)

_RESERVED = re.compile(
    r"(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in|[{}!])(?=[\s;&|<>()]|$)"
)
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")
_IO_NUMBER = re.compile(r"\d+(?=[<>])")
_REDIRECTS = ("<", ">", ">>", "<>", ">|", "<&", ">&", "<<", "<<-")
_CLOSING = ("then", "else", "elif", "fi", "do", "done", "esac", "}")


class Parser(Lexer):
    """``next`` gives the next complete command; ShellSyntaxError when the text cannot be parsed."""

    def __init__(self, text: str, *, more: bool = False) -> None:
        """``more``: input may follow ``text``, so a here-document without its end is incomplete."""
        super().__init__(text)
        self._more = more
        self._documents: list[tuple[list[Redirect], int, str, bool, bool]] = []

    def next(self) -> Sequence | None:
        """The commands of the next line (as many lines as they take), None at the end."""
        self._skip_newlines()
        if self.at_end():
            return None
        items: list[tuple[Node, bool]] = []
        while not self.at_end() and self.operator() != "\n":
            items.append(self._item())
        if self.operator() == "\n":
            self.pos += 1
        return Sequence(tuple(items))

    def at_end_of_script(self) -> bool:
        self._skip_newlines()
        return self.at_end()

    def commands_until(self, end: str) -> Sequence:
        sequence = self._sequence(end)
        self.pos += len(end)
        return sequence

    # -- lists ----------------------------------------------------------------------------------

    def _sequence(self, *ends: str) -> Sequence:
        """Commands up to one of ``ends`` (reserved words or operators), which is left to be read."""
        items: list[tuple[Node, bool]] = []
        while True:
            self._skip_newlines()
            if self.at_end():
                raise ShellSyntaxError(f'unexpected end of file (expecting "{ends[0]}")', incomplete=True)
            if self._reserved() in ends or self.operator() in ends:
                return Sequence(tuple(items))
            items.append(self._item())

    def _item(self) -> tuple[Node, bool]:
        node = self._and_or()
        operator = self.operator()
        if operator in (";", "&"):
            self.pos += 1
        elif operator not in ("\n", ")", ";;") and not self.at_end():
            raise self._unexpected()
        return node, operator == "&"

    def _and_or(self) -> Node:
        left = self._pipeline()
        while (operator := self.operator()) in ("&&", "||"):
            self.pos += 2
            self._skip_newlines()
            left = AndOr(left, operator, self._pipeline())
        return left

    def _pipeline(self) -> Node:
        negated = False
        while self._reserved() == "!":
            self._take("!")
            negated = not negated
        commands = [self._command()]
        while self.operator() == "|":
            self.pos += 1
            self._skip_newlines()
            commands.append(self._command())
        if len(commands) == 1 and not negated:
            return commands[0]
        return Pipeline(tuple(commands), negated)

    # -- commands -------------------------------------------------------------------------------

    def _command(self) -> Node:
        if self.at_end():
            raise ShellSyntaxError("unexpected end of file", incomplete=True)
        compound = {
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "case": self._case,
            "{": self._group,
        }.get(self._reserved())
        if compound is None and self.operator() == "(":
            compound = self._subshell
        if compound is None:
            return self._simple()
        node = compound()
        redirects: list[Redirect] = []
        while self._redirect(redirects):
            pass
        return Redirected(node, self._settled(redirects)) if redirects else node

    def _if(self) -> If:
        branches: list[tuple[Sequence, Sequence]] = []
        word = "if"
        while word in ("if", "elif"):
            self._take(word)
            condition = self._sequence("then")
            self._take("then")
            branches.append((condition, self._sequence("fi", "else", "elif")))
            word = self._reserved()
        otherwise = None
        if word == "else":
            self._take("else")
            otherwise = self._sequence("fi")
        self._take("fi")
        return If(tuple(branches), otherwise)

    def _while(self) -> While:
        word = self._reserved()
        self._take(word)
        condition = self._sequence("do")
        return While(condition, self._do(), word == "until")

    def _for(self) -> For:
        self._take("for")
        name = self._plain_word()
        if not _NAME.match(name):
            raise ShellSyntaxError("bad for loop variable")
        self._skip_newlines()
        words: list[Word] | None = None
        if self._reserved() == "in":
            self._take("in")
            words = []
            while not self.operator() and not self.at_end():
                words.append(self.word())
        if self.operator() == ";":
            self.pos += 1
        self._skip_newlines()
        return For(name, None if words is None else tuple(words), self._do())

    def _do(self) -> Sequence:
        self._take("do")
        body = self._sequence("done")
        self._take("done")
        return body

    def _case(self) -> Case:
        self._take("case")
        self.operator()
        word = self.word()
        self._skip_newlines()
        self._take("in")
        items: list[tuple[tuple[Word, ...], Sequence]] = []
        while True:
            self._skip_newlines()
            if self._reserved() == "esac":
                break
            if self.operator() == "(":
                self.pos += 1
            patterns: list[Word] = []
            while True:
                self.operator()
                patterns.append(self.word())
                if self.operator() != "|":
                    break
                self.pos += 1
            self._take(")")
            body = self._sequence(";;", "esac")
            items.append((tuple(patterns), body))
            if self.operator() == ";;":
                self.pos += 2
        self._take("esac")
        return Case(word, tuple(items))

    def _group(self) -> Sequence:
        self._take("{")
        body = self._sequence("}")
        self._take("}")
        return body

    def _subshell(self) -> Subshell:
        self._take("(")
        return Subshell(self.commands_until(")"))

    def _simple(self) -> Node:
        if self._reserved() in _CLOSING:
            raise self._unexpected()
        line = self.line()
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            if self._redirect(redirects):
                continue
            operator = self.operator()
            if operator == "(" and len(words) == 1 and not assignments:
                return self._function(words[0])
            if operator or self.at_end():
                break
            match = None if words else _ASSIGNMENT.match(self.text, self.pos)
            if match is not None:
                self.pos = match.end()
                assignments.append((match[1], self.word()))
            else:
                words.append(self.word())
        if not (assignments or words or redirects):
            raise self._unexpected()
        return Simple(tuple(assignments), tuple(words), self._settled(redirects), line)

    def _function(self, word: Word) -> Function:
        self._take("(")
        if self.operator() != ")" or len(word) != 1 or not isinstance(word[0], Text):
            raise self._unexpected()
        self._take(")")
        self._skip_newlines()
        return Function(word[0].text, self._command())

    # -- redirections ---------------------------------------------------------------------------

    def _redirect(self, into: list[Redirect]) -> bool:
        """Read one redirection, if one comes next."""
        self.operator()
        number = _IO_NUMBER.match(self.text, self.pos)
        start = self.pos
        if number is not None:
            self.pos = number.end()
        operator = self.operator()
        if operator not in _REDIRECTS:
            self.pos = start
            return False
        self.pos += len(operator)
        self.operator()
        target = self.word()
        if not target:
            raise self._unexpected()
        fd = int(number[0]) if number else (0 if operator.startswith("<") else 1)
        if operator.startswith("<<"):
            quoted = any(isinstance(part, Text) and part.quoted for part in target)
            delimiter = "".join(part.text for part in target if isinstance(part, Text))
            self._documents.append((into, len(into), delimiter, quoted, operator == "<<-"))
            operator = "<<"
        into.append(Redirect(fd, operator, target))
        return True

    def _settled(self, redirects: list[Redirect]) -> tuple[Redirect, ...]:
        """The redirections as they will not change any more: here-documents are read first, from the lines
        that follow the current one."""
        if self._documents:
            self._read_documents()
        return tuple(redirects)

    def _read_documents(self) -> None:
        """Cut the bodies out of the text after the current line, so that the rest parses on without them."""
        line_end = self.text.find("\n", self.pos)
        head, rest = (
            (self.text, "") if line_end < 0 else (self.text[: line_end + 1], self.text[line_end + 1 :])
        )
        for redirects, index, delimiter, quoted, strip in self._documents:
            body: list[str] = []
            while rest:
                line, _, rest = rest.partition("\n")
                line = line.lstrip("\t") if strip else line
                if line == delimiter:
                    break
                body.append(line + "\n")
            else:
                if self._more:
                    expecting = f'(expecting "{delimiter}")'
                    raise ShellSyntaxError(f"unexpected end of file {expecting}", incomplete=True)
            text = "".join(body)
            document = (Text(text, True),) if quoted else Parser(text).heredoc()
            redirects[index] = Redirect(redirects[index].fd, "<<", document)
        self._documents.clear()
        self.cut_lines += self.text.count("\n") - head.count("\n") - rest.count("\n")
        self.text = head + rest

    # -- small things ---------------------------------------------------------------------------

    def _skip_newlines(self) -> None:
        while self.operator() == "\n":
            self.pos += 1

    def _reserved(self) -> str:
        """The reserved word that comes next, or ""."""
        self.operator()
        match = _RESERVED.match(self.text, self.pos)
        return match[0] if match else ""

    def _take(self, expected: str) -> None:
        self.operator()
        if self.pos >= len(self.text):
            raise ShellSyntaxError(f'unexpected end of file (expecting "{expected}")', incomplete=True)
        if not self.text.startswith(expected, self.pos):
            raise self._unexpected(f' (expecting "{expected}")')
        self.pos += len(expected)

    def _plain_word(self) -> str:
        self.operator()
        return "".join(part.text for part in self.word() if isinstance(part, Text))

    def _unexpected(self, expecting: str = "") -> ShellSyntaxError:
        operator = self.operator()
        if not operator and self.pos >= len(self.text):
            return ShellSyntaxError(f"unexpected end of file{expecting}", incomplete=True)
        if operator == "\n":
            what = "newline"
        elif operator:
            what = "redirection" if operator in _REDIRECTS else f'"{operator}"'
        else:
            reserved = self._reserved()
            what = f'"{reserved}"' if reserved else "word"
        return ShellSyntaxError(f"unexpected {what}{expecting}")
