"""``sh``: a script from ``-c``, from a file, or from standard input line by line."""

from __future__ import annotations

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.shell.builtins import BUILTINS
from k8slearn.embedded.runtime.shell.interpreter import Shell
from k8slearn.embedded.runtime.shell.lexer import ShellSyntaxError
from k8slearn.embedded.runtime.shell.parser import Parser


def sh(process: Process, args: list[str]) -> Steps:
    """``sh [-eux] -c SCRIPT [NAME [ARG…]]``, ``sh [-eux] FILE [ARG…]``, ``sh [-s]``."""
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
    terminal = process.fds[0].tty or "i" in options
    if terminal:  # ^C and a stray TERM do not end a shell that somebody types at
        process.handlers.update({signal: lambda: None for signal in ("INT", "TERM", "QUIT")})
    return (yield from shell.to_the_end(lambda: _from_input(shell, terminal)))


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


def _from_input(shell: Shell, terminal: bool) -> Steps:
    """Commands as they come in; a terminal sees a prompt, and its errors do not end the shell."""
    status = 0
    text = ""
    while True:
        if terminal:
            prompt = "> " if text else f"{shell.process.cwd} {'#' if shell.process.uid == 0 else '$'} "
            yield from shell.process.write(2, prompt.encode())
        line = yield from _line(shell.process)
        text += line
        parser = Parser(text, more=bool(line))
        try:
            node = parser.next()
        except ShellSyntaxError as error:
            if error.incomplete and line:
                continue
            yield from shell.complain(str(error))
            if not terminal:
                return 2
            node = None
        text = ""
        if node is not None:
            status = yield from (shell.run_interactive(node) if terminal else shell.run(node))
        if not line:
            return status


def _line(process: Process) -> Steps:
    """str: the next line of standard input with its line feed, "" at the end. What follows it is left to
    whatever the line starts."""
    line = bytearray()
    while char := (yield from process.read(0, 1)):
        line += char
        if char == b"\n":
            break
    return line.decode(errors="replace")
