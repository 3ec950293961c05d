"""``sh``: a script from ``-c``, from a file, or from standard input line by line."""

from __future__ import annotations

import re

from k8slearn.embedded.runtime.accounts import user_name
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.shell.builtins import BUILTINS
from k8slearn.embedded.runtime.shell.interpreter import Shell
from k8slearn.embedded.runtime.shell.lexer import ShellSyntaxError
from k8slearn.embedded.runtime.shell.lineedit import LineEditor
from k8slearn.embedded.runtime.shell.parser import Parser
from k8slearn.embedded.runtime.shell.state import Interrupted
from k8slearn.embedded.runtime.signals import status_of
from k8slearn.embedded.runtime.terminal import Terminal


def sh(process: Process, args: list[str], *, ps1: str = r"\w \$ ") -> Steps:
    """``sh [-eux] -c SCRIPT [NAME [ARG…]]``, ``sh [-eux] FILE [ARG…]``, ``sh [-s]``.

    ``ps1`` is the prompt where no variable PS1 says otherwise.
    """
    options: set[str] = set()
    rest = list(args)
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        options.update(rest.pop(0)[1:])
    if "c" in options:
        if not rest:
            yield from process.complain("-c requires an argument")
            return 2
        text, name, parameters = rest[0], rest[1:2], rest[2:]
        shell = _shell(
            process, name[0] if name else process.argv[0], parameters, options, numbered=bool(name)
        )
        return (yield from shell.to_the_end(lambda: _script(shell, text)))
    if rest:
        try:
            text = process.files.read(process.path(rest[0])).decode(errors="replace")
        except OSError as error:
            yield from process.complain(f"can't open '{rest[0]}': {error.strerror}")
            return 2
        shell = _shell(process, rest[0], rest[1:], options, numbered=True, script=True)
        return (yield from shell.to_the_end(lambda: _script(shell, text)))
    shell = _shell(process, process.argv[0], [], options)
    if not isinstance(process.fds[0], Terminal) and "i" not in options:
        return (yield from shell.to_the_end(lambda: _from_input(shell)))
    shell.variables.setdefault("PS1", ps1)
    shell.variables.setdefault("PS2", "> ")
    # ^C ends what the shell runs, never a shell that somebody types at; a stray TERM does not either.
    process.handlers["INT"] = lambda: process.throw(Interrupted())
    process.handlers.update({signal: lambda: None for signal in ("TERM", "QUIT")})
    return (yield from shell.to_the_end(lambda: _from_user(shell)))


def _shell(
    process: Process,
    name: str,
    parameters: list[str],
    options: set[str],
    *,
    numbered: bool = False,
    script: bool = False,
) -> Shell:
    shell = Shell(process, name, parameters, BUILTINS, numbered=numbered, script=script)
    shell.options = options & set("eufxa")
    shell.variables.setdefault("PWD", process.cwd)
    shell.exported.add("PWD")
    level = shell.variables.get("SHLVL", "0")
    shell.variables["SHLVL"] = str(int(level) + 1 if level.isdigit() else 1)
    shell.exported.add("SHLVL")
    return shell


def _script(shell: Shell, text: str) -> Steps:
    parser = Parser(text)
    status = 0
    while (node := parser.next()) is not None:
        last = parser.at_end_of_script()
        status = yield from shell.run_script(node, last=last)
    return status


def _from_input(shell: Shell) -> Steps:
    """Commands as they come in from a pipe."""
    status = 0
    text = ""
    while True:
        line = yield from _line(shell.process)
        text += line
        try:
            node = Parser(text, more=bool(line)).next()
        except ShellSyntaxError as error:
            if error.incomplete and line:
                continue
            raise
        text = ""
        if node is not None:
            status = yield from shell.run(node)
        if not line:
            return status


def _from_user(shell: Shell) -> Steps:
    """Commands as they are typed: there are prompts, and neither an error nor ^C ends the shell."""
    process = shell.process
    terminal = process.fds[0]
    editor = LineEditor(process, terminal) if isinstance(terminal, Terminal) else None
    text = ""
    while True:
        prompt = _prompt(shell, shell.lookup("PS2" if text else "PS1") or "")
        try:
            if editor is not None:
                line = yield from editor.read(prompt)
            else:
                yield from process.write(2, prompt.encode())
                line = yield from _line(process)
        except Interrupted:
            shell.status, text = status_of("INT"), ""
            yield from process.write(2, b"\n")
            continue
        text += line
        try:
            node = Parser(text, more=bool(line)).next()
        except ShellSyntaxError as error:
            if error.incomplete and line:
                continue
            yield from shell.complain(str(error))
            shell.status, node = 2, None
        text = ""
        if node is not None:
            yield from shell.run_interactive(node)
        if not line:
            return shell.status


def _prompt(shell: Shell, form: str) -> str:
    r"""``form`` as a prompt: ``\w`` is the working directory, ``\u`` the user, ``\h`` the host."""
    process = shell.process
    home = shell.lookup("HOME") or ""
    cwd = process.cwd
    if home not in ("", "/") and (cwd == home or cwd.startswith(f"{home}/")):
        cwd = "~" + cwd[len(home) :]
    root = process.uid == 0
    words = {"w": cwd, "u": user_name(process.files, process.uid), "h": process.kernel.hostname}
    words["$"] = "#" if root else "$"
    return re.sub(r"\\([wuh$])", lambda match: words[match[1]], form)


def _line(process: Process) -> Steps:
    """str: the next line of standard input with its line feed, "" at the end. What follows it is left to
    whatever the line starts."""
    line = bytearray()
    while char := (yield from process.read(0, 1)):
        line += char
        if char == b"\n":
            break
    return line.decode(errors="replace")
