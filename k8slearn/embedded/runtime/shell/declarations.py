"""The builtins that set variables and options: export, readonly, local, unset, set, shift, read."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.shell.interpreter import Shell
from k8slearn.embedded.runtime.shell.state import Exit, ExpansionError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")
_OPTION_NAMES = {
    "errexit": "e",
    "nounset": "u",
    "xtrace": "x",
    "noglob": "f",
    "allexport": "a",
    "pipefail": "o",
}


def number(shell: Shell, command: str, text: str) -> Steps:
    """The number that ``command`` was given as ``text``; anything else ends the shell."""
    if not text.isdigit():
        yield from shell.complain(f"Illegal number: {text}", command)
        raise Exit(2)
    return int(text)


def export(shell: Shell, args: list[str]) -> Steps:
    if not [arg for arg in args if arg != "-p"]:
        for name, value in sorted(shell.environment().items()):
            yield from shell.process.print(f"export {name}={quote(value)}")
    for arg in args:
        if arg == "-p":
            continue
        name = yield from _declare(shell, "export", arg)
        shell.exported.add(name)
    return 0


def readonly(shell: Shell, args: list[str]) -> Steps:
    for arg in args:
        name = yield from _declare(shell, "readonly", arg)
        shell.readonly.add(name)
    return 0


def local(shell: Shell, args: list[str]) -> Steps:
    if not shell.locals:
        yield from shell.complain("not in a function", "local")
        raise Exit(2)
    for arg in args:
        name = arg.partition("=")[0]
        shell.locals[-1].setdefault(name, shell.variables.get(name))
        yield from _declare(shell, "local", arg)
    return 0


def _declare(shell: Shell, command: str, arg: str) -> Steps:
    """``NAME`` or ``NAME=value``; gives the name."""
    name, equals, value = arg.partition("=")
    if not _NAME.match(name):
        yield from shell.complain(f"{name}: bad variable name", command)
        raise Exit(2)
    if equals:
        shell.assign(name, value)
    return name


def unset(shell: Shell, args: list[str]) -> Steps:
    functions = args[:1] == ["-f"]
    for name in args:
        if name in shell.readonly:
            raise ExpansionError(f"{name}: is read only")
        if functions:
            shell.functions.pop(name, None)
        else:
            shell.variables.pop(name, None)
            shell.exported.discard(name)
    return 0
    yield


def set_(shell: Shell, args: list[str]) -> Steps:
    if not args:
        for name, value in sorted(shell.variables.items()):
            yield from shell.process.print(f"{name}={quote(value)}")
        return 0
    rest = list(args)
    while rest and len(rest[0]) > 1 and rest[0][0] in "-+":
        flag = rest.pop(0)
        if flag == "--":
            shell.parameters = rest
            return 0
        letters = [*flag[1:]]
        if "o" in letters and rest:
            name = rest.pop(0)
            if name not in _OPTION_NAMES:
                yield from shell.complain(f"illegal option -o {name}", "set")
                raise Exit(2)
            letters[letters.index("o")] = _OPTION_NAMES[name]
        for letter in letters:
            if letter not in "eufxao":
                yield from shell.complain(f"illegal option -{letter}", "set")
                raise Exit(2)
            (shell.options.add if flag[0] == "-" else shell.options.discard)(letter)
    if rest:
        shell.parameters = rest
    return 0


def read(shell: Shell, args: list[str]) -> Steps:
    """One line from stdin, byte by byte: what follows it stays for the next program."""
    raw = False
    names = list(args)
    while names and names[0].startswith("-") and len(names[0]) > 1:
        option = names.pop(0)
        raw = raw or "r" in option
        if option[-1] == "p" and names:
            yield from shell.process.write(2, names.pop(0).encode())
    line = bytearray()
    ended = False
    while (char := (yield from shell.process.read(0, 1))) != b"\n":
        if not char:
            ended = True
            break
        if char == b"\\" and not raw:
            char = yield from shell.process.read(0, 1)
            if char == b"\n":
                continue
        line += char
    ifs = shell.lookup("IFS")
    blanks = " \t\n" if ifs is None else ifs
    rest = line.decode(errors="replace")
    names = names or ["REPLY"]
    for name in names[:-1]:
        rest = rest.lstrip(blanks)
        cut = next((index for index, char in enumerate(rest) if char in blanks), len(rest))
        shell.assign(name, rest[:cut])
        rest = rest[cut + 1 :]
    shell.assign(names[-1], rest.strip(blanks) if blanks else rest)
    return int(ended)


def shift(shell: Shell, args: list[str]) -> Steps:
    count = (yield from number(shell, "shift", args[0])) if args else 1
    if count > len(shell.parameters):
        return 1
    shell.parameters = shell.parameters[count:]
    return 0


def quote(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"
