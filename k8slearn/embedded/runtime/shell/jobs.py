"""A shell's children: subshells, pipelines, background jobs, command substitution (POSIX 2.9.2, 2.9.3)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from k8slearn.embedded.runtime.descriptors import Descriptor, Null, Pipe
from k8slearn.embedded.runtime.files import Program
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.shell.state import ExpansionError, Interrupted
from k8slearn.embedded.runtime.shell.syntax import Node, Pipeline, Sequence, Simple, Subshell

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.shell.interpreter import Shell

Running = Generator[Any, Any, int]

KILLED_WORDS = {"KILL": "Killed", "TERM": "Terminated", "SEGV": "Segmentation fault", "HUP": "Hangup"}
"""What a shell prints when a signal ended its child; nothing for INT and PIPE."""


def fork(shell: Shell, node: Node, fds: dict[int, Descriptor] | None = None) -> Process:
    """A subshell process that runs ``node``; it has the shell's state as it is now."""

    def program(process: Process) -> Running:
        child = shell.copy_to(process)
        child.tail = node if isinstance(node, Simple) else None
        return child.to_the_end(lambda: child.run(node))

    return spawn(shell, shell.process.argv, program, fds=fds)


def spawn(shell: Shell, argv: list[str], program: Program, **options: Any) -> Process:
    """A child process. Raises ExpansionError, which ends the shell, when there are too many."""
    try:
        return shell.process.spawn(argv, program, **options)
    except BlockingIOError as error:
        raise ExpansionError(f"can't fork: {error}") from None


def subshell(shell: Shell, node: Subshell) -> Running:
    return (yield from finish(shell, fork(shell, node.body)))


def pipeline(shell: Shell, node: Pipeline) -> Running:
    if len(node.commands) == 1:
        return int((yield from shell.test(node.commands[0])) == 0)
    children: list[Process] = []
    reader: Descriptor | None = None
    for command in node.commands:
        fds = dict(shell.process.fds)
        if reader is not None:
            fds[0] = reader
        if command is not node.commands[-1]:
            pipe = Pipe()
            fds[1] = pipe.writer
            reader = pipe.reader
        children.append(fork(shell, command, fds))
    status = 0
    for child in children:
        status = yield from finish(shell, child)
    return int(status == 0) if node.negated else status


def start_job(shell: Shell, node: Node) -> Generator[Any, Any, None]:
    """In the background, where what is typed at the terminal (^C) means nothing."""
    child = fork(shell, node, {**shell.process.fds, 0: Null()})
    child.handlers |= {"INT": None, "QUIT": None}
    shell.jobs[child.pid] = child
    shell.last_job = child.pid
    yield from shell.process.step()


def finish(shell: Shell, child: Process) -> Running:
    """Wait for a child in the foreground: traps and ^C come after it, however long it takes. Raises Interrupted."""
    interrupted: Interrupted | None = None
    status = None
    while status is None:
        try:
            status = yield from shell.process.wait(child)
        except Interrupted as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted
    yield from tell_killed(shell, child)
    return status


def tell_killed(shell: Shell, child: Process) -> Generator[Any, Any, None]:
    words = KILLED_WORDS.get(child.ended_by or "")
    if words:
        yield from shell.process.write(2, f"{words}\n".encode())


def substitute(shell: Shell, body: Sequence) -> Generator[Any, Any, str]:
    """``$(body)``: its output without the line feeds at the end."""
    pipe = Pipe()
    child = fork(shell, body, {**shell.process.fds, 1: pipe.writer})
    reader = pipe.reader.retain()
    output = bytearray()
    try:
        while (data := reader.read(65536)) != b"":
            if data is None:
                yield reader.when_readable
            else:
                output += data
                shell.process.allocate(len(data))
    finally:
        reader.release()
    shell.process.allocate(-len(output))
    shell.status = yield from finish(shell, child)
    shell.substituted = shell.status
    return output.decode(errors="replace").rstrip("\n")
