"""The shell's builtins: those that change the shell itself, and the commands that ash has built in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.runtime.files import Directory
from k8slearn.embedded.runtime.launch import search
from k8slearn.embedded.runtime.programs import basic, system
from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.programs.printf import printf
from k8slearn.embedded.runtime.programs.test import test
from k8slearn.embedded.runtime.shell.commands import external
from k8slearn.embedded.runtime.shell.declarations import (
    export,
    local,
    number,
    quote,
    read,
    readonly,
    set_,
    shift,
    unset,
)
from k8slearn.embedded.runtime.shell.interpreter import Shell
from k8slearn.embedded.runtime.shell.jobs import tell_killed
from k8slearn.embedded.runtime.shell.state import Exit, LoopExit, Return
from k8slearn.embedded.runtime.signals import signal_name

Builtin = Callable[[Shell, list[str]], Steps]


def colon(shell: Shell, args: list[str]) -> Steps:
    return 0
    yield


def cd(shell: Shell, args: list[str]) -> Steps:
    process = shell.process
    target = args[0] if args else shell.lookup("HOME") or "/"
    if target == "-":
        target = shell.lookup("OLDPWD") or process.cwd
        yield from process.print(target)
    try:
        real, node, _ = process.files.resolve(process.path(target))
        if not isinstance(node, Directory):
            raise OSError(0, "No such file or directory" if node is None else "Not a directory")
    except OSError as error:
        yield from shell.complain(f"can't cd to {target}: {error.strerror}", "cd")
        return 2
    shell.assign("OLDPWD", process.cwd)
    shell.assign("PWD", real)
    process.cwd = real
    return 0


def exit_(shell: Shell, args: list[str]) -> Steps:
    status = (yield from number(shell, "exit", args[0])) if args else shell.status
    raise Exit(status & 0xFF)


def return_(shell: Shell, args: list[str]) -> Steps:
    status = (yield from number(shell, "return", args[0])) if args else shell.status
    raise Return(status & 0xFF)


def _leave_loop(again: bool) -> Builtin:
    def builtin(shell: Shell, args: list[str]) -> Steps:
        levels = (yield from number(shell, "continue" if again else "break", args[0])) if args else 1
        if shell.loops:
            raise LoopExit(max(levels, 1), again=again)
        return 0

    return builtin


def eval_(shell: Shell, args: list[str]) -> Steps:
    return (yield from shell.evaluate(" ".join(args)))


def dot(shell: Shell, args: list[str]) -> Steps:
    process = shell.process
    path = args[0] if args else ""
    if "/" not in path:
        path = search(process.files, path, shell.lookup("PATH") or "") or path
    try:
        text = process.files.read(process.path(path)).decode(errors="replace")
    except OSError as error:
        yield from shell.complain(f"can't open '{path}': {error.strerror}", ".")
        raise Exit(2) from None
    return (yield from shell.evaluate(text))


def trap(shell: Shell, args: list[str]) -> Steps:
    if not args:
        for signal, action in shell.traps.items():
            yield from shell.process.print(f"trap -- {quote(action)} {signal}")
        return 0
    action: str | None = args[0]
    signals = args[1:]
    if action == "-" or not signals:
        signals = signals or args
        action = None
    for text in signals:
        signal = "EXIT" if text in ("EXIT", "0") else signal_name(text)
        if signal is None:
            yield from shell.complain(f"{text}: invalid signal specification", "trap")
            return 1
        shell.set_trap(signal, action)
    return 0


def wait(shell: Shell, args: list[str]) -> Steps:
    """A caught signal ends the wait at once: its trap runs next, and the status is 128 + n."""
    status = 0
    for pid in [int(arg) for arg in args if arg.isdigit()] if args else list(shell.jobs):
        child = shell.jobs.get(pid)
        if child is None:
            status = 127
            continue
        shell.waiting = True
        ended = yield from shell.process.wait(child)
        shell.waiting = False
        if ended is None:
            return shell.interrupted_status()
        del shell.jobs[pid]
        yield from tell_killed(shell, child)
        status = ended if args else 0
    return status


def jobs(shell: Shell, args: list[str]) -> Steps:
    for index, (pid, child) in enumerate(shell.jobs.items(), 1):
        state = "Running" if child.status is None else f"Done({child.status})" if child.status else "Done"
        yield from shell.process.print(f"[{index}] {pid} {state}")
    return 0


def kill(shell: Shell, args: list[str]) -> Steps:
    jobs = list(shell.jobs)
    numbers = {f"%{index}": str(pid) for index, pid in enumerate(jobs, 1)}
    return (yield from system.kill(shell.process, [numbers.get(arg, arg) for arg in args]))


def type_(shell: Shell, args: list[str]) -> Steps:
    status = 0
    for name in args:
        if name in shell.functions:
            text = f"{name} is a function"
        elif name in BUILTINS or name == "exec":
            text = f"{name} is a shell builtin"
        elif path := search(shell.process.files, name, shell.lookup("PATH") or ""):
            text = f"{name} is {path}"
        else:
            text = f"{name}: not found"
            status = 127
        yield from shell.process.print(text)
    return status


def command(shell: Shell, args: list[str]) -> Steps:
    if args[:1] == ["-v"]:
        for name in args[1:]:
            known = name in shell.functions or name in BUILTINS or name == "exec"
            found = name if known else search(shell.process.files, name, shell.lookup("PATH") or "")
            if found is None:
                return 127
            yield from shell.process.print(found)
        return 0
    if not args:
        return 0
    if args[0] in BUILTINS:
        return (yield from BUILTINS[args[0]](shell, args[1:]))
    return (yield from external(shell, args, {}, replace=False))


def let(shell: Shell, args: list[str]) -> Steps:
    value = "0"
    for text in args:
        value = shell.expander.arithmetic(text)
    return int(value == "0")
    yield


def umask(shell: Shell, args: list[str]) -> Steps:
    if not args:
        yield from shell.process.print("0022")
    return 0


def pwd(shell: Shell, args: list[str]) -> Steps:
    yield from shell.process.print(shell.process.cwd)
    return 0


def _of_process(applet: Callable[[Any, list[str]], Steps]) -> Builtin:
    """A command that is also a program of its own: it only needs the process."""
    return lambda shell, args: applet(shell.process, args)


def bracket(shell: Shell, args: list[str]) -> Steps:
    return test(shell.process, args, bracket="]")


def double_bracket(shell: Shell, args: list[str]) -> Steps:
    return test(shell.process, args, bracket="]]")


BUILTINS: dict[str, Builtin] = {
    ":": colon,
    ".": dot,
    "[": bracket,
    "[[": double_bracket,
    "break": _leave_loop(again=False),
    "cd": cd,
    "command": command,
    "continue": _leave_loop(again=True),
    "echo": _of_process(basic.echo),
    "eval": eval_,
    "exit": exit_,
    "export": export,
    "false": _of_process(basic.false),
    "jobs": jobs,
    "kill": kill,
    "let": let,
    "local": local,
    "printf": _of_process(printf),
    "pwd": pwd,
    "read": read,
    "readonly": readonly,
    "return": return_,
    "set": set_,
    "shift": shift,
    "source": dot,
    "test": _of_process(test),
    "trap": trap,
    "true": _of_process(basic.true),
    "type": type_,
    "umask": umask,
    "unset": unset,
    "wait": wait,
}
