"""Forwarded ports over WebSocket, in the two protocols that clients speak.

kubectl wraps SPDY frames in WebSocket messages (``SPDY/3.1+portforward.k8s.io``) and opens two streams for each
connection, data and error, as many as it likes. The Python client (``v4.channel.k8s.io``) names its ports in
the query and has one connection each: channel 2n for data and 2n + 1 for an error, and on both the port comes
first as two bytes, the lower one before. Upstream: client-go's and cri-streaming's portforward.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSMsgType, web

from k8slearn.embedded.apiserver import http as api
from k8slearn.embedded.server import spdy
from k8slearn.embedded.server.streams import Step, upgrade_required

TUNNEL = "SPDY/3.1+portforward.k8s.io"
CHANNELS = "v4.channel.k8s.io"


class _Side(Protocol):
    """One protocol's side of the conversation with a client."""

    def receive(self, message: bytes) -> None: ...

    def close(self) -> None: ...


async def carry_forwarding(http: web.Request, forwarding: api.Forwarding, step: Step) -> web.StreamResponse:
    """Serve a client until it goes, or (with channels) until all its connections have ended."""
    socket = web.WebSocketResponse(protocols=(TUNNEL, CHANNELS))
    if not socket.can_prepare(http):
        return upgrade_required()
    await socket.prepare(http)
    outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
    kind = _Tunnel if socket.ws_protocol == TUNNEL else _Channels
    side: _Side = step(lambda: kind(forwarding, outbox.put_nowait))
    sender = asyncio.ensure_future(_send(socket, outbox))
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY and message.data:
                step(lambda data=message.data: side.receive(data))
    except spdy.ProtocolError:
        await socket.close(code=1002)
    finally:
        sender.cancel()
        step(side.close)
    return socket


async def _send(socket: web.WebSocketResponse, outbox: asyncio.Queue[bytes | None]) -> None:
    while (message := await outbox.get()) is not None:
        await socket.send_bytes(message)
    await socket.close()


class _Tunnel:
    """kubectl's side: SPDY streams in pairs, by their ``requestid``."""

    def __init__(self, forwarding: api.Forwarding, write: Callable[[bytes], None]) -> None:
        self._forwarding = forwarding
        self._spdy = spdy.Connection(write, self._opened)
        self._half: dict[str, spdy.Stream] = {}
        self._open: list[api.Connection] = []

    def receive(self, message: bytes) -> None:
        self._spdy.receive(message)

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def _opened(self, stream: spdy.Stream) -> None:
        request = stream.headers.get("requestid", "")
        other = self._half.pop(request, None)
        if other is None:
            self._half[request] = stream
            return
        data, error = (stream, other) if stream.headers.get("streamtype") == "data" else (other, stream)
        port = data.headers.get("port", "")
        if not port.isdecimal():
            raise spdy.ProtocolError(f'unable to parse "{port}" as a port')
        connection = self._forwarding.connect(int(port), _Pair(data, error))
        self._open.append(connection)

        def closed() -> None:
            """The error stream ends in any case: kubectl waits for it."""
            connection.close()
            error.end()
            for one in (data, error):
                self._spdy.streams.pop(one.number, None)
            if connection in self._open:
                self._open.remove(connection)

        data.on_data, data.on_end, data.on_reset = connection.receive, connection.close_input, closed


class _Pair:
    """The pod's end of one connection, as two streams."""

    def __init__(self, data: spdy.Stream, error: spdy.Stream) -> None:
        self._data = data
        self._error = error

    def send(self, data: bytes) -> None:
        self._data.send(data)

    def end(self, error: str = "") -> None:
        self._error.send(error.encode())
        self._error.end()
        self._data.end()


class _Channels:
    """The Python client's side."""

    def __init__(self, forwarding: api.Forwarding, write: Callable[[bytes | None], None]) -> None:
        self._write = write
        self._left = len(forwarding.ports)
        for number, port in enumerate(forwarding.ports):
            for channel in (2 * number, 2 * number + 1):
                write(bytes([channel]) + port.to_bytes(2, "little"))
        self._connections = [
            forwarding.connect(port, _Channel(self, 2 * number))
            for number, port in enumerate(forwarding.ports)
        ]

    def send(self, channel: int, data: bytes) -> None:
        self._write(bytes([channel]) + data)

    def ended(self) -> None:
        self._left -= 1
        if not self._left:
            self._write(None)

    def receive(self, message: bytes) -> None:
        number, is_error = divmod(message[0], 2)
        if not is_error and number < len(self._connections):
            self._connections[number].receive(message[1:])

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


class _Channel:
    """The pod's end of one connection, as two channels."""

    def __init__(self, side: _Channels, channel: int) -> None:
        self._side = side
        self._channel = channel

    def send(self, data: bytes) -> None:
        self._side.send(self._channel, data)

    def end(self, error: str = "") -> None:
        if error:
            self._side.send(self._channel + 1, error.encode())
        self._side.ended()
