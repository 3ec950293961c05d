"""Requests and answers as data: the API server below knows no sockets, and who carries them knows no Kubernetes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """``query`` keeps every value of a repeated parameter; ``user`` is who the server says is asking."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    user: str = "system:admin"
    groups: tuple[str, ...] = ("system:masters", "system:authenticated")
    warnings: list[str] = field(default_factory=list)
    """What to tell the client besides the answer, be that a yes or a no; collected on the way."""

    def param(self, name: str, default: str = "") -> str:
        values = self.query.get(name)
        return values[-1] if values else default

    def flag(self, name: str) -> bool:
        """``?watch=true``, ``?watch=1`` and a bare ``?watch`` are true, as apimachinery reads them."""
        return name in self.query and self.param(name).lower() not in ("false", "0")


@dataclass
class Response:
    """A whole answer. ``body`` is ready to send."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


class Stream:
    """An answer that goes on: a watch, a followed log. The cluster ``send``s, whoever carries it ``take``s.

    ``notify`` is called (inside the simulation's step) whenever there is something to take or the end was
    reached; ``on_close`` when the client has gone away.
    """

    def __init__(self, content_type: str = "application/json") -> None:
        self.content_type = content_type
        self.status = 200
        self.headers: list[tuple[str, str]] = []
        self.ended = False
        self.notify: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self._chunks: deque[bytes] = deque()

    def send(self, chunk: bytes) -> None:
        if not self.ended:
            self._chunks.append(chunk)
            self.notify()

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.notify()

    def take(self) -> bytes:
        """Everything sent so far and not taken yet; b"" when there is nothing."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data

    def close(self) -> None:
        """The client has gone: nothing more is wanted."""
        self.ended = True
        self.on_close()


class Session:
    """A conversation over numbered channels: exec, attach, port-forward.

    The cluster calls ``send(channel, data)`` and ``end()``. The client's side calls ``receive(channel, data)``,
    ``close_input(channel)`` and ``close()``, which reach the cluster through the three ``on_…`` callbacks.
    Channels of exec and attach: 0 stdin, 1 stdout, 2 stderr, 3 the final ``metav1.Status`` as JSON, 4 resize.
    """

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        """``channel.k8s.io`` or ``portforward.k8s.io``."""
        self.ended = False
        self.notify: Callable[[], None] = lambda: None
        self.on_receive: Callable[[int, bytes], None] = lambda channel, data: None
        self.on_close_input: Callable[[int], None] = lambda channel: None
        self.on_close: Callable[[], None] = lambda: None
        self._frames: deque[tuple[int, bytes]] = deque()

    def send(self, channel: int, data: bytes) -> None:
        if not self.ended:
            self._frames.append((channel, data))
            self.notify()

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.notify()

    def take(self) -> list[tuple[int, bytes]]:
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def receive(self, channel: int, data: bytes) -> None:
        if not self.ended:
            self.on_receive(channel, data)

    def close_input(self, channel: int) -> None:
        if not self.ended:
            self.on_close_input(channel)

    def close(self) -> None:
        if not self.ended:
            self.ended = True
            self.on_close()


Answer = Response | Stream | Session
