"""SPDY/3.1 as far as kubectl's port-forward needs it: streams with headers over one connection of bytes.

https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/. kubectl (moby/spdystream) opens the streams
and knows no flow control, so neither does this. A frame is a header of 8 bytes and its data; a control frame
has the first bit set:

    80 03 00 01  00 00 00 2a   SYN_STREAM of version 3, no flags, 42 bytes follow
    00 00 00 01  01 00 00 05   5 bytes of data on stream 1, which end it (flag 1)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 0x01
VERSION = 0x8003
LARGEST_DATA = 0xFFFF
"""Bytes of a data frame that is sent; the protocol allows 2**24 - 1."""

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age "
    "allow authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 "
    "Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul "
    "Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,"
    "image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,"
    "sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: str) -> bytes:
    return struct.pack(">I", len(text)) + text.encode()


DICTIONARY = b"".join(_counted(word.replace("_", " ")) for word in _WORDS.split()) + _TAIL.encode()
"""What both sides' zlib knows from the start (section 2.6.10.1)."""


class ProtocolError(Exception):
    """The client sent what is no SPDY."""


class Stream:
    """One stream that the client opened, with its ``headers`` (names in lower case)."""

    def __init__(self, connection: Connection, number: int, headers: dict[str, str]) -> None:
        self.number = number
        self.headers = headers
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_end: Callable[[], None] = lambda: None
        self.on_reset: Callable[[], None] = lambda: None
        self._connection = connection
        self._ended = False

    def send(self, data: bytes) -> None:
        for start in range(0, 0 if self._ended else len(data), LARGEST_DATA):
            self._connection.write_data(self.number, data[start : start + LARGEST_DATA], 0)

    def end(self) -> None:
        """Nothing more comes from this side."""
        if not self._ended:
            self._ended = True
            self._connection.write_data(self.number, b"", FIN)


class Connection:
    """The server's side. ``write`` takes bytes for the client; ``on_stream`` is called with each new stream,
    which has been accepted already."""

    def __init__(self, write: Callable[[bytes], None], on_stream: Callable[[Stream], None]) -> None:
        self._write = write
        self._on_stream = on_stream
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._buffer = bytearray()
        self.streams: dict[int, Stream] = {}

    def receive(self, data: bytes) -> None:
        """Bytes from the client, cut anywhere. Raises ProtocolError."""
        self._buffer += data
        while len(self._buffer) >= 8:
            word, flags_and_size = struct.unpack_from(">II", self._buffer)
            flags, size = flags_and_size >> 24, flags_and_size & 0xFFFFFF
            if len(self._buffer) < 8 + size:
                return
            body = bytes(self._buffer[8 : 8 + size])
            del self._buffer[: 8 + size]
            if word >> 31:
                if word >> 16 != VERSION:
                    raise ProtocolError(f"version {word >> 16 & 0x7FFF} instead of 3")
                self._control(word & 0xFFFF, flags, body)
            else:
                self._data(word, flags, body)

    def write_data(self, stream: int, data: bytes, flags: int) -> None:
        self._write(struct.pack(">II", stream, flags << 24 | len(data)) + data)

    def _control(self, kind: int, flags: int, body: bytes) -> None:
        """Settings, window updates and the rest mean nothing here."""
        try:
            if kind == SYN_STREAM:
                number = struct.unpack_from(">I", body)[0] & 0x7FFFFFFF
                self._open(number, flags, self._headers(body[10:]))
            elif kind == RST_STREAM:
                stream = self.streams.pop(struct.unpack_from(">I", body)[0] & 0x7FFFFFFF, None)
                if stream is not None:
                    stream.on_reset()
            elif kind == PING:
                self._write_control(PING, body)
        except (struct.error, zlib.error, UnicodeDecodeError) as error:
            raise ProtocolError(str(error)) from error

    def _open(self, number: int, flags: int, headers: dict[str, str]) -> None:
        stream = self.streams[number] = Stream(self, number, headers)
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._write_control(SYN_REPLY, struct.pack(">I", number) + block)
        self._on_stream(stream)
        if flags & FIN:
            stream.on_end()

    def _data(self, number: int, flags: int, data: bytes) -> None:
        stream = self.streams.get(number)
        if stream is None:
            return
        if data:
            stream.on_data(data)
        if flags & FIN:
            stream.on_end()

    def _headers(self, block: bytes) -> dict[str, str]:
        text = self._inflate.decompress(block)
        (count,) = struct.unpack_from(">I", text)
        place, words = 4, []
        for _ in range(2 * count):
            (size,) = struct.unpack_from(">I", text, place)
            words.append(text[place + 4 : place + 4 + size].decode())
            place += 4 + size
        return dict(zip(words[::2], words[1::2], strict=True))

    def _write_control(self, kind: int, body: bytes) -> None:
        self._write(struct.pack(">HHI", VERSION, kind, len(body)) + body)
