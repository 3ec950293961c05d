"""What a parsed script is made of (POSIX Shell Command Language, section 2.10)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    text: str
    quoted: bool


@dataclass(frozen=True)
class Variable:
    """``$name`` or ``${name operator argument}``; operator ``length`` is ``${#name}``,
    ``:`` is ``${name:start:length}``."""

    name: str
    quoted: bool
    operator: str = ""
    argument: Word = ()


@dataclass(frozen=True)
class Substitution:
    """``$(body)`` or a body in backquotes."""

    body: Sequence
    quoted: bool


@dataclass(frozen=True)
class Arithmetic:
    """``$((expression))``"""

    expression: Word
    quoted: bool


Word = tuple["Text | Variable | Substitution | Arithmetic", ...]


@dataclass(frozen=True)
class Redirect:
    """``operator`` is one of < > >> <> >| <& >& <<; for << the target is the document itself."""

    fd: int
    operator: str
    target: Word


@dataclass(frozen=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    line: int = 0


@dataclass(frozen=True)
class Pipeline:
    commands: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True)
class AndOr:
    left: Node
    operator: str
    right: Node


@dataclass(frozen=True)
class Sequence:
    """Commands with whether each runs in the background."""

    items: tuple[tuple[Node, bool], ...]


@dataclass(frozen=True)
class If:
    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None


@dataclass(frozen=True)
class While:
    condition: Sequence
    body: Sequence
    until: bool


@dataclass(frozen=True)
class For:
    """``words`` None: over the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: Sequence


@dataclass(frozen=True)
class Case:
    word: Word
    items: tuple[tuple[tuple[Word, ...], Sequence], ...]


@dataclass(frozen=True)
class Subshell:
    body: Sequence


@dataclass(frozen=True)
class Function:
    name: str
    body: Node


@dataclass(frozen=True)
class Redirected:
    """A compound command with redirections of its own: ``while …; done < file``."""

    body: Node
    redirects: tuple[Redirect, ...] = field(default=())


Node = Simple | Pipeline | AndOr | Sequence | If | While | For | Case | Subshell | Function | Redirected
