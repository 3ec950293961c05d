"""The Linux kernel as one container sees it: its process table, signals, memory.

Only one process runs at a time, until it waits; those that can go on stand in a queue. The queue is worked
off in one event of the clock, so an idle container has no event at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import Network
from k8slearn.embedded.runtime.cpu import Cpu
from k8slearn.embedded.runtime.descriptors import Descriptor
from k8slearn.embedded.runtime.files import FileSystem, Program
from k8slearn.embedded.runtime.pids import PidNamespace
from k8slearn.embedded.runtime.process import INTERRUPTED, Process, Terminated
from k8slearn.embedded.runtime.signals import IGNORED_BY_DEFAULT, status_of

MAX_PROCESSES = 1024
"""The kubelet's podPidsLimit would stop a fork bomb; so does this."""


class Kernel:
    """``main`` is the container's first process, None before ``start``; it is PID 1 unless ``pids`` is shared.
    ``on_end(code, out_of_memory)`` is called at its end."""

    def __init__(
        self,
        clock: Clock,
        network: Network,
        files: FileSystem,
        *,
        hostname: str,
        ip: str,
        cpu_limit: float | None,
        memory_limit: int | None,
        pids: PidNamespace | None = None,
        on_end: Callable[[int, bool], None],
    ) -> None:
        self.clock = clock
        self.network = network
        self.files = files
        self.hostname = hostname
        self.ip = ip
        self.cpu = Cpu(clock, cpu_limit)
        self.memory_limit = memory_limit
        self.pids = pids or PidNamespace()
        self.main: Process | None = None
        self.memory = 0
        self.current: Process | None = None
        self._on_end = on_end
        self._out_of_memory = False
        self._queue: deque[tuple[Process, Any]] = deque()
        self._scheduled = False

    @property
    def processes(self) -> dict[int, Process]:
        """What ``ps`` sees, by number: with a shared namespace also the processes of other containers."""
        return self.pids.processes

    # -- starting -------------------------------------------------------------------------------

    def start(
        self,
        argv: list[str],
        program: Program,
        *,
        env: dict[str, str],
        cwd: str,
        uid: int,
        groups: tuple[int, ...] = (0,),
        stdin: Descriptor,
        stdout: Descriptor,
        stderr: Descriptor,
    ) -> Process:
        """Start a process from outside: the main one at first, then what ``exec`` brings in."""
        fds = {0: stdin, 1: stdout, 2: stderr}
        process = self.spawn(argv, program, parent=None, env=env, cwd=cwd, uid=uid, groups=groups, fds=fds)
        if self.main is None:
            self.main = process
        return process

    def spawn(
        self,
        argv: list[str],
        program: Program,
        *,
        parent: Process | None,
        env: dict[str, str],
        cwd: str,
        uid: int,
        groups: tuple[int, ...],
        fds: dict[int, Descriptor],
    ) -> Process:
        """Raises BlockingIOError (EAGAIN) when the container has too many processes."""
        if len(self.processes) >= MAX_PROCESSES:
            raise BlockingIOError("Resource temporarily unavailable")
        process = Process(
            self,
            self.pids.take(),
            parent,
            argv,
            program,
            env=env,
            cwd=cwd,
            uid=uid,
            groups=groups,
            fds=fds,
        )
        self.pids.add(process)
        self._enqueue(process, None)
        self.charge(process, process.memory)
        return process

    # -- running --------------------------------------------------------------------------------

    def _enqueue(self, process: Process, value: Any) -> None:
        self._queue.append((process, value))
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.clock.call_later(0, self._work)

    def _work(self) -> None:
        while self._queue:
            process, value = self._queue.popleft()
            if process.status is None:
                self._run(process, value)
        self._scheduled = False

    def _run(self, process: Process, value: Any) -> None:
        self.current = process
        error, process.error = process.error, None
        try:
            suspension = process.body.throw(error) if error else process.body.send(value)
        except StopIteration as done:
            self._end(process, done.value & 0xFF)
            return
        except Terminated as terminated:
            self._end_by(process, terminated.signal)
            return
        except RecursionError:  # the shell's f() { f; } overflows a real shell's stack as well
            self._end_by(process, "SEGV")
            return
        except Exception as error:  # a program's own fault is the program's end, never the node's
            if 2 in process.fds:
                process.fds[2].write(f"{process.name}: {type(error).__name__}: {error}\n".encode())
            self._end_by(process, "ABRT")
            return
        finally:
            self.current = None
        if process.doomed is not None:
            self._end_by(process, process.doomed)
            return
        turn = process.turn

        def wake(value: Any = None) -> None:
            if process.turn == turn and process.status is None:
                process.turn += 1
                process.give_up = None
                self._enqueue(process, value)

        give_up = suspension(wake)
        if process.turn == turn:
            process.give_up = give_up

    def interrupt(self, process: Process) -> None:
        if process.give_up is not None:
            process.give_up()
            process.give_up = None
            process.turn += 1
            self._enqueue(process, INTERRUPTED)

    def throw(self, process: Process, error: Exception) -> None:
        """Raise ``error`` in the program, where it waits or next goes on."""
        process.error = error
        self.interrupt(process)

    # -- signals and ends -----------------------------------------------------------------------

    def signal_later(self, process: Process, signal: str) -> None:
        """A signal from outside the container, as the next event. Only such a KILL ends PID 1."""
        self.clock.call_later(0, lambda: self.signal(process, signal, outside=True))

    def signal(self, process: Process, signal: str, *, outside: bool = False) -> None:
        if process.status is not None:
            return
        if signal in process.handlers and signal != "KILL":
            handler = process.handlers[signal]
            if handler is not None:
                handler()
            return
        if signal in IGNORED_BY_DEFAULT or (process is self.pids.init and not (outside and signal == "KILL")):
            return
        if process is self.current:
            process.doomed = signal  # it cannot be unwound from within; its next step ends it
        else:
            self._end_by(process, signal)

    def _end_by(self, process: Process, signal: str) -> None:
        process.ended_by = signal
        self._end(process, status_of(signal))

    def _end(self, process: Process, status: int) -> None:
        process.status = status
        process.turn += 1
        if process.give_up is not None:
            process.give_up()
            process.give_up = None
        process.body.close()
        for descriptor in process.fds.values():
            descriptor.release()
        process.fds = {}
        for port, protocol in process.ports:
            self.network.unlisten(self.ip, port, protocol)
        self.pids.remove(process)
        self.memory -= process.memory
        if process is self.pids.init:
            self._end_others(lambda other: True)
        if process is self.main:
            self._end_others(lambda other: other.kernel is self)
            self._on_end(status, self._out_of_memory)
        for told in list(process.on_end):
            told(status)

    def _end_others(self, which: Callable[[Process], bool]) -> None:
        for other in list(self.processes.values()):
            if which(other) and other.status is None:
                other.kernel._end_by(other, "KILL")

    # -- memory ---------------------------------------------------------------------------------

    def charge(self, process: Process, size: int) -> None:
        """Count memory that ``process`` took. Beyond the limit the whole container is killed, as
        the kubelet's memory.oom.group asks of the kernel."""
        self.memory += size
        if self.memory_limit is not None and self.memory > self.memory_limit and self.main is not None:
            self._out_of_memory = True
            self.signal_later(self.main, "KILL")
            if process is self.current:
                raise Terminated("KILL")
