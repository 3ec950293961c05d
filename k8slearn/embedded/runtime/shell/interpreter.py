"""The shell's state and how it runs a parsed script: lists, pipelines, loops, redirections, jobs, traps."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from k8slearn.embedded.runtime.descriptors import Descriptor, Null, OpenFile, Pipe
from k8slearn.embedded.runtime.files import RegularFile
from k8slearn.embedded.runtime.launch import LaunchError, find_program
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.shell.expansion import Expander, ExpansionError
from k8slearn.embedded.runtime.shell.lexer import ShellSyntaxError
from k8slearn.embedded.runtime.shell.parser import Parser
from k8slearn.embedded.runtime.shell.patterns import compile_pattern
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
    While,
)
from k8slearn.embedded.runtime.signals import status_of

Running = Generator[Any, Any, int]

KILLED_WORDS = {"KILL": "Killed", "TERM": "Terminated", "SEGV": "Segmentation fault", "HUP": "Hangup"}
"""What a shell prints when a signal ended its child; nothing for INT and PIPE."""


class LoopExit(Exception):
    """``break`` and ``continue``, ``levels`` loops up."""

    def __init__(self, levels: int, *, again: bool) -> None:
        self.levels = levels
        self.again = again


class Return(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class Exit(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class RedirectError(Exception):
    """A redirection that failed: the command is not run and has status 1."""


class Shell:
    """One shell: ``process`` has its files and environment, the rest is here. ``fork`` gives a subshell."""

    def __init__(
        self,
        process: Process,
        name: str,
        parameters: list[str],
        builtins: dict[str, Any],
        *,
        numbered: bool = False,
        script: bool = False,
    ) -> None:
        """``name`` is $0. ``numbered``: messages tell the line, which is 0 unless this runs a ``script``."""
        self.process = process
        self.name = name
        self.builtins = builtins
        self.numbered = numbered
        self.script = script
        self.line = 0
        self.parameters = parameters
        self.variables: dict[str, str] = dict(process.env)
        self.exported: set[str] = set(process.env)
        self.readonly: set[str] = set()
        self.functions: dict[str, Node] = {}
        self.options: set[str] = set()
        self.traps: dict[str, str] = {}
        self.status = 0
        self.jobs: dict[int, Process] = {}
        self.last_job: int | None = None
        self.shell_pid = process.pid
        self.loops = 0
        self.locals: list[dict[str, str | None]] = []
        self.expander = Expander(self)
        self.waiting = False
        self._pending: list[str] = []
        self._tested = 0
        self._substituted = 0
        self._tail: Node | None = None
        self._exit_called = False

    # -- variables ------------------------------------------------------------------------------

    def lookup(self, name: str) -> str | None:
        """The value of a variable or special parameter, None when unset."""
        if name in self.variables:
            return self.variables[name]
        if name.isdigit():
            index = int(name)
            if index == 0:
                return self.name
            return self.parameters[index - 1] if index <= len(self.parameters) else None
        if name == "RANDOM":
            return str(self.process.kernel.clock.random.randrange(32768))
        if name == "PPID":
            return str(self.process.parent.pid if self.process.parent else 0)
        special: dict[str, Callable[[], str | None]] = {
            "?": lambda: str(self.status),
            "$": lambda: str(self.shell_pid),
            "!": lambda: None if self.last_job is None else str(self.last_job),
            "#": lambda: str(len(self.parameters)),
            "-": lambda: "".join(sorted(self.options)),
            "@": lambda: " ".join(self.parameters),
            "*": lambda: " ".join(self.parameters),
        }
        return special[name]() if name in special else None

    def assign(self, name: str, value: str) -> None:
        if name in self.readonly:
            raise ExpansionError(f"{name}: is read only")
        self.process.allocate(len(value) - len(self.variables.get(name, "")))
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def environment(self) -> dict[str, str]:
        return {name: self.variables[name] for name in self.variables if name in self.exported}

    # -- running --------------------------------------------------------------------------------

    def run(self, node: Node) -> Running:
        """Run any node; afterwards traps whose signal has come. Raises Exit, Return, LoopExit, …"""
        yield from self.process.step()
        self.status = yield from _RUN[type(node)](self, node)
        if self._pending:
            yield from self._run_traps()
        return self.status

    def run_script(self, node: Sequence, *, last: bool) -> Running:
        """A top-level line. The very last command of a shell takes the shell's place, as ash does it:
        ``sh -c 'sleep 9'`` is a single process."""
        if last and node.items and not node.items[-1][1]:
            self._tail = node.items[-1][0]
        return (yield from self.run(node))

    def run_interactive(self, node: Sequence) -> Running:
        """A line typed at a terminal: an error ends the line, not the shell. Raises Exit."""
        try:
            return (yield from self.run(node))
        except ExpansionError as error:
            yield from self.complain(str(error))
            self.status = 2
        except (Return, LoopExit):
            self.status = 0
        return self.status

    def _sequence(self, node: Sequence) -> Running:
        status = 0
        for command, background in node.items:
            if background:
                yield from self._start_job(command)
                status = self.status = 0
            else:
                status = yield from self.run(command)
                self._check_errexit(command, status)
        return status

    def _check_errexit(self, command: Node, status: int) -> None:
        """``set -e``: a failure ends the shell unless the command is a test, its failure being an answer."""
        tests = isinstance(command, AndOr) or (isinstance(command, Pipeline) and command.negated)
        if status and "e" in self.options and not self._tested and not tests:
            raise Exit(status)

    def _test(self, node: Node) -> Running:
        self._tested += 1
        try:
            return (yield from self.run(node))
        finally:
            self._tested -= 1

    def _and_or(self, node: AndOr) -> Running:
        status = yield from self._test(node.left)
        if (status == 0) != (node.operator == "&&"):
            return status
        status = yield from self.run(node.right)
        self._check_errexit(node.right, status)
        return status

    def _if(self, node: If) -> Running:
        for condition, body in node.branches:
            if (yield from self._test(condition)) == 0:
                return (yield from self.run(body))
        return (yield from self.run(node.otherwise)) if node.otherwise else 0

    def _while(self, node: While) -> Running:
        status = 0
        while True:
            finished, status = yield from self._loop_body(node, status)
            if finished:
                return status

    def _loop_body(self, node: While, status: int) -> Generator[Any, Any, tuple[bool, int]]:
        self.loops += 1
        try:
            if ((yield from self._test(node.condition)) == 0) == node.until:
                return True, status
            return False, (yield from self.run(node.body))
        except LoopExit as leave:
            return self._leave(leave), 0
        finally:
            self.loops -= 1

    def _leave(self, leave: LoopExit) -> bool:
        """True: this loop ends. A ``break 2`` goes on to the loop around it."""
        if leave.levels > 1 and self.loops > 1:
            raise LoopExit(leave.levels - 1, again=leave.again)
        return not leave.again

    def _for(self, node: For) -> Running:
        words = list(self.parameters)
        if node.words is not None:
            words = yield from self.expander.fields(node.words)
        status = 0
        for word in words:
            self.assign(node.name, word)
            self.loops += 1
            try:
                status = yield from self.run(node.body)
            except LoopExit as leave:
                status = 0
                if self._leave(leave):
                    break
            finally:
                self.loops -= 1
        return status

    def _case(self, node: Case) -> Running:
        word = yield from self.expander.text(node.word)
        for patterns, body in node.items:
            for pattern in patterns:
                text = yield from self.expander.pattern(pattern)
                if compile_pattern(text).fullmatch(word):
                    return (yield from self.run(body))
        return 0

    def _function(self, node: Function) -> Running:
        self.functions[node.name] = node.body
        return 0
        yield

    def _redirected(self, node: Redirected) -> Running:
        return (yield from self.with_redirects(node.redirects, lambda: self.run(node.body)))

    # -- subshells, pipelines, jobs -------------------------------------------------------------

    def fork(self, node: Node, fds: dict[int, Descriptor] | None = None) -> Process:
        """A subshell process that runs ``node``."""

        def program(process: Process) -> Running:
            shell = Shell(
                process,
                self.name,
                list(self.parameters),
                self.builtins,
                numbered=self.numbered,
                script=self.script,
            )
            shell.line = self.line
            shell.variables = dict(self.variables)
            shell.exported = set(self.exported)
            shell.readonly = set(self.readonly)
            shell.functions = dict(self.functions)
            shell.options = set(self.options)
            shell.status = self.status
            shell.last_job = self.last_job
            shell.shell_pid = self.shell_pid
            shell.loops = self.loops
            process.handlers = {
                signal: None for signal, handler in self.process.handlers.items() if not handler
            }
            shell._tail = node if isinstance(node, Simple) else None
            return shell.to_the_end(lambda: shell.run(node))

        return self.process.spawn(self.process.argv, program, fds=fds)

    def to_the_end(self, body: Callable[[], Running]) -> Running:
        """Run ``body``, then the EXIT trap: the exit status of a whole shell."""
        status = yield from self._ended_by(body)
        trap = self.traps.pop("EXIT", None)
        if trap:
            self.status = status
            after = yield from self._ended_by(lambda: self.evaluate(trap))
            status = after if self._exit_called else status
        return status

    def _ended_by(self, body: Callable[[], Running]) -> Running:
        self._exit_called = False
        try:
            return (yield from body())
        except Exit as leave:
            self._exit_called = True
            return leave.status
        except Return as leave:
            return leave.status
        except LoopExit:
            return 0
        except ShellSyntaxError as error:
            yield from self.complain(str(error))
            return 2
        except ExpansionError as error:
            yield from self.complain(str(error))
            return 2

    def evaluate(self, text: str) -> Running:
        """Run ``text`` in this shell: ``eval``, ``.``, traps. Raises ShellSyntaxError."""
        parser = Parser(text)
        status = 0
        while (node := parser.next()) is not None:
            status = yield from self.run(node)
        return status

    def _subshell(self, node: Subshell) -> Running:
        return (yield from self.finish(self.fork(node.body)))

    def _pipeline(self, node: Pipeline) -> Running:
        if len(node.commands) == 1:
            return int((yield from self._test(node.commands[0])) == 0)
        children: list[Process] = []
        reader: Descriptor | None = None
        for command in node.commands:
            fds = dict(self.process.fds)
            if reader is not None:
                fds[0] = reader
            if command is not node.commands[-1]:
                pipe = Pipe()
                fds[1] = pipe.writer
                reader = pipe.reader
            children.append(self.fork(command, fds))
        status = 0
        for child in children:
            status = yield from self.finish(child)
        return int(status == 0) if node.negated else status

    def _start_job(self, node: Node) -> Generator[Any, Any, None]:
        child = self.fork(node, {**self.process.fds, 0: Null()})
        self.jobs[child.pid] = child
        self.last_job = child.pid
        yield from self.process.step()

    def finish(self, child: Process) -> Running:
        """Wait for a child in the foreground: traps run only after it, however long it takes."""
        while (status := (yield from self.process.wait(child))) is None:
            pass
        yield from self.tell_killed(child)
        return status

    def tell_killed(self, child: Process) -> Generator[Any, Any, None]:
        words = KILLED_WORDS.get(child.ended_by or "")
        if words:
            yield from self.process.write(2, f"{words}\n".encode())

    def substitute(self, body: Sequence) -> Generator[Any, Any, str]:
        """``$(body)``: its output without the line feeds at the end."""
        pipe = Pipe()
        child = self.fork(body, {**self.process.fds, 1: pipe.writer})
        reader = pipe.reader.retain()
        output = bytearray()
        try:
            while (data := reader.read(65536)) != b"":
                if data is None:
                    yield reader.when_readable
                else:
                    output += data
                    self.process.allocate(len(data))
        finally:
            reader.release()
        self.process.allocate(-len(output))
        self.status = yield from self.finish(child)
        self._substituted = self.status
        return output.decode(errors="replace").rstrip("\n")

    # -- simple commands ------------------------------------------------------------------------

    def _simple(self, node: Simple) -> Running:
        self._substituted = 0
        if self.script:
            self.line = node.line
        words = yield from self.expander.fields(node.words)
        values: list[tuple[str, str]] = []
        for name, word in node.assignments:
            values.append((name, (yield from self.expander.text(word))))
            if not words:
                self.assign(*values[-1])
        if "x" in self.options:
            trace = " ".join([f"{name}={value}" for name, value in values] + words)
            yield from self.process.write(2, f"+ {trace}\n".encode())
        if not words:
            return (yield from self.with_redirects(node.redirects, self._nothing))
        name, *arguments = words
        if name == "exec":
            return (yield from self._exec(arguments, node.redirects, dict(values)))
        if name in self.functions:
            body = self.functions[name]
            return (
                yield from self._with_variables(
                    values,
                    lambda: self.with_redirects(node.redirects, lambda: self._call(body, arguments)),
                )
            )
        if name in self.builtins:
            builtin = self.builtins[name]
            return (
                yield from self._with_variables(
                    values, lambda: self.with_redirects(node.redirects, lambda: builtin(self, arguments))
                )
            )
        replace = node is self._tail and not self.traps and not self.jobs
        return (
            yield from self.with_redirects(
                node.redirects, lambda: self.external(words, dict(values), replace=replace)
            )
        )

    def _nothing(self) -> Running:
        return self._substituted
        yield

    def _with_variables(self, values: list[tuple[str, str]], body: Callable[[], Running]) -> Running:
        """``X=1 command``: X has the value while ``command`` runs."""
        before = {name: self.variables.get(name) for name, _ in values}
        for name, value in values:
            self.assign(name, value)
        try:
            return (yield from body())
        finally:
            self.restore(before)

    def restore(self, before: dict[str, str | None]) -> None:
        for name, value in before.items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value

    def _call(self, body: Node, arguments: list[str]) -> Running:
        outer, self.parameters = self.parameters, arguments
        loops, self.loops = self.loops, 0
        self.locals.append({})
        try:
            return (yield from self.run(body))
        except Return as leave:
            return leave.status
        finally:
            self.restore(self.locals.pop())
            self.parameters = outer
            self.loops = loops

    def external(self, words: list[str], extra: dict[str, str], *, replace: bool) -> Running:
        """A program from PATH, in a child process or (``replace``) in the place of this shell."""
        process = self.process
        environment = {**self.environment(), **extra}
        try:
            argv, program = find_program(process.files, words, environment, process.cwd)
        except LaunchError as error:
            if str(error).endswith("exec format error"):
                return (yield from self.external(["/bin/sh", *words], extra, replace=replace))
            reason = "not found" if error.status == 127 else "Permission denied"
            yield from self.complain(f"{words[0]}: {reason}")
            return error.status
        if not replace:
            try:
                return (yield from self.finish(process.spawn(argv, program, env=environment)))
            except BlockingIOError as error:
                yield from self.complain(f"can't fork: {error}")
                raise Exit(2) from None
        process.argv = argv
        process.env = environment
        process.handlers = {signal: None for signal, handler in process.handlers.items() if not handler}
        raise Exit((yield from program(process)))

    def _exec(self, words: list[str], redirects: tuple[Redirect, ...], extra: dict[str, str]) -> Running:
        """``exec``: without words its redirections stay, with words the program takes the shell's place."""
        try:
            fds = yield from self._redirect(redirects)
        except RedirectError as error:
            yield from self.complain(str(error))
            raise Exit(1) from None
        before, self.process.fds = self.process.fds, fds
        for descriptor in before.values():
            descriptor.release()
        if not words:
            return 0
        self.traps.clear()
        status = yield from self.external(words, extra, replace=True)
        raise Exit(status)

    # -- redirections ---------------------------------------------------------------------------

    def with_redirects(self, redirects: tuple[Redirect, ...], body: Callable[[], Running]) -> Running:
        if not redirects:
            return (yield from body())
        try:
            fds = yield from self._redirect(redirects)
        except RedirectError as error:
            yield from self.complain(str(error))
            return 1
        before, self.process.fds = self.process.fds, fds
        try:
            return (yield from body())
        finally:
            for descriptor in self.process.fds.values():
                descriptor.release()
            self.process.fds = before

    def _redirect(self, redirects: tuple[Redirect, ...]) -> Generator[Any, Any, dict[int, Descriptor]]:
        """The process's descriptors with ``redirects`` applied; each is retained. Raises RedirectError."""
        fds = dict(self.process.fds)
        for redirect in redirects:
            target = yield from self.expander.text(redirect.target)
            if redirect.operator in ("<&", ">&"):
                if target == "-":
                    fds.pop(redirect.fd, None)
                    continue
                if not target.isdigit():
                    raise RedirectError("syntax error: bad fd number")
                if int(target) not in fds:
                    raise RedirectError(f"dup2({target},{redirect.fd}): Bad file descriptor")
                fds[redirect.fd] = fds[int(target)]
            elif redirect.operator == "<<":
                fds[redirect.fd] = OpenFile(RegularFile(target.encode()), readable=True)
            else:
                fds[redirect.fd] = self._open(target, redirect.operator)
        for descriptor in fds.values():
            descriptor.retain()
        return fds

    def _open(self, path: str, operator: str) -> Descriptor:
        mode = {"<": "r", ">": "w", ">|": "w", ">>": "a", "<>": "r+"}[operator]
        try:
            return self.process.open(path, mode)
        except FileNotFoundError:
            what = "open" if mode == "r" else "create"
            reason = "no such file" if mode == "r" else "nonexistent directory"
            raise RedirectError(f"can't {what} {path}: {reason}") from None
        except OSError as error:
            what = "open" if mode == "r" else "create"
            raise RedirectError(f"can't {what} {path}: {error.strerror}") from None

    # -- traps and messages ---------------------------------------------------------------------

    def set_trap(self, signal: str, action: str | None) -> None:
        """``action`` None: the default again; "": ignore."""
        handlers = self.process.handlers
        if action is None:
            self.traps.pop(signal, None)
            handlers.pop(signal, None)
            return
        self.traps[signal] = action
        if signal != "EXIT":
            handlers[signal] = (lambda: self._caught(signal)) if action else None

    def _caught(self, signal: str) -> None:
        self._pending.append(signal)
        if self.waiting:
            self.process.interrupt()

    def interrupted_status(self) -> int:
        """The status of a ``wait`` that a caught signal ended."""
        return status_of(self._pending[0]) if self._pending else 0

    def _run_traps(self) -> Generator[Any, Any, None]:
        while self._pending:
            action = self.traps.get(self._pending.pop(0))
            if action:
                status = self.status
                yield from self.evaluate(action)
                self.status = status

    def complain(self, text: str, command: str = "") -> Generator[Any, Any, None]:
        """On stderr, in ash's forms: ``sh: x``, ``sh: cd: line 0: x``, ``/run.sh: line 7: x``."""
        where = f"{self.name}: "
        if command:
            where += f"{command}: "
        if command or self.numbered:
            where += f"line {self.line}: "
        yield from self.process.write(2, f"{where}{text}\n".encode())


_RUN: dict[type, Callable[[Shell, Any], Running]] = {
    Simple: Shell._simple,
    Pipeline: Shell._pipeline,
    AndOr: Shell._and_or,
    Sequence: Shell._sequence,
    If: Shell._if,
    While: Shell._while,
    For: Shell._for,
    Case: Shell._case,
    Subshell: Shell._subshell,
    Function: Shell._function,
    Redirected: Shell._redirected,
}
