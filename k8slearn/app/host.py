"""What a program may ask of the world outside, and the words of HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """``target`` is the path with its query; header names are lower case."""

    method: str = "GET"
    target: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def number(self, name: str, default: float) -> float:
        """The number ``name`` of the query. Raises ValueError when it is none."""
        values = parse_qs(urlsplit(self.target).query).get(name)
        return float(values[-1]) if values else default


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


def text(words: str, status: int = 200) -> Response:
    return Response(status, f"{words}\n".encode())


def as_json(value: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode() + b"\n", "application/json")


class RequestFailed(Exception):
    """No answer came. ``str()`` is why, in a few words: ``connection refused``, ``timed out``."""


Handler = Callable[[Request], Awaitable[Response]]


class Listener(Protocol):
    def close(self) -> None:
        """Take no new connections; requests in flight go on."""
        ...


class Connection(Protocol):
    """One connection, to one pod: it stays there until it is closed, whatever the Service does.

    One request at a time.
    """

    async def request(self, request: Request, timeout: float) -> Response:
        """Raises RequestFailed."""
        ...

    def close(self) -> None: ...


class Event(Protocol):
    """Something that happens once, and that others wait for."""

    def set(self) -> None: ...

    async def wait(self) -> Any: ...


class Host(Protocol):
    """``name`` is the host name, a pod's name; ``env`` the environment."""

    name: str
    env: Mapping[str, str]

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def log(self, line: str) -> None:
        """A line on stdout."""
        ...

    def read(self, path: str) -> bytes:
        """Raises OSError."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Replace a file as a whole: a reader sees the old or the new one. Raises OSError."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def compute(self, seconds: float) -> None:
        """Keep one CPU busy for so much CPU time; with a limit it takes longer by the clock."""
        ...

    def hold(self, size: int) -> None:
        """Take ``size`` more bytes of memory, or give ``-size`` back."""
        ...

    def spawn(self, task: Coroutine[Any, Any, None]) -> None:
        """Run ``task`` beside the caller."""
        ...

    def event(self) -> Event: ...

    def listen(self, port: int, handler: Handler) -> Awaitable[Listener]:
        """Answer HTTP on ``port``. Raises OSError."""
        ...

    def connect(self, host: str, port: int, timeout: float) -> Awaitable[Connection]:
        """Raises RequestFailed."""
        ...

    def on_terminate(self, action: Callable[[], None]) -> None:
        """Call ``action`` at SIGTERM, instead of ending at once."""
        ...

    def exit(self, code: int) -> None:
        """End the process now; what is in flight is lost."""
        ...
