"""HTTP/1.1 as bytes (RFC 9112), for clients outside the simulation: requests are read, answers written."""

from __future__ import annotations

import re

from k8slearn.embedded.network.http import HttpRequest, HttpResponse

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 64 * 1024 * 1024

_REQUEST_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.([01])")
_NO_BODY = (204, 304)


class UnreadableRequest(Exception):
    """What came in is no HTTP/1.1 request, or too large."""


class Parser:
    """The requests of one connection. ``feed`` it what comes in; ``next`` gives them one by one."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._asked = False

    @property
    def empty(self) -> bool:
        """Nothing has come in since the last whole request."""
        return not self._data

    def feed(self, data: bytes) -> None:
        self._data += data

    def wants_continue(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends a body; True once a request."""
        head = self._head()
        if head is None or self._asked or head[1].get("expect", "").lower() != "100-continue":
            return False
        self._asked = True
        return True

    def next(self) -> tuple[HttpRequest, bool] | None:
        """The next request, and whether the connection goes on after it; None as long as it is not whole.

        Raises UnreadableRequest.
        """
        head = self._head()
        if head is None:
            return None
        (method, path, minor), headers, start = head
        found = _body(bytes(self._data[start:]), headers)
        if found is None:
            return None
        body, size = found
        del self._data[: start + size]
        self._asked = False
        connection = headers.get("connection", "").lower()
        keep_alive = connection == "keep-alive" if minor == "0" else connection != "close"
        return HttpRequest(method, path, headers, body), keep_alive

    def _head(self) -> tuple[tuple[str, str, str], dict[str, str], int] | None:
        """Method, path and minor version; the headers; where the body begins. Raises UnreadableRequest."""
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            if len(self._data) > LARGEST_HEAD or (b"\n" in self._data and not _is_http(self._data)):
                raise UnreadableRequest
            return None
        first, *lines = bytes(self._data[:end]).decode("latin-1").split("\r\n")
        match = _REQUEST_LINE.fullmatch(first)
        if match is None:
            raise UnreadableRequest
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise UnreadableRequest
            headers[name.strip().lower()] = value.strip()
        method, path, minor = match.groups()
        return (method, path, minor), headers, end + 4


def encode(response: HttpResponse, method: str, *, keep_alive: bool) -> bytes:
    """The bytes of an answer to a request with ``method``."""
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    if response.status not in _NO_BODY:
        headers["Content-Length"] = str(len(response.body))
    headers.setdefault("Connection", "keep-alive" if keep_alive else "close")
    head = [
        f"HTTP/1.1 {response.status} {response.reason}",
        *(f"{name.title()}: {value}" for name, value in headers.items()),
    ]
    body = b"" if method == "HEAD" or response.status in _NO_BODY else response.body
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body


def _is_http(data: bytes | bytearray) -> bool:
    line = bytes(data.partition(b"\n")[0]).decode("latin-1").rstrip("\r")
    return _REQUEST_LINE.fullmatch(line) is not None


def _body(data: bytes, headers: dict[str, str]) -> tuple[bytes, int] | None:
    """The body and the bytes it took; None as long as it is not whole. Raises UnreadableRequest."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(data)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise UnreadableRequest
    size = int(length)
    return (data[:size], size) if len(data) >= size else None


def _chunks(data: bytes) -> tuple[bytes, int] | None:
    """
    >>> _chunks(b"3\\r\\nabc\\r\\n0\\r\\n\\r\\nnext")
    (b'abc', 13)
    """
    body, place = bytearray(), 0
    while (end := data.find(b"\r\n", place)) >= 0:
        try:
            size = int(data[place:end].partition(b";")[0], 16)
        except ValueError:
            raise UnreadableRequest from None
        if len(body) + size > LARGEST_BODY:
            raise UnreadableRequest
        place = end + 2 + size + 2
        if len(data) < place:
            return None
        if size == 0:
            return bytes(body), place
        body += data[end + 2 : end + 2 + size]
    return None
