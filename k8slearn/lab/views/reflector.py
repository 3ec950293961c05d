"""One watch thread: it lists a kind, follows its watch, and starts over when it must.

This is client-go's ``tools/cache/reflector.go``. What it promises to the store: first a whole list
(``replace``), then every change (``apply``); after a watch that expired (410 Gone) another whole list; after
a lost connection it says so (``state``) and tries again by itself, later and later, up to every 5 seconds.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from kubernetes.client.exceptions import ApiException

Object = dict[str, Any]

FIRST_RETRY = 0.2
LAST_RETRY = 5.0

WATCH_SECONDS = 300
"""How long one watch request lasts; the server ends it then and the next one carries on."""

SILENCE_SECONDS = 330
"""A connection that says nothing for longer than its watch could last is dead (a suspended laptop)."""


class Expired(Exception):
    """The version that the watch wanted to go on from is gone: only a new list helps."""


class Source(Protocol):
    """Where a kind's objects come from: an API server, or a test."""

    def list(self) -> tuple[list[Object], str]:
        """All objects, and the resourceVersion to watch from."""
        ...

    def watch(self, version: str) -> Iterator[tuple[str, Object]]:
        """Changes after ``version`` as (ADDED | MODIFIED | DELETED | BOOKMARK, object), until it ends."""
        ...

    def close(self) -> None:
        """End a ``watch`` that waits in another thread."""
        ...


class Sink(Protocol):
    """Who is told: the store. Called from the reflector's thread."""

    def replace(self, kind: str, objects: list[Object]) -> None: ...
    def apply(self, kind: str, event: str, obj: Object) -> None: ...
    def state(self, kind: str, problem: str) -> None:
        """``problem`` is "" while the watch is live, else a short text for people."""
        ...


class Reflector(threading.Thread):
    """Feeds ``sink`` from ``source`` until ``stop()``."""

    def __init__(self, kind: str, source: Source, sink: Sink) -> None:
        super().__init__(name=f"k8slearn-watch-{kind}", daemon=True)
        self._kind = kind
        self._source = source
        self._sink = sink
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()
        self._source.close()

    def run(self) -> None:
        version = ""
        delay = FIRST_RETRY
        while not self._stopped.is_set():
            try:
                if not version:
                    objects, version = self._source.list()
                    self._sink.replace(self._kind, objects)
                self._sink.state(self._kind, "")
                for event, obj in self._source.watch(version):
                    version = obj["metadata"]["resourceVersion"]
                    delay = FIRST_RETRY
                    if event != "BOOKMARK":
                        self._sink.apply(self._kind, event, obj)
            except Expired:
                version = ""
            except Exception as error:
                # Whatever went wrong, the view must say so and the thread must live: a watch that dies in
                # silence shows an old picture as if it were true.
                if self._stopped.is_set():
                    return
                self._sink.state(self._kind, problem(error))
                version = ""  # another cluster may answer next time, with versions of its own
                self._stopped.wait(delay)
                delay = min(delay * 2, LAST_RETRY)
            else:
                # The server ended the watch in order: carry on, but never in a tight loop.
                self._stopped.wait(FIRST_RETRY)


def problem(error: Exception) -> str:
    """A few words for people about why the picture is not live."""
    if isinstance(error, ApiException) and error.status:
        return f"HTTP {error.status} {error.reason}"
    return type(error).__name__


class ApiSource:
    """A kind as an API server serves it. ``read`` is a bound method such as ``CoreV1Api.list_node``, ``instead``
    one that asks for less, where the server forbids it; ``slim`` leaves out the field managers' notes.

    Objects stay plain dicts: making typed objects of a thousand pods takes a second, and they cannot hold a
    field that the client does not know.
    """

    def __init__(
        self, read: Callable[..., Any], *, instead: Callable[..., Any] | None = None, slim: bool = False
    ) -> None:
        self._read = read
        self._instead = instead
        self._shape = _slim if slim else _whole
        self._response: Any = None

    def list(self) -> tuple[list[Object], str]:
        try:
            response = self._read(_preload_content=False, _request_timeout=(5, 60))
        except ApiException as error:
            if error.status != 403 or self._instead is None:
                raise
            self._read, self._instead = self._instead, None
            return self.list()
        body = json.loads(response.data)
        return [self._shape(obj) for obj in body["items"]], body["metadata"]["resourceVersion"]

    def watch(self, version: str) -> Iterator[tuple[str, Object]]:
        try:
            self._response = self._read(
                watch=True,
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=WATCH_SECONDS,
                _preload_content=False,
                _request_timeout=(5, SILENCE_SECONDS),
            )
        except ApiException as error:
            if error.status == 410:
                raise Expired from error
            raise
        try:
            for line in lines(self._response.stream(amt=None, decode_content=False)):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    if status.get("code") == 410:
                        raise Expired
                    raise ApiException(status=status.get("code"), reason=status.get("reason"))
                yield event["type"], self._shape(event["object"])
        finally:
            self._response.close()

    def close(self) -> None:
        # Closing a response that another thread reads blocks on its lock; shutting the socket down does not.
        connection = getattr(self._response, "connection", None)
        sock = getattr(connection, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The non-empty lines of a stream that is cut anywhere: ``ab``, ``c\\nd``, ``\\n`` -> ``abc``, ``d``."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line)


def _slim(obj: Object) -> Object:
    obj.get("metadata", {}).pop("managedFields", None)
    return obj


def _whole(obj: Object) -> Object:
    return obj
