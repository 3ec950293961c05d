"""A simulated container, as containerd and runc give one to the kubelet: a program, its files, its log.

What happens inside takes place in the clock's events only: ``start`` and ``exec`` return before the program's
first step, and ``on_exit`` is never called from within a call of the kubelet's.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import Network
from k8slearn.embedded.runtime.accounts import home
from k8slearn.embedded.runtime.cpu import Cpu
from k8slearn.embedded.runtime.descriptors import Callback, Descriptor, LogSink, Null, Pipe
from k8slearn.embedded.runtime.files import FileSystem, Program
from k8slearn.embedded.runtime.images import Image
from k8slearn.embedded.runtime.kernel import Kernel
from k8slearn.embedded.runtime.launch import LaunchError, find_program
from k8slearn.embedded.runtime.log import Log
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.terminal import Terminal

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class StartError(Exception):
    """The container or the exec could not start; ``str()`` is containerd's sentence, ready for an event or a
    status message. A container that cannot start has exit code 128 and reason StartError."""


class Container:
    """One run of one container; a restart is a new Container.

    ``argv`` is command and args by the image's rule (``image.argv(command, args)``). ``files`` is
    ``FileSystem(image.files, …)`` with the pod's volumes mounted. ``user`` is numeric; ``cpu_limit`` counts
    cores, ``memory_limit`` bytes. ``on_exit`` gets the exit code and the reason: Completed (0), Error, or
    OOMKilled (137).
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
        cpu_limit: float | None = None,
        memory_limit: int | None = None,
        on_exit: Callable[[int, str], None],
    ) -> None:
        self.id = f"containerd://{clock.random.getrandbits(256):064x}"
        self.name = name
        self.image = image
        self.argv = argv
        self.env = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname, **image.env, **env}
        self.env.setdefault("HOME", home(files, user))
        self.cwd = cwd or image.workdir or "/"
        self.user = user
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
            on_end=self._ended,
        )
        self._clock = clock
        self._on_exit = on_exit

    @property
    def running(self) -> bool:
        return self.kernel.init is not None and self.exit_code is None

    @property
    def memory(self) -> int:
        """Bytes in use now by all processes of the container."""
        return self.kernel.memory

    @property
    def cpu(self) -> Cpu:
        """The CPU time that its processes use."""
        return self.kernel.cpu

    def start(self) -> None:
        """Start PID 1; its first step follows as an event of the clock. Raises StartError."""
        try:
            argv, program = self._program(self.argv)
        except LaunchError as error:
            raise StartError(
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
                f"runc create failed: unable to start container process: {error}"
            ) from None
        self.kernel.start(
            argv,
            program,
            env=self.env,
            cwd=self.cwd,
            uid=self.user,
            stdin=Null(),
            stdout=LogSink(self.log, "stdout"),
            stderr=LogSink(self.log, "stderr"),
        )

    def stop(self, grace: float) -> None:
        """The image's stop signal (TERM unless it says otherwise) now, KILL after ``grace`` seconds.

        PID 1 ignores a signal that it has no handler for, as in Linux: a plain ``sleep`` ends by KILL, 137.
        """
        init = self.kernel.init
        if not self.running or init is None:
            return
        self.kernel.signal_later(init, self.image.stop_signal)
        timer = self._clock.call_later(grace, self.kill)
        init.on_end.append(lambda _: timer.cancel())

    def kill(self) -> None:
        """KILL, at once."""
        if self.running and self.kernel.init is not None:
            self.kernel.signal_later(self.kernel.init, "KILL")

    def exec(
        self,
        argv: list[str],
        *,
        stdin: bool = False,
        tty: bool = False,
        on_output: Callable[[int, bytes], None] = lambda fd, data: None,
        on_exit: Callable[[int], None] = lambda code: None,
    ) -> Exec:
        """Run one more program in the container: ``kubectl exec``, an exec probe, a lifecycle hook.

        ``on_output`` gets 1 or 2 (stdout, stderr; with ``tty`` all is 1) and bytes; ``on_exit`` the exit
        code, 137 when the container ends first. Both are called from events of the clock. Raises StartError.
        """
        try:
            argv, program = self._program(argv)
        except LaunchError as error:
            exec_id = f"{self._clock.random.getrandbits(256):064x}"
            raise StartError(
                f'failed to exec in container: failed to start exec "{exec_id}": OCI runtime exec failed: '
                f"exec failed: unable to start container process: {error}"
            ) from None
        if tty:
            terminal = Terminal(self.kernel, lambda data: on_output(1, data))
            streams: tuple[Descriptor, Descriptor, Descriptor] = (terminal, terminal, terminal)
            keys, end = (terminal.type if stdin else _nothing, terminal.hang_up)
        else:
            pipe = Pipe()
            streams = (
                pipe.reader if stdin else Null(),
                Callback(lambda data: on_output(1, data)),
                Callback(lambda data: on_output(2, data)),
            )
            keys, end = pipe.writer.feed, pipe.writer.close
        process = self.kernel.start(
            argv,
            program,
            env={**self.env, "TERM": "xterm"} if tty else self.env,
            cwd=self.cwd,
            uid=self.user,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
        )
        process.on_end.append(on_exit)
        return Exec(process, keys, end)

    def _program(self, argv: list[str]) -> tuple[list[str], Program]:
        return find_program(self.kernel.files, argv, self.env, self.cwd)

    def _ended(self, code: int, out_of_memory: bool) -> None:
        self.exit_code = code
        self.log.close()
        reason = "OOMKilled" if out_of_memory else "Completed" if code == 0 else "Error"
        self._clock.call_later(0, lambda: self._on_exit(code, reason))


class Exec:
    """A program started by ``Container.exec``. Calls after its end do nothing."""

    def __init__(self, process: Process, keys: Callable[[bytes], None], end: Callable[[], None]) -> None:
        self._process = process
        self._keys = keys
        self._end = end

    @property
    def running(self) -> bool:
        return self._process.status is None

    def write_stdin(self, data: bytes) -> None:
        """Input for the program; on a terminal, keys as they are pressed."""
        if self.running:
            self._keys(data)

    def close_stdin(self) -> None:
        """End of input."""
        if self.running:
            self._end()

    def kill(self) -> None:
        self._process.kernel.signal_later(self._process, "KILL")


def _nothing(data: bytes) -> None:
    """Input for a program that was started without."""
