"""The host in a real container: asyncio, sockets, the machine's clock."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from .host import Handler, Request, RequestFailed, Response

SLICE = 0.005
"""Seconds of work after which others get their turn: a health probe must be answered meanwhile."""

LARGEST_BODY = 1 << 20
PIECE = 1 << 20

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error"}


class RealHost:
    def __init__(self) -> None:
        self.name = socket.gethostname()
        self.env: Mapping[str, str] = os.environ
        self._held = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        return time.time()

    def log(self, line: str) -> None:
        print(line, flush=True)

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        new = Path(f"{path}.new")
        new.write_bytes(data)
        new.replace(path)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def compute(self, seconds: float) -> None:
        end = time.thread_time() + seconds
        while (left := end - time.thread_time()) > 0:
            until = time.thread_time() + min(left, SLICE)
            while time.thread_time() < until:
                pass
            await asyncio.sleep(0)

    def hold(self, size: int) -> None:
        if size >= 0:
            # Touched, not only reserved: untouched pages would not count. Piece by piece: at once it would for a
            # moment take twice as much, and be killed by a limit that it fits into.
            for begin in range(0, size, PIECE):
                self._held.extend(b"\1" * min(PIECE, size - begin))
        else:
            del self._held[size:]

    def spawn(self, task: Coroutine[Any, Any, None]) -> None:
        running = asyncio.ensure_future(task)
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    def event(self) -> asyncio.Event:
        return asyncio.Event()

    async def listen(self, port: int, handler: Handler) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while await _exchange(reader, writer, handler):
                    pass
            except (OSError, asyncio.IncompleteReadError, ValueError):
                pass
            except asyncio.CancelledError:
                # The program ends while a kept-alive connection waits for its next request.
                pass
            finally:
                writer.close()

        return await asyncio.start_server(serve, "0.0.0.0", port)

    async def connect(self, host: str, port: int, timeout: float) -> _Connection:
        try:
            streams = await asyncio.wait_for(asyncio.open_connection(host, port), timeout)
        except ConnectionRefusedError:
            raise RequestFailed("connection refused") from None
        except TimeoutError:
            raise RequestFailed("timed out") from None
        except socket.gaierror:
            raise RequestFailed(f"cannot resolve {host}") from None
        except OSError as error:
            raise RequestFailed((error.strerror or str(error)).lower()) from None
        return _Connection(*streams)

    def on_terminate(self, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, action)

    def exit(self, code: int) -> None:
        sys.stdout.flush()
        os._exit(code)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> bool:
    """Answer one request. False when the connection is to be closed."""
    line = await reader.readline()
    if not line:
        return False
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = await _headers(reader)
    body = await reader.readexactly(min(int(headers.get("content-length", "0")), LARGEST_BODY))
    response = await handler(Request(method, target, headers, body))
    keep = headers.get("connection", "").lower() != "close"
    head = (
        f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Unknown')}\r\n"
        f"Content-Type: {response.content_type}\r\nContent-Length: {len(response.body)}\r\n"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    writer.write(head.encode() + response.body)
    await writer.drain()
    return keep


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self, request: Request, timeout: float) -> Response:
        try:
            async with asyncio.timeout(timeout):
                return await self._ask(request)
        except TimeoutError:
            raise RequestFailed("timed out") from None
        except (OSError, asyncio.IncompleteReadError, IndexError, ValueError):
            raise RequestFailed("connection reset") from None

    async def _ask(self, request: Request) -> Response:
        headers = {**request.headers, "content-length": str(len(request.body))}
        lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
        await self._writer.drain()
        status = int((await self._reader.readline()).split()[1])
        answered = await _headers(self._reader)
        body = await self._reader.readexactly(int(answered.get("content-length", "0")))
        return Response(status, body, answered.get("content-type", ""))

    def close(self) -> None:
        self._writer.close()
