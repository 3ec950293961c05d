"""A simulated container, as containerd and runc give one to the kubelet: a program, its files, its log.

What happens inside takes place in the clock's events only: ``start`` and ``exec`` return before the program's
first step, and ``on_exit`` is never called from within a call of the kubelet's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import Network
from k8slearn.embedded.runtime.accounts import home, primary_group
from k8slearn.embedded.runtime.console import Callback, Client, Console, Sink
from k8slearn.embedded.runtime.cpu import Cpu
from k8slearn.embedded.runtime.descriptors import Null, Pipe
from k8slearn.embedded.runtime.files import FileSystem, Program
from k8slearn.embedded.runtime.images import Image
from k8slearn.embedded.runtime.kernel import Kernel
from k8slearn.embedded.runtime.launch import LaunchError, find_program
from k8slearn.embedded.runtime.log import Log
from k8slearn.embedded.runtime.pids import PidNamespace
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.terminal import Terminal

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class StartError(Exception):
    """The container or the exec could not start; ``str()`` is containerd's sentence, ready for an event or a
    status message. A container that cannot start has exit code 128 and reason StartError."""


class Container:
    """One run of one container; a restart is a new Container.

    ``argv`` is command and args by the image's rule (``image.argv(command, args)``). ``files`` is
    ``FileSystem(image.files, …)`` with the pod's volumes mounted. ``user`` and the groups are numeric, ``group``
    None for the user's own; ``cpu_limit`` counts cores, ``memory_limit`` bytes; ``pids`` is shared with another
    container where the pod says so, else its own. ``on_exit`` gets the exit code and the reason: Completed (0),
    Error, or OOMKilled (137).
    """

    def __init__(
        self,
        clock: Clock,
        network: Network,
        image: Image,
        *,
        name: str,
        argv: list[str],
        env: dict[str, str],
        files: FileSystem,
        hostname: str,
        ip: str,
        cwd: str = "",
        user: int = 0,
        group: int | None = None,
        more_groups: Iterable[int] = (),
        cpu_limit: float | None = None,
        memory_limit: int | None = None,
        stdin: bool = False,
        stdin_once: bool = False,
        tty: bool = False,
        pids: PidNamespace | None = None,
        on_exit: Callable[[int, str], None],
    ) -> None:
        self.id = f"containerd://{clock.random.getrandbits(256):064x}"
        self.name = name
        self.image = image
        self.argv = argv
        self.env = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname, **_terminal_env(tty), **image.env, **env}
        self.env.setdefault("HOME", home(files, user))
        self.cwd = cwd or image.workdir or "/"
        self.user = user
        primary = primary_group(files, user) if group is None else group
        self.groups = (primary, *sorted(set(more_groups) - {primary}))
        """The primary group, then the others."""
        self.log = Log(lambda: clock.now)
        self.exit_code: int | None = None
        self.kernel = Kernel(
            clock,
            network,
            files,
            hostname=hostname,
            ip=ip,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            pids=pids,
            on_end=self._ended,
        )
        self.console = Console(self.kernel, self.log, stdin=stdin, stdin_once=stdin_once, tty=tty)
        self._clock = clock
        self._on_exit = on_exit

    @property
    def running(self) -> bool:
        return self.kernel.main is not None and self.exit_code is None

    @property
    def memory(self) -> int:
        """Bytes in use now by all processes of the container."""
        return self.kernel.memory

    @property
    def cpu(self) -> Cpu:
        """The CPU time that its processes use."""
        return self.kernel.cpu

    def limit(self, cpu: float | None, memory: int | None) -> None:
        """Other limits from now on: cores and bytes, None for none."""
        self.kernel.cpu.limit(cpu)
        self.kernel.memory_limit = memory

    def start(self) -> None:
        """Start PID 1; its first step follows as an event of the clock. Raises StartError."""
        try:
            argv, program = self._program(self.argv)
        except LaunchError as error:
            raise StartError(
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
                f"runc create failed: unable to start container process: {error}"
            ) from None
        stdin, stdout, stderr = self.console.descriptors
        self.kernel.start(
            argv,
            program,
            env=self.env,
            cwd=self.cwd,
            uid=self.user,
            groups=self.groups,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )

    def stop(self, grace: float) -> None:
        """The image's stop signal (TERM unless it says otherwise) now, KILL after ``grace`` seconds.

        PID 1 ignores a signal that it has no handler for, as in Linux: a plain ``sleep`` ends by KILL, 137.
        """
        main = self.kernel.main
        if not self.running or main is None:
            return
        self.kernel.signal_later(main, self.image.stop_signal)
        timer = self._clock.call_later(grace, self.kill)
        main.on_end.append(lambda _: timer.cancel())

    def kill(self) -> None:
        """KILL, at once."""
        if self.running and self.kernel.main is not None:
            self.kernel.signal_later(self.kernel.main, "KILL")

    def exec(
        self,
        argv: list[str],
        *,
        stdin: bool = False,
        tty: bool = False,
        client: Client | None = None,
        on_exit: Callable[[int], None] = lambda code: None,
    ) -> Exec:
        """Run one more program in the container: ``kubectl exec``, an exec probe, a lifecycle hook.

        ``client`` gets the output; ``on_exit`` the exit code, 137 when the container ends first. Both are called
        from events of the clock. Raises StartError.
        """
        try:
            argv, program = self._program(argv)
        except LaunchError as error:
            exec_id = f"{self._clock.random.getrandbits(256):064x}"
            raise StartError(
                f'failed to exec in container: failed to start exec "{exec_id}": OCI runtime exec failed: '
                f"exec failed: unable to start container process: {error}"
            ) from None
        client = client or Callback(lambda fd, data: None)
        terminal = Terminal(self.kernel, Sink(client, 1)) if tty else None
        pipe = Pipe()
        process = self.kernel.start(
            argv,
            program,
            env={**self.env, **_terminal_env(tty)},
            cwd=self.cwd,
            uid=self.user,
            groups=self.groups,
            stdin=terminal or (pipe.reader if stdin else Null()),
            stdout=terminal or Sink(client, 1),
            stderr=terminal or Sink(client, 2),
        )
        process.on_end.append(on_exit)
        return Exec(process, terminal, pipe)

    def _program(self, argv: list[str]) -> tuple[list[str], Program]:
        return find_program(self.kernel.files, argv, self.env, self.cwd)

    def _ended(self, code: int, out_of_memory: bool) -> None:
        self.exit_code = code
        self.log.close()
        self.console.close()
        reason = "OOMKilled" if out_of_memory else "Completed" if code == 0 else "Error"
        self._clock.call_later(0, lambda: self._on_exit(code, reason))


class Exec:
    """A program started by ``Container.exec``. Calls after its end do nothing."""

    def __init__(self, process: Process, terminal: Terminal | None, pipe: Pipe) -> None:
        self._process = process
        self._terminal = terminal
        self._pipe = pipe

    @property
    def running(self) -> bool:
        return self._process.status is None

    def write_stdin(self, data: bytes) -> None:
        """Input for the program; on a terminal, keys as they are pressed."""
        if self.running:
            (self._terminal.type if self._terminal else self._pipe.writer.feed)(data)

    def close_stdin(self) -> None:
        """End of input; a terminal hangs up."""
        if self.running:
            (self._terminal.hang_up if self._terminal else self._pipe.writer.close)()

    def resize(self, columns: int, rows: int) -> None:
        """The size of the user's window, for a program with a terminal."""
        if self.running and self._terminal:
            self._terminal.resize(columns, rows)

    def kill(self) -> None:
        self._process.kernel.signal_later(self._process, "KILL")


def _terminal_env(tty: bool) -> dict[str, str]:
    return {"TERM": "xterm"} if tty else {}
