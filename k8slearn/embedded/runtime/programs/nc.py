"""``nc``, as busybox builds it for its official image: look whether a port is open, talk to a program, or listen.

    nc -zv web 80                                            web (10.96.12.7:80) open
    printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc web 80              a request by hand
    nc -lk -p 9000 -e cat                                    an echo server
    printf 'HTTP/1.1 200 OK\\n\\nhi\\n' | nc -l -p 8080        a server for one request

The simulated network carries HTTP exchanges. Between two ``nc`` bytes go as they are; between one and an HTTP
program what it says is read, and written, as HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from k8slearn.embedded.network import (
    AddressInUse,
    Connection,
    ConnectionRefused,
    HttpRequest,
    HttpResponse,
    NetworkError,
    UnknownHost,
)
from k8slearn.embedded.network.http import Reply
from k8slearn.embedded.network.http_wire import Parser, UnreadableRequest, encode
from k8slearn.embedded.network.network import CONNECT_TIMEOUT
from k8slearn.embedded.runtime.descriptors import Descriptor, Pipe, Wake
from k8slearn.embedded.runtime.launch import LaunchError, find_program
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError
from k8slearn.embedded.runtime.resolver import connect, resolve

IN, OUT = 3, 4
"""The numbers under which nc has the two directions of its connection open."""

Streams = tuple[Descriptor, Descriptor]
"""Where one reads what the other says, and where one writes."""

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r?\n")


def nc(process: Process, args: list[str]) -> Steps:
    """``nc [-znv] [-w SEC] HOST PORT``, ``nc -l[k] [-v] -p PORT [-e PROG]``"""
    found, words = _options(args)
    if "l" in found:
        return (yield from _listen(process, found, words))
    if len(words) != 2:
        raise UsageError
    host, port = words[0], _port(words[1])
    try:
        ip = yield from resolve(process, host)
    except UnknownHost:
        raise Fault(f"bad address '{host}'") from None
    place = f"{host} ({ip}:{port})"
    try:
        connection = yield from connect(process, ip, port, float(found.get("w") or CONNECT_TIMEOUT))
    except NetworkError as error:
        refused = isinstance(error, ConnectionRefused)
        if len(found.get("v", "")) > refused:
            yield from process.complain(
                f"{place}: {'Connection refused' if refused else 'Connection timed out'}"
            )
        return 1
    if "v" in found:
        yield from process.write(2, f"{place} open\n".encode())
    if "z" in found:
        return 0
    if isinstance(connection.listener, _Socket):
        yield from _talk(process, connection.listener.accept())
    else:
        yield from _http(process, connection)
    return 0


def _options(args: list[str]) -> tuple[dict[str, str], list[str]]:
    """As ``options``, but the letters l and v count, and what follows ``-e PROG`` are its arguments."""
    found: dict[str, str] = {}
    words: list[str] = []
    pending = list(args)
    while pending:
        arg = pending.pop(0)
        if len(arg) < 2 or arg[0] != "-":
            words.append(arg)
            continue
        for index, letter in enumerate(arg[1:], 2):
            if letter in "lknzv":
                found[letter] = found.get(letter, "") + letter
            elif letter in "pwei":
                if not arg[index:] and not pending:
                    raise UsageError(f"option requires an argument -- '{letter}'")
                found[letter] = arg[index:] or pending.pop(0)
                if letter == "e":
                    return found, [*words, *pending]
                break
            else:
                raise UsageError(f"invalid option -- '{letter}'")
    return found, words


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Fault(f"bad port '{text}'")
    return int(text)


# -- listening --------------------------------------------------------------------------------------


class _Socket:
    """A port on which nc listens: connections wait in it until they are taken."""

    def __init__(self) -> None:
        self.waiting: list[Streams] = []
        self.wake: Callable[..., None] = lambda: None

    def accept(self) -> Streams:
        """The client's end of a new connection."""
        there, back = Pipe(), Pipe()
        self._arrived((there.reader, back.writer))
        return back.reader, there.writer

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        """A connection on which an HTTP request comes, and whose answer is read as HTTP."""
        there = Pipe()
        there.writer.feed(_request_bytes(request))
        self._arrived((there.reader, _Answer(there, reply)))

    def _arrived(self, streams: Streams) -> None:
        self.waiting.append(streams)
        self.wake()


class _Answer(Descriptor):
    """What is written until it closes is the answer; then the client closes as well."""

    def __init__(self, request: Pipe, reply: Reply) -> None:
        super().__init__()
        self.request = request
        self.reply = reply
        self.data = bytearray()

    def write(self, data: bytes) -> bool:
        self.data += data
        return True

    def close(self) -> None:
        self.reply(_response(bytes(self.data)))
        self.request.writer.close()


def _listen(process: Process, found: dict[str, str], words: list[str]) -> Steps:
    port = _port(found.get("p") or (words[-1] if words and "e" not in found else ""))
    persistent = "k" in found or len(found["l"]) > 1
    socket = _Socket()
    try:
        process.listen(port, socket)
    except AddressInUse as error:
        raise Fault(f"bind: {error}") from None
    if "v" in found:
        yield from process.write(2, f"listening on 0.0.0.0:{port} ...\n".encode())
    while True:
        while not socket.waiting:
            yield from _wait_for(socket)
        streams = socket.waiting.pop(0)
        if not persistent:
            process.unlisten(port)
        if "e" in found:
            child = _run(process, [found["e"], *words], streams)
            status = 0 if persistent else (yield from process.wait(child))
        else:
            status = yield from _talk(process, streams)
        if not persistent:
            return status


def _wait_for(socket: _Socket) -> Steps:
    def suspension(wake: Callable[..., None]) -> Callable[[], None]:
        socket.wake = wake
        return lambda: None

    yield suspension


def _run(process: Process, argv: list[str], streams: Streams) -> Process:
    """``-e``: a program of its own for the connection."""
    try:
        argv, program = find_program(process.files, argv, process.env, process.cwd)
    except LaunchError:
        raise Fault(f"can't execute '{argv[0]}': No such file or directory") from None
    return process.spawn(argv, program, fds={0: streams[0], 1: streams[1], 2: process.fds[2]})


# -- talking ----------------------------------------------------------------------------------------


def _talk(process: Process, streams: Streams) -> Steps:
    """Standard input goes out and what comes in goes to standard output, until the other side closes."""
    incoming = process.fds[IN] = streams[0].retain()
    process.fds[OUT] = streams[1].retain()
    speaking = True
    try:
        while True:
            yield from process.step()
            said = process.fds[0].read(65536) if speaking else None
            heard = incoming.read(65536)
            if said:
                yield from process.write(OUT, said)
            elif said is not None:
                speaking = False
                process.fds.pop(OUT).release()
            if heard == b"":
                return 0
            if heard:
                yield from process.write(1, heard)
            if said is None and heard is None:
                yield _either(process.fds[0] if speaking else incoming, incoming)
    finally:
        for number in (IN, OUT):
            if number in process.fds:
                process.fds.pop(number).release()


def _either(one: Descriptor, other: Descriptor) -> Any:
    """The suspension that ends when one of the two can be read."""

    def suspension(wake: Wake) -> Callable[[], None]:
        cancels: list[Callable[[], None]] = []

        def cancel() -> None:
            for one in cancels:
                one()

        def wake_once() -> None:
            cancel()
            wake()

        cancels.extend(descriptor.when_readable(wake_once) for descriptor in dict.fromkeys((one, other)))
        return cancel

    return suspension


def _http(process: Process, connection: Connection) -> Steps:
    """Requests written by hand to a program that speaks HTTP, or nothing that nc understands."""
    parser = Parser()
    network = process.kernel.network
    while data := (yield from process.read(0)):
        parser.feed(data)
        try:
            while message := parser.next():
                request, keep_alive = message
                outcome = yield lambda wake, request=request: network.send(connection, request, wake)
                if isinstance(outcome, NetworkError):
                    return
                yield from process.write(1, encode(outcome, request.method, keep_alive=keep_alive))
                if not keep_alive:
                    return
        except UnreadableRequest:
            yield from process.write(1, encode(HttpResponse(400), "GET", keep_alive=False))
            return


def _request_bytes(request: HttpRequest) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [
        f"{'-'.join(w.capitalize() for w in name.split('-'))}: {v}" for name, v in request.headers.items()
    ]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def _response(data: bytes) -> HttpResponse | None:
    """None for what is no HTTP. Lines may end as they like: by hand one writes \\n."""
    match = _STATUS_LINE.match(data)
    if match is None:
        return None
    head, *body = _BLANK_LINE.split(data[match.end(1) :], maxsplit=1)
    headers = {}
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return HttpResponse(int(match[1]), b"".join(body), headers)
