"""Simple commands: functions, builtins, programs from PATH, and ``exec`` (POSIX 2.9.1)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from k8slearn.embedded.runtime.launch import LaunchError, find_program
from k8slearn.embedded.runtime.shell.jobs import finish, spawn
from k8slearn.embedded.runtime.shell.redirection import RedirectError, redirected, with_redirects
from k8slearn.embedded.runtime.shell.state import Exit, Return
from k8slearn.embedded.runtime.shell.syntax import Node, Redirect, Simple

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.shell.interpreter import Shell

Running = Generator[Any, Any, int]


def simple(shell: Shell, node: Simple) -> Running:
    shell.substituted = 0
    if shell.script:
        shell.line = node.line
    words = yield from shell.expander.fields(node.words)
    values: list[tuple[str, str]] = []
    for name, word in node.assignments:
        values.append((name, (yield from shell.expander.text(word))))
        if not words:
            shell.assign(*values[-1])
    if "x" in shell.options:
        trace = " ".join([f"{name}={value}" for name, value in values] + words)
        yield from shell.process.write(2, f"+ {trace}\n".encode())
    if not words:
        return (yield from with_redirects(shell, node.redirects, lambda: _nothing(shell)))
    name, *arguments = words
    if name == "exec":
        return (yield from _exec(shell, arguments, node.redirects, dict(values)))
    if name in shell.functions:
        body = shell.functions[name]
        return (
            yield from _with_variables(
                shell,
                values,
                lambda: with_redirects(shell, node.redirects, lambda: _call(shell, body, arguments)),
            )
        )
    if name in shell.builtins:
        return (
            yield from _with_variables(
                shell,
                values,
                lambda: with_redirects(shell, node.redirects, lambda: _builtin(shell, name, arguments)),
            )
        )
    replace = node is shell.tail and not shell.traps and not shell.jobs
    return (
        yield from with_redirects(
            shell, node.redirects, lambda: external(shell, words, dict(values), replace=replace)
        )
    )


def _builtin(shell: Shell, name: str, arguments: list[str]) -> Running:
    try:
        return (yield from shell.builtins[name](shell, arguments))
    except OSError as error:  # its output is closed: echo x >&-
        yield from shell.complain(f"write error: {error.strerror}")
        return 1


def _nothing(shell: Shell) -> Running:
    return shell.substituted
    yield


def _with_variables(shell: Shell, values: list[tuple[str, str]], body: Callable[[], Running]) -> Running:
    """``X=1 command``: X has the value while ``command`` runs."""
    before = {name: shell.variables.get(name) for name, _ in values}
    for name, value in values:
        shell.assign(name, value)
    try:
        return (yield from body())
    finally:
        shell.restore(before)


def _call(shell: Shell, body: Node, arguments: list[str]) -> Running:
    outer, shell.parameters = shell.parameters, arguments
    loops, shell.loops = shell.loops, 0
    shell.locals.append({})
    try:
        return (yield from shell.run(body))
    except Return as leave:
        return leave.status
    finally:
        shell.restore(shell.locals.pop())
        shell.parameters = outer
        shell.loops = loops


def external(shell: Shell, words: list[str], extra: dict[str, str], *, replace: bool) -> Running:
    """A program from PATH, in a child process or (``replace``) in the place of this shell."""
    process = shell.process
    environment = {**shell.environment(), **extra}
    try:
        argv, program = find_program(process.files, words, environment, process.cwd)
    except LaunchError as error:
        if str(error).endswith("exec format error"):
            return (yield from external(shell, ["/bin/sh", *words], extra, replace=replace))
        reason = "not found" if error.status == 127 else "Permission denied"
        yield from shell.complain(f"{words[0]}: {reason}")
        return error.status
    if not replace:
        return (yield from finish(shell, spawn(shell, argv, program, env=environment)))
    process.argv = argv
    process.env = environment
    process.handlers = shell.inherited_handlers()
    raise Exit((yield from program(process)))


def _exec(shell: Shell, words: list[str], redirects: tuple[Redirect, ...], extra: dict[str, str]) -> Running:
    """``exec``: without words its redirections stay, with words the program takes the shell's place."""
    try:
        fds = yield from redirected(shell, redirects)
    except RedirectError as error:
        yield from shell.complain(str(error))
        raise Exit(1) from None
    before, shell.process.fds = shell.process.fds, fds
    for descriptor in before.values():
        descriptor.release()
    if not words:
        return 0
    shell.traps.clear()
    status = yield from external(shell, words, extra, replace=True)
    raise Exit(status)
