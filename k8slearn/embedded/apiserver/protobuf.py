"""Protobuf request bodies become JSON objects: kubectl sends them for every ``create TYPE``.

A body is the four bytes ``k8s\\0`` and a ``runtime.Unknown``, whose ``raw`` is the object itself:
https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
What comes out still holds zero values that Go always sends (``generation: 0``); ``schema.decode`` drops them.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from k8slearn.embedded.apiserver.decoding import DecodeError, Object
from k8slearn.embedded.apiserver.messages import Field, Message, is_message, message

MAGIC = b"k8s\x00"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode(body: bytes, message_name: str) -> Object:
    """The object in ``body`` as JSON has it, for ``schema.decode`` to check. Raises DecodeError."""
    if not body.startswith(MAGIC):
        raise DecodeError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        type_meta = dict(_fields(envelope.get(1, b"")))
        names = {
            name: type_meta[number].decode()
            for number, name in ((1, "apiVersion"), (2, "kind"))
            if number in type_meta
        }
        return {**names, **_message(envelope.get(2, b""), message(message_name))}
    except (IndexError, ValueError, TypeError, AttributeError, struct.error, OverflowError) as error:
        raise DecodeError(f"proto: illegal wireType or unexpected end of {message_name}: {error}") from None


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """``(number, value)`` of each field: an int of a varint or a fixed number, bytes of everything else."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                length, at = _varint(data, at)
                value, at = data[at : at + length], at + length
            case 5:
                value, at = data[at : at + 4], at + 4
            case wire_type:
                raise ValueError(f"wire type {wire_type}")
        if at > len(data):
            raise ValueError("it ends too early")
        yield key >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, seven bits a byte with the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _signed(value: int) -> int:
    """Negative numbers are sent as their 64-bit two's complement."""
    return value - 2**64 if value >= 2**63 else value


def _message(data: bytes, found: Message) -> Object:
    obj: Object = {}
    for number, value in _fields(data):
        field = found.numbers.get(number)
        match field:
            case Message():
                # A Go struct inlined into its parent is a message of its own here.
                obj |= _message(value, field)
            case Field(container="[]"):
                obj.setdefault(field.name, []).append(_value(value, field.type))
            case Field(container="map:"):
                entry = dict(_fields(value))
                key = entry.get(1, b"").decode()
                obj.setdefault(field.name, {})[key] = _value(entry.get(2, b""), field.type)
            case Field():
                obj[field.name] = _value(value, field.type)
    return obj


def _value(value: Any, type_name: str) -> Any:
    if is_message(type_name):
        return _message(value, message(type_name))
    match type_name:
        case "string":
            return value.decode()
        case "bool":
            return bool(value)
        case "int32" | "int64":
            return _signed(value)
        case "float64":
            return struct.unpack("<d", value)[0]
        case "bytes":
            return base64.b64encode(value).decode()
    own = dict(_fields(value))
    match type_name:
        case "quantity":
            return own.get(1, b"0").decode()
        case "time" | "microtime":
            return _time(own, type_name)
        case "intorstring":
            return own.get(3, b"").decode() if own.get(1) else _signed(own.get(2, 0))
        case "duration":
            return f"{_signed(own.get(1, 0))}ns"
        case "raw":
            return orjson.loads(own[1]) if own.get(1) else None
        case "[]string":
            return [item.decode() for _, item in _fields(value)]
    raise ValueError(f"type {type_name}")


def _time(own: dict[int, int], type_name: str) -> str | None:
    """Seconds and nanoseconds since 1970; no field at all is Go's zero time, which JSON writes as null."""
    if not own:
        return None
    moment = _EPOCH + timedelta(seconds=_signed(own.get(1, 0)), microseconds=own.get(2, 0) // 1000)
    digits = f".{moment.microsecond:06d}" if type_name == "microtime" else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"
