"""A process and what its program may ask of the kernel.

A program is a generator function: it is given its Process, yields whenever it must wait, and returns its exit
code. What it yields is a *suspension*: a function that gets ``wake`` and returns how to give up waiting. So
``yield from process.sleep(1)`` is all a program needs to know:

    def hello(process: Process) -> Generator[Suspension, Any, int]:
        yield from process.sleep(1)
        yield from process.write(1, b"hello\\n")
        return 0
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from k8slearn.embedded.network import HttpRequest, HttpResponse, Listener, NetworkError
from k8slearn.embedded.runtime.descriptors import Descriptor, Null, OpenFile, Zeros
from k8slearn.embedded.runtime.files import (
    Device,
    Directory,
    FileSystem,
    Program,
    RegularFile,
    Symlink,
    os_error,
)

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.kernel import Kernel

Suspension = Callable[[Callable[..., None]], Callable[[], None]]

INTERRUPTED = object()
"""What a suspension gives when ``interrupt`` ended it, as EINTR does."""

BASE_MEMORY = 1024 * 1024
"""Bytes a process takes before it asks for more."""

_FD_PATH = re.compile(r"/proc/(self|\d+)/fd/(\d+)")
_STATUS_PATH = re.compile(r"/proc/(self|\d+)/status")


class Terminated(BaseException):
    """Unwinds the program of a process that a signal ends while it runs: ``kill -9 $$``, a broken pipe."""

    def __init__(self, signal: str) -> None:
        self.signal = signal


class Process:
    """Made by ``Kernel.start`` and ``spawn``. ``status`` is None while it lives, then its exit code (128 + n
    when a signal n, ``ended_by``, ended it). ``groups`` begins with the primary one. ``handlers`` has a
    function per caught signal, None for an ignored one."""

    def __init__(
        self,
        kernel: Kernel,
        pid: int,
        parent: Process | None,
        argv: list[str],
        program: Program,
        *,
        env: dict[str, str],
        cwd: str,
        uid: int,
        groups: tuple[int, ...],
        fds: dict[int, Descriptor],
    ) -> None:
        self.kernel = kernel
        self.pid = pid
        self.parent = parent
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.uid = uid
        self.groups = groups
        self.fds = {number: descriptor.retain() for number, descriptor in fds.items()}
        self.handlers: dict[str, Callable[[], None] | None] = {}
        self.status: int | None = None
        self.started = kernel.clock.now
        self.memory = BASE_MEMORY
        self.on_end: list[Callable[[int], None]] = []
        self.ports: list[tuple[int, str]] = []
        self.turn = 0
        self.give_up: Callable[[], None] | None = None
        self.doomed: str | None = None
        self.error: Exception | None = None
        self.ended_by: str | None = None
        self.body: Generator[Suspension, Any, int] = program(self)

    @property
    def name(self) -> str:
        return self.argv[0].rpartition("/")[2]

    @property
    def owner(self) -> tuple[int, int]:
        """uid and gid of the files that it makes."""
        return self.uid, self.groups[0]

    def proc_status(self) -> str:
        """The first lines of /proc/PID/status: whose process it is."""
        uid, gid = f"{self.uid}\t" * 3, f"{self.groups[0]}\t" * 3
        parent = self.parent.pid if self.parent else 0
        groups = " ".join(map(str, sorted(self.groups)))
        return (
            f"Name:\t{self.name}\nPid:\t{self.pid}\nPPid:\t{parent}\n"
            f"Uid:\t{uid}{self.uid}\nGid:\t{gid}{self.groups[0]}\nGroups:\t{groups} \n"
        )

    @property
    def files(self) -> FileSystem:
        return self.kernel.files

    # -- waiting --------------------------------------------------------------------------------

    def step(self) -> Generator[Suspension, Any, None]:
        """Account for a bit of CPU; every loop of a program must pass here, so that none runs for ever
        without time passing. Raises Terminated when a signal has ended the process meanwhile."""
        if self.doomed is not None:
            raise Terminated(self.doomed)
        wait = self.kernel.cpu.step()
        if wait:
            yield from self.sleep(wait)

    def compute(self, seconds: float) -> Generator[Suspension, Any, None]:
        """Keep the CPU busy for ``seconds`` of its time; by the clock it takes longer under a limit, or when
        other work of the container is in line."""
        yield from self.sleep(self.kernel.cpu.charge(seconds))

    def sleep(self, seconds: float) -> Generator[Suspension, Any, bool]:
        """False when a signal handler's ``interrupt`` ended it early."""
        clock = self.kernel.clock
        woken = yield lambda wake: clock.call_later(seconds, wake, background=True).cancel
        return woken is not INTERRUPTED

    def pause(self) -> Generator[Suspension, Any, None]:
        """Until a handler interrupts."""
        yield lambda wake: lambda: None

    def wait(self, child: Process) -> Generator[Suspension, Any, int | None]:
        """The child's status; None when a handler's ``interrupt`` came first."""
        while child.status is None:

            def when_ended(wake: Callable[..., None]) -> Callable[[], None]:
                child.on_end.append(wake)
                return lambda: child.on_end.remove(wake) if wake in child.on_end else None

            if (yield when_ended) is INTERRUPTED:
                return None
        return child.status

    def interrupt(self) -> None:
        """End what this process waits for; for signal handlers."""
        self.kernel.interrupt(self)

    def throw(self, error: Exception) -> None:
        """Raise ``error`` where this process waits or next goes on; for signal handlers."""
        self.kernel.throw(self, error)

    # -- files ----------------------------------------------------------------------------------

    def path(self, path: str) -> str:
        """``path`` made absolute. An empty one is no file. Raises ENOENT."""
        if not path:
            raise os_error(errno.ENOENT, path)
        return path if path.startswith("/") else f"{self.cwd.rstrip('/')}/{path}"

    def open(self, path: str, mode: str = "r") -> Descriptor:
        """``mode`` is r, w (truncate), a or r+ (``<>``). Raises OSError. Its user releases it."""
        if match := _FD_PATH.fullmatch(self._link_target(self.path(path))):
            owner = self if match[1] == "self" else self.kernel.processes.get(int(match[1]))
            if owner is None or int(match[2]) not in owner.fds:
                raise os_error(errno.ENOENT, path)
            return owner.fds[int(match[2])]
        if match := _STATUS_PATH.fullmatch(self.path(path)):
            owner = self if match[1] == "self" else self.kernel.processes.get(int(match[1]))
            if owner is None:
                raise os_error(errno.ENOENT, path)
            return OpenFile(RegularFile(owner.proc_status().encode()), readable=True)
        real, node, read_only = self.files.resolve(self.path(path))
        if isinstance(node, Device):
            random = self.kernel.clock.random
            return {"null": Null, "zero": Zeros}.get(node.kind, lambda: Zeros(random.randbytes))()
        if mode == "r":
            if node is None:
                raise os_error(errno.ENOENT, path)
            if isinstance(node, Directory):
                return DirectoryDescriptor()
            assert isinstance(node, RegularFile)
            self.require(node, 4, path)
            return OpenFile(node, readable=True)
        if read_only and not isinstance(node, Directory):
            raise os_error(errno.EROFS, path)  # which the kernel sees before whose file it is
        if isinstance(node, RegularFile):
            self.require(node, 2, path)
        elif node is None:
            parent = self.files.lookup(real.rpartition("/")[0] or "/")
            if parent is not None:
                self.require(parent, 2, path)
        file = self.files.open_for_writing(self.path(path), owner=self.owner)
        if mode == "w":
            file.content = b""
        file.modified = self.kernel.clock.now
        return OpenFile(
            file,
            readable=mode == "r+",
            writable=True,
            append=mode == "a",
            touch=self._touch,
        )

    def _link_target(self, path: str) -> str:
        """Where the links at ``path`` lead: /var/log/nginx/access.log -> /dev/stdout -> /proc/self/fd/1."""
        for _ in range(8):
            node = self.files.lookup(path, follow=False)
            if not isinstance(node, Symlink):
                break
            path = node.target if node.target.startswith("/") else f"{path.rpartition('/')[0]}/{node.target}"
        return path

    def require(self, node: Any, bit: int, path: str) -> None:
        """Raises EACCES when this user may not read (4), write (2) or execute (1) ``node``."""
        if not self.allowed(node, bit):
            raise os_error(errno.EACCES, path)

    def allowed(self, node: Any, bit: int) -> bool:
        if self.uid == 0:
            return bit != 1 or bool(node.mode & 0o111) or isinstance(node, Directory)
        shift = 6 if node.uid == self.uid else 3 if node.gid in self.groups else 0
        return bool((node.mode >> shift) & bit)

    def _touch(self, node: RegularFile) -> None:
        node.modified = self.kernel.clock.now

    def read(self, fd: int, size: int = 65536) -> Generator[Suspension, Any, bytes]:
        """Up to ``size`` bytes, b"" at the end. Raises EBADF, EISDIR."""
        yield from self.step()
        descriptor = self._descriptor(fd)
        while (data := descriptor.read(size)) is None:
            yield descriptor.when_readable
        return data

    def read_all(self, fd: int) -> Generator[Suspension, Any, bytes]:
        """Everything to the end, which takes memory."""
        chunks = bytearray()
        while data := (yield from self.read(fd)):
            chunks += data
            self.allocate(len(data))
        return bytes(chunks)

    def write(self, fd: int, data: bytes) -> Generator[Suspension, Any, None]:
        """All of ``data``. A pipe that nobody reads ends the process (PIPE). Raises EBADF."""
        if not data:
            return
        yield from self.step()
        descriptor = self._descriptor(fd)
        try:
            while not descriptor.write(data):
                yield descriptor.when_writable
        except OSError as error:
            if error.errno == errno.EPIPE and "PIPE" not in self.handlers:
                raise Terminated("PIPE") from None
            raise

    def print(self, text: str) -> Generator[Suspension, Any, None]:
        """A line on stdout."""
        yield from self.write(1, f"{text}\n".encode())

    def complain(self, text: str) -> Generator[Suspension, Any, None]:
        """``name: text`` on stderr, as every command does."""
        yield from self.write(2, f"{self.name}: {text}\n".encode())

    def _descriptor(self, fd: int) -> Descriptor:
        try:
            return self.fds[fd]
        except KeyError:
            raise os_error(errno.EBADF) from None

    # -- other processes ------------------------------------------------------------------------

    def spawn(
        self,
        argv: list[str],
        program: Program,
        *,
        env: dict[str, str] | None = None,
        fds: dict[int, Descriptor] | None = None,
    ) -> Process:
        """A child. Its first step comes after this process waits for something."""
        return self.kernel.spawn(
            argv,
            program,
            parent=self,
            env=self.env if env is None else env,
            cwd=self.cwd,
            uid=self.uid,
            groups=self.groups,
            fds=self.fds if fds is None else fds,
        )

    def allocate(self, size: int) -> None:
        """Take ``size`` bytes of memory (negative: give back). More than the container's limit kills it."""
        self.memory += size
        self.kernel.charge(self, size)

    # -- the network ----------------------------------------------------------------------------

    def listen(self, port: int, listener: Listener, protocol: str = "TCP") -> None:
        """Open ``port`` until this process ends. Raises AddressInUse."""
        self.kernel.network.listen(self.kernel.ip, port, listener, protocol)
        self.ports.append((port, protocol))

    def unlisten(self, port: int, protocol: str = "TCP") -> None:
        """Close a port that this process listens on."""
        self.kernel.network.unlisten(self.kernel.ip, port, protocol)
        self.ports.remove((port, protocol))

    def request(
        self, ip: str, port: int, request: HttpRequest, timeout: float | None = None
    ) -> Generator[Suspension, Any, HttpResponse]:
        """Raises NetworkError."""
        kernel = self.kernel
        outcome = yield lambda wake: kernel.network.request(kernel.ip, ip, port, request, wake, timeout)
        if isinstance(outcome, NetworkError):
            raise outcome
        return outcome


class DirectoryDescriptor(Descriptor):
    """An opened directory: it opens, but reading says EISDIR."""

    def read(self, size: int) -> bytes:
        raise os_error(errno.EISDIR)
