"""How a shell runs a parsed script: lists, conditions, loops, functions, traps (POSIX 2.9, 2.11)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.shell.commands import simple
from k8slearn.embedded.runtime.shell.expansion import Expander
from k8slearn.embedded.runtime.shell.jobs import pipeline, start_job, subshell
from k8slearn.embedded.runtime.shell.lexer import ShellSyntaxError
from k8slearn.embedded.runtime.shell.parser import Parser
from k8slearn.embedded.runtime.shell.patterns import compile_pattern
from k8slearn.embedded.runtime.shell.redirection import with_redirects
from k8slearn.embedded.runtime.shell.state import Exit, ExpansionError, Interrupted, LoopExit, Return, State
from k8slearn.embedded.runtime.shell.syntax import (
    AndOr,
    Case,
    For,
    Function,
    If,
    Node,
    Pipeline,
    Redirected,
    Sequence,
    Simple,
    Subshell,
    While,
)
from k8slearn.embedded.runtime.signals import status_of

Running = Generator[Any, Any, int]


class Shell(State):
    """One shell: its state, and what runs it. Made by ``sh``, and by ``jobs.fork`` for a subshell."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.expander = Expander(self)
        self.tail: Node | None = None
        """The command that may take the shell's place, being the last it runs."""
        self.tested = 0
        """How many tests (if, while, &&, ||, !) are being run: ``set -e`` is off within them."""
        self.exit_called = False

    def copy_to(self, process: Process) -> Shell:
        copy = super().copy_to(process)
        assert isinstance(copy, Shell)
        return copy

    def run(self, node: Node) -> Running:
        """Run any node; afterwards traps whose signal has come. Raises Exit, Return, LoopExit, …"""
        yield from self.process.step()
        self.status = yield from _RUN[type(node)](self, node)
        if self.pending:
            yield from self._run_traps()
        return self.status

    def run_script(self, node: Sequence, *, last: bool) -> Running:
        """A top-level line. The very last command of a shell takes the shell's place, as ash does it:
        ``sh -c 'sleep 9'`` is a single process."""
        if last and node.items and not node.items[-1][1]:
            self.tail = node.items[-1][0]
        return (yield from self.run(node))

    def run_interactive(self, node: Sequence) -> Running:
        """A line typed at a terminal: an error or ^C ends the line, not the shell. Raises Exit."""
        try:
            return (yield from self.run(node))
        except ExpansionError as error:
            yield from self.complain(str(error))
            self.status = 2
        except (Return, LoopExit):
            self.status = 0
        except Interrupted:
            self.loops, self.tested, self.status = 0, 0, status_of("INT")
            yield from self.process.write(2, b"\n")
        return self.status

    def _sequence(self, node: Sequence) -> Running:
        status = 0
        for command, background in node.items:
            if background:
                yield from start_job(self, command)
                status = self.status = 0
            else:
                status = yield from self.run(command)
                self._check_errexit(command, status)
        return status

    def _check_errexit(self, command: Node, status: int) -> None:
        """``set -e``: a failure ends the shell unless the command is a test, its failure being an answer."""
        tests = isinstance(command, AndOr) or (isinstance(command, Pipeline) and command.negated)
        if status and "e" in self.options and not self.tested and not tests:
            raise Exit(status)

    def test(self, node: Node) -> Running:
        self.tested += 1
        try:
            return (yield from self.run(node))
        finally:
            self.tested -= 1

    def _and_or(self, node: AndOr) -> Running:
        status = yield from self.test(node.left)
        if (status == 0) != (node.operator == "&&"):
            return status
        status = yield from self.run(node.right)
        self._check_errexit(node.right, status)
        return status

    def _if(self, node: If) -> Running:
        for condition, body in node.branches:
            if (yield from self.test(condition)) == 0:
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
            if ((yield from self.test(node.condition)) == 0) == node.until:
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
        return (yield from with_redirects(self, node.redirects, lambda: self.run(node.body)))

    def to_the_end(self, body: Callable[[], Running]) -> Running:
        """Run ``body``, then the EXIT trap: the exit status of a whole shell."""
        status = yield from self._ended_by(body)
        trap = self.traps.pop("EXIT", None)
        if trap:
            self.status = status
            after = yield from self._ended_by(lambda: self.evaluate(trap))
            status = after if self.exit_called else status
        return status

    def _ended_by(self, body: Callable[[], Running]) -> Running:
        self.exit_called = False
        try:
            return (yield from body())
        except Exit as leave:
            self.exit_called = True
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

    def _run_traps(self) -> Generator[Any, Any, None]:
        while self.pending:
            action = self.traps.get(self.pending.pop(0))
            if action:
                status = self.status
                yield from self.evaluate(action)
                self.status = status


_RUN: dict[type, Callable[[Shell, Any], Running]] = {
    Simple: simple,
    Pipeline: pipeline,
    AndOr: Shell._and_or,
    Sequence: Shell._sequence,
    If: Shell._if,
    While: Shell._while,
    For: Shell._for,
    Case: Shell._case,
    Subshell: subshell,
    Function: Shell._function,
    Redirected: Shell._redirected,
}
