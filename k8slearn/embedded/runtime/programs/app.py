"""The lessons' application in a simulated container: ``k8slearn.app`` on a simulated process.

The application's ``async`` functions ask a ``Host``; here each of its questions is one to the process. Every
coroutine, the main one, those it spawns and the answering of each request, is a task that goes on from one
suspension to the next, as processes do, and ends with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from k8slearn.app.host import Handler, Request, RequestFailed, Response
from k8slearn.app.programs import run
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import HttpRequest, HttpResponse, NetworkError, UnknownHost
from k8slearn.embedded.network.errors import ConnectionClosed, Unreachable
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.network.network import Connection
from k8slearn.embedded.runtime.process import Process, Suspension
from k8slearn.embedded.runtime.programs.httpd import python
from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.resolver import resolve

CHUNK = 65536


def python_with_app(process: Process, args: list[str]) -> Steps:
    """The python of the application's image: ``python3 -m app PROGRAM …`` and what any python does."""
    if args[:2] != ["-m", "app"]:
        return (yield from python(process, args))
    host = SimulatedHost(process)
    process.on_end.append(lambda status: host.end())
    return (yield lambda wake: host.begin(args[2:], wake))


class SimulatedHost:
    """``k8slearn.app.host.Host`` on a process."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.name = process.kernel.hostname
        self.env: Mapping[str, str] = process.env
        self.ended = False
        self._tasks: dict[_Task, None] = {}
        self._exit: Callable[[int], None] = lambda code: None

    # -- tasks ------------------------------------------------------------------------------------

    def begin(self, args: list[str], exit_with: Callable[[int], None]) -> Callable[[], None]:
        """The suspension in which the process waits for its exit code."""
        self._exit = exit_with

        async def main() -> None:
            self.exit(await run(self, args))

        self.spawn(main())
        return lambda: None

    def end(self) -> None:
        """The process is gone, and everything that it did."""
        self.ended = True
        for task in list(self._tasks):
            task.cancel()

    def spawn(self, task: Coroutine[Any, Any, None]) -> None:
        _Task(task, self._tasks).go_on()

    def event(self) -> _Event:
        return _Event(self.process.kernel.clock)

    # -- the machine ------------------------------------------------------------------------------

    def now(self) -> float:
        return self.process.kernel.clock.now

    def log(self, line: str) -> None:
        self.process.fds[1].write(f"{line}\n".encode())

    def read(self, path: str) -> bytes:
        descriptor, data = self.process.open(path), b""
        while chunk := descriptor.read(CHUNK):
            data += chunk
        return data

    def write(self, path: str, data: bytes) -> None:
        self.process.open(path, "w").write(data)

    async def sleep(self, seconds: float) -> None:
        await _Steps(self.process.sleep(seconds))

    async def compute(self, seconds: float) -> None:
        await _Steps(self.process.compute(seconds))

    def hold(self, size: int) -> None:
        self.process.allocate(size)

    def on_terminate(self, action: Callable[[], None]) -> None:
        self.process.handlers["TERM"] = action

    def exit(self, code: int) -> None:
        self.ended = True
        self._exit(code)

    # -- the network ------------------------------------------------------------------------------

    async def listen(self, port: int, handler: Handler) -> _Listener:
        listener = _Listener(self, port, handler)
        try:
            self.process.listen(port, listener)
        except NetworkError as error:
            raise OSError(f"[Errno 98] {error}") from None
        return listener

    async def connect(self, host: str, port: int, timeout: float) -> _Connection:
        process, network = self.process, self.process.kernel.network
        try:
            ip = await _Steps(resolve(process, host))
            return _Connection(self, network.connect(process.kernel.ip, ip, port))
        except UnknownHost:
            raise RequestFailed(f"cannot resolve {host}") from None
        except Unreachable:
            await self.sleep(timeout)
            raise RequestFailed("timed out") from None
        except NetworkError as error:
            raise RequestFailed(str(error).lower()) from None


class _Steps:
    """A process's generator, as something that a coroutine can await."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def __await__(self) -> Steps:
        return self._steps


class _Task:
    """A coroutine that goes on whenever what it waits for has come."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], running: dict[_Task, None]) -> None:
        self._coroutine = coroutine
        self._running = running
        self._give_up: Callable[[], None] | None = None
        self._turn = 0
        self._value: Any = None
        running[self] = None

    def go_on(self, value: Any = None) -> None:
        """Run to the next suspension that has to be waited for."""
        while True:
            try:
                suspension: Suspension = self._coroutine.send(value)
            except StopIteration:
                self._running.pop(self, None)
                return
            self._turn += 1
            turn, self._give_up = self._turn, None
            give_up = suspension(self._waker(turn))
            if self._turn == turn:
                self._give_up = give_up
                return
            value = self._value  # it woke at once

    def _waker(self, turn: int) -> Callable[..., None]:
        return lambda value=None: self._wake(turn, value)

    def _wake(self, turn: int, value: Any) -> None:
        if self._turn != turn:
            return
        self._turn += 1
        if self._give_up is None:
            self._value = value
        else:
            self.go_on(value)

    def cancel(self) -> None:
        if self._give_up is not None:
            self._give_up()
        self._turn += 1
        self._coroutine.close()


class _Event:
    """Those who wait go on in the next step of the simulation, after whoever sets it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._happened = False
        self._waiting: list[Callable[[], None]] = []

    def set(self) -> None:
        self._happened = True
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            self._clock.call_later(0, wake)

    async def wait(self) -> None:
        if not self._happened:
            await _Steps(self._suspend())

    def _suspend(self) -> Steps:
        yield self._when_set

    def _when_set(self, wake: Callable[..., None]) -> Callable[[], None]:
        self._waiting.append(wake)
        return lambda: self._waiting.remove(wake) if wake in self._waiting else None


class _Listener:
    """Each request is answered by a task of its own; those in flight when the program ends get no answer."""

    def __init__(self, host: SimulatedHost, port: int, handler: Handler) -> None:
        self._host = host
        self._port = port
        self._handler = handler
        self._in_flight: dict[Reply, None] = {}
        host.process.on_end.append(lambda status: self._drop())

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        self._in_flight[reply] = None
        self._host.spawn(self._answer(request, reply))

    async def _answer(self, request: HttpRequest, reply: Reply) -> None:
        asked = Request(request.method, request.path, request.headers, request.body)
        response = await self._handler(asked)
        if self._host.ended:
            return
        self._in_flight.pop(reply, None)
        length = str(len(response.body))
        headers = {"content-type": response.content_type, "content-length": length}
        reply(HttpResponse(response.status, response.body, headers))

    def _drop(self) -> None:
        in_flight, self._in_flight = self._in_flight, {}
        for reply in in_flight:
            reply(None)

    def close(self) -> None:
        self._host.process.unlisten(self._port)


class _Connection:
    """A connection of the simulated network, kept alive."""

    def __init__(self, host: SimulatedHost, connection: Connection) -> None:
        self._host = host
        self._connection = connection

    async def request(self, request: Request, timeout: float) -> Response:
        sent = HttpRequest(request.method, request.target, dict(request.headers), request.body)
        outcome = await _Steps(self._send(sent, timeout))
        if isinstance(outcome, NetworkError):
            words = "connection reset" if isinstance(outcome, ConnectionClosed) else str(outcome).lower()
            raise RequestFailed(words)
        return Response(outcome.status, outcome.body, outcome.headers.get("content-type", ""))

    def _send(self, request: HttpRequest, timeout: float) -> Steps:
        network = self._host.process.kernel.network
        return (yield lambda wake: network.send(self._connection, request, wake, timeout))

    def close(self) -> None:
        """Nothing is kept: the next request makes a connection of its own."""
