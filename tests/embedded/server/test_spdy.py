"""SPDY/3.1 frames: what kubectl sends, and what it gets."""

from __future__ import annotations

import struct
import zlib

import pytest

from k8slearn.embedded.server import spdy


class Kubectl:
    """The client's side of a connection."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.streams: list[spdy.Stream] = []
        self.connection = spdy.Connection(self.sent.extend, self.streams.append)
        self._deflate = zlib.compressobj(zdict=spdy.DICTIONARY)

    def open(self, number: int, **headers: str) -> bytes:
        words = [word for pair in headers.items() for word in pair]
        text = struct.pack(">I", len(headers)) + b"".join(
            struct.pack(">I", len(word)) + word.encode() for word in words
        )
        block = self._deflate.compress(text) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return control(spdy.SYN_STREAM, struct.pack(">IIH", number, 0, 0) + block)


def control(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", spdy.VERSION, kind, len(body)) + body


def data(number: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", number, flags << 24 | len(body)) + body


def test_the_dictionary_is_that_of_the_specification():
    assert len(spdy.DICTIONARY) == 1423
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2


def test_streams_are_accepted_with_their_headers():
    kubectl = Kubectl()
    kubectl.connection.receive(kubectl.open(1, streamtype="error", port="80", requestid="0"))
    kubectl.connection.receive(kubectl.open(3, streamtype="data", port="80", requestid="0"))
    assert [stream.headers["streamtype"] for stream in kubectl.streams] == ["error", "data"]
    kind, size = struct.unpack_from(">HI", kubectl.sent, 2)
    assert kind == spdy.SYN_REPLY and struct.unpack_from(">I", kubectl.sent, 8) == (1,) and size > 4


def test_frames_may_be_cut_anywhere():
    kubectl = Kubectl()
    got = bytearray()
    ends = []
    frames = kubectl.open(1, port="80") + data(1, b"hello") + data(1, b"", spdy.FIN)
    for index in range(len(frames)):
        kubectl.connection.receive(frames[index : index + 1])
        for stream in kubectl.streams:
            stream.on_data, stream.on_end = got.extend, lambda: ends.append(True)
    assert got == b"hello" and ends == [True]


def test_long_data_is_cut_into_frames_and_nothing_follows_the_end():
    kubectl = Kubectl()
    kubectl.connection.receive(kubectl.open(1, port="80"))
    del kubectl.sent[:]
    stream = kubectl.streams[0]
    stream.send(b"x" * 100_000)
    stream.end()
    stream.send(b"too late")
    stream.end()
    sizes, place = [], 0
    while place < len(kubectl.sent):
        number, word = struct.unpack_from(">II", kubectl.sent, place)
        assert number == 1
        sizes.append((word & 0xFFFFFF, word >> 24))
        place += 8 + (word & 0xFFFFFF)
    assert sizes == [(65535, 0), (34465, 0), (0, spdy.FIN)]


def test_a_ping_comes_back():
    kubectl = Kubectl()
    ping = control(spdy.PING, struct.pack(">I", 7))
    kubectl.connection.receive(ping)
    assert bytes(kubectl.sent) == ping


def test_a_reset_is_told():
    kubectl = Kubectl()
    kubectl.connection.receive(kubectl.open(1, port="80"))
    told = []
    kubectl.streams[0].on_reset = lambda: told.append(True)
    kubectl.connection.receive(control(spdy.RST_STREAM, struct.pack(">II", 1, 5)))
    assert told == [True]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x80\x02\x00\x01\x00\x00\x00\x00",
        control(spdy.SYN_STREAM, b"\0\0"),
        control(spdy.SYN_STREAM, b"\0" * 10 + b"no zlib"),
    ],
)
def test_what_is_no_spdy_is_a_protocol_error(nonsense: bytes):
    with pytest.raises(spdy.ProtocolError):
        Kubectl().connection.receive(nonsense)
