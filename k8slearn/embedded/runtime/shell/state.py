"""What a shell knows: variables, parameters, functions, options, jobs, traps; and how it complains."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.shell.syntax import Node
from k8slearn.embedded.runtime.signals import status_of


class ExpansionError(Exception):
    """``X: parameter not set``, ``divide by zero``: ends a shell that is not interactive, with status 2."""


class LoopExit(Exception):
    """``break`` and ``continue``, ``levels`` loops up."""

    def __init__(self, levels: int, *, again: bool) -> None:
        self.levels = levels
        self.again = again


class Return(Exception):
    """Ends a function, or the file that ``.`` reads."""

    def __init__(self, status: int) -> None:
        self.status = status


class Exit(Exception):
    """Ends the shell."""

    def __init__(self, status: int) -> None:
        self.status = status


class Interrupted(Exception):
    """^C at a shell that somebody types at: whatever it runs is over, and it asks for the next line."""


class State:
    """The state of one shell; ``process`` has its files and its place."""

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
        self.waiting = False
        self.pending: list[str] = []
        self.substituted = 0

    def copy_to(self, process: Process) -> State:
        """The state as a subshell inherits it: all but jobs and caught traps."""
        other = type(self)(
            process,
            self.name,
            list(self.parameters),
            self.builtins,
            numbered=self.numbered,
            script=self.script,
        )
        other.line = self.line
        other.variables = dict(self.variables)
        other.exported = set(self.exported)
        other.readonly = set(self.readonly)
        other.functions = dict(self.functions)
        other.options = set(self.options)
        other.status = self.status
        other.last_job = self.last_job
        other.shell_pid = self.shell_pid
        other.loops = self.loops
        process.handlers = self.inherited_handlers()
        return other

    def inherited_handlers(self) -> dict[str, Callable[[], None] | None]:
        """What a child has of this process's signal handlers: ignored signals stay ignored."""
        return {signal: None for signal, handler in self.process.handlers.items() if handler is None}

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

    def restore(self, before: dict[str, str | None]) -> None:
        for name, value in before.items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value

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
        self.pending.append(signal)
        if self.waiting:
            self.process.interrupt()

    def interrupted_status(self) -> int:
        """The status of a ``wait`` that a caught signal ended."""
        return status_of(self.pending[0]) if self.pending else 0

    def complain(self, text: str, command: str = "") -> Generator[Any, Any, None]:
        """On stderr, in ash's forms: ``sh: x``, ``sh: cd: line 0: x``, ``/run.sh: line 7: x``."""
        where = f"{self.name}: "
        if command:
            where += f"{command}: "
        if command or self.numbered:
            where += f"line {self.line}: "
        yield from self.process.write(2, f"{where}{text}\n".encode())
