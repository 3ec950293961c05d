"""Requests and answers as data: the API server below knows no sockets, and who carries them knows no Kubernetes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from k8slearn.embedded.apiserver.authentication.user import MASTER, User

SLOWEST = 64 * 1024 * 1024
"""Bytes that a client of a stream may leave lying."""

FULL = 1024 * 1024
"""Bytes after which a program waits for the client of its output."""


@dataclass(frozen=True)
class Request:
    """``query`` keeps every value of a repeated parameter; ``who`` is who the server says is asking."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    who: User = MASTER
    warnings: list[str] = field(default_factory=list)
    """What to tell the client besides the answer, be that a yes or a no; collected on the way."""

    @property
    def user(self) -> str:
        """The name of who asks."""
        return self.who.name

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


class Pending:
    """An answer that is still to come: a request passed on to a pod. The cluster calls ``set`` once.

    ``notify`` is called when it is there; ``close`` says that the client has gone.
    """

    def __init__(self) -> None:
        self.response: Response | None = None
        self.notify: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None

    def set(self, response: Response) -> None:
        self.response = response
        self.notify()

    def close(self) -> None:
        self.on_close()


class Stream:
    """An answer that goes on: a watch, a followed log. The cluster ``send``s, whoever carries it ``take``s.

    A client that leaves more than ``SLOWEST`` bytes lying is cut off, as the real watch cache does.
    ``notify`` is called (inside the simulation's step) whenever there is something to take or the end was
    reached; ``on_close`` when the client has gone away.
    """

    def __init__(self, content_type: str = "application/json") -> None:
        self.content_type = content_type
        self.status = 200
        self.headers: list[tuple[str, str]] = []
        self.ended = False
        self.cut_off = False
        """It has ended since nobody took what was sent: who carries it hangs up, and waits for nobody."""
        self.notify: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self._chunks: deque[bytes] = deque()
        self._waiting = 0

    def send(self, chunk: bytes) -> None:
        if self.ended:
            return
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        if self._waiting > SLOWEST:
            self.ended = self.cut_off = True
            self._chunks.clear()
            self.on_close()
        self.notify()

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.notify()

    def take(self) -> bytes:
        """Everything sent so far and not taken yet; b"" when there is nothing."""
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._waiting = 0
        return data

    def close(self) -> None:
        """The client has gone: nothing more is wanted."""
        self.ended = True
        self.on_close()


class Session:
    """A conversation over numbered channels: exec and attach.

    The cluster calls ``send(channel, data)`` and ``end()``; it holds back while the session is ``full``. The
    client's side calls ``receive(channel, data)``, ``close_input(channel)`` and ``close()``, which reach the
    cluster through the three ``on_…`` callbacks, and ``take``.
    Channels: 0 stdin, 1 stdout, 2 stderr, 3 the final ``metav1.Status`` as JSON, 4 the size of the window.
    """

    def __init__(self) -> None:
        self.ended = False
        self.notify: Callable[[], None] = lambda: None
        self.on_receive: Callable[[int, bytes], None] = lambda channel, data: None
        self.on_close_input: Callable[[int], None] = lambda channel: None
        self.on_close: Callable[[], None] = lambda: None
        self._frames: deque[tuple[int, bytes]] = deque()
        self._waiting = 0
        self._for_room: dict[Callable[[], None], None] = {}

    @property
    def full(self) -> bool:
        """The client reads slower than the cluster sends."""
        return self._waiting >= FULL and not self.ended

    def when_room(self, wake: Callable[[], None]) -> Callable[[], None]:
        """``wake`` is called once there is room again, or nobody reads any more. Call what is returned to forget."""
        if not self.full:
            wake()
            return lambda: None
        self._for_room[wake] = None
        return lambda: self._for_room.pop(wake, None)

    def send(self, channel: int, data: bytes) -> None:
        if not self.ended:
            self._frames.append((channel, data))
            self._waiting += len(data)
            self.notify()

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.notify()
            self._room()

    def take(self) -> list[tuple[int, bytes]]:
        frames = list(self._frames)
        self._frames.clear()
        self._waiting = 0
        self._room()
        return frames

    def _room(self) -> None:
        waiting, self._for_room = self._for_room, {}
        for wake in waiting:
            wake()

    def receive(self, channel: int, data: bytes) -> None:
        if not self.ended:
            self.on_receive(channel, data)

    def close_input(self, channel: int) -> None:
        if not self.ended:
            self.on_close_input(channel)

    def close(self) -> None:
        """The client has gone."""
        if not self.ended:
            self.ended = True
            self.on_close()
            self._room()


class Connection(Protocol):
    """The client's end of one forwarded connection: bytes to the pod."""

    def receive(self, data: bytes) -> None: ...

    def close_input(self) -> None:
        """The client sends no more; it may still read."""
        ...

    def close(self) -> None:
        """The client has gone."""
        ...


class Peer(Protocol):
    """The pod's end of one forwarded connection: bytes to the client."""

    def send(self, data: bytes) -> None: ...

    def end(self, error: str = "") -> None:
        """Nothing more comes; ``error`` says why when that is a failure."""
        ...


@dataclass
class Forwarding:
    """port-forward: the client opens connections to ports of a pod, as many as it likes, by ``connect(port, peer)``.

    ``ports`` are those that a client names beforehand (the Python client's protocol); kubectl names none.
    """

    ports: list[int]
    connect: Callable[[int, Peer], Connection]


Answer = Response | Pending | Stream | Session | Forwarding
