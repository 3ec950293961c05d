"""An HTTP exchange between pods, as data. The simulation moves whole requests and answers, not packets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


ANYBODY = b"*"


@dataclass(frozen=True)
class HttpRequest:
    """``path`` starts with / and keeps its query; header names are lower case; ``client`` is an address.

    ``trusted`` makes it HTTPS: the certificates (PEM) of the authorities whom the asker believes, ANYBODY for all.
    """

    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = "127.0.0.1"
    trusted: bytes | None = None


@dataclass(frozen=True)
class HttpResponse:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    version: str = "HTTP/1.1"

    @property
    def reason(self) -> str:
        """The words of the status line: 404 is ``Not Found``."""
        return REASONS.get(self.status, "Unknown")


Reply = Callable[[HttpResponse | None], None]
"""Given the answer once; None when the connection closes without one (a dead program, or no HTTP)."""


class Listener(Protocol):
    """What a program that listens on a port gives to the network."""

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        """Answer ``request`` by calling ``reply``: at once, or from a later event of the clock."""
        ...


class SecureListener:
    """A listener that speaks HTTPS only. ``authority`` is the certificate (PEM) of who vouches for its own."""

    def __init__(self, authority: str) -> None:
        self.authority = authority.strip().encode()

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        """As ``Listener.serve``; a request that is not HTTPS has ``trusted`` None."""
        raise NotImplementedError


@dataclass(frozen=True)
class Connection:
    """An open connection, to one program for good. ``client`` is who it comes from as the program sees it."""

    client: str
    address: str
    port: tuple[str, int]
    """Protocol and number."""
    listener: Listener
