"""An object as Kubernetes dumps its Go struct in order to hash it.

Upstream: ``ForHash`` in k8s.io/utils/dump, which is go-spew's ``%#v``: every field of every struct in the order
of its declaration, with its type, whether it was given or not; pointers followed, the keys of maps sorted.

    {"name": "a", "optional": False}
    (v1.ConfigMapEnvSource){LocalObjectReference:(v1.LocalObjectReference){Name:(string)a} Optional:(*bool)false}

Controllers get their objects as protobuf, which knows no empty lists and maps: these are nil.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.apiserver.messages import Field, Message, is_message, message
from k8slearn.kube.quantity import BINARY, DECIMAL

Printer = Callable[[Any], str]


def dump(message_name: str, obj: Mapping[str, Any]) -> str:
    """``obj`` as it is stored (defaulted, quantities canonical), of the message with that protobuf name.

    Made for pod templates: raises KeyError for a message with fields that these do not have.
    """
    return f"({message(message_name).go}){_struct(message_name, obj)}"


class _Part(NamedTuple):
    """A field of a struct."""

    name: str
    """In JSON; "" for an inlined struct, whose fields stand in the parent."""
    label: str
    """``DNSPolicy:(v1.DNSPolicy)``"""
    zero: str
    """What follows the label when the object has no such field."""
    printed: Printer


def _struct(name: str, obj: Mapping[str, Any]) -> str:
    words = []
    for part in _parts(name):
        value = obj.get(part.name) if part.name else obj
        words.append(part.label + (part.zero if value is None else part.printed(value)))
    return f"{{{' '.join(words)}}}"


@cache
def _parts(name: str) -> list[_Part]:
    return [_part(field) for field in message(name).numbers.values()]


def _part(field: Field | Message) -> _Part:
    if isinstance(field, Message):
        return _Part("", f"{field.name.rpartition('.')[2]}:({field.go})", "", partial(_struct, field.name))
    label = f"{field.go_name}:({'*' * field.pointer}{field.go})"
    printed = partial(_struct, field.type) if is_message(field.type) else _PRINTERS[field.type]
    if field.container:
        printed = partial(_list if field.container == "[]" else _map, printed)
    if field.pointer or field.container:
        return _Part(field.name, label, "<nil>", printed)
    return _Part(field.name, label, printed({} if is_message(field.type) else _ZEROS[field.type]), printed)


def _list(element: Printer, items: list[Any]) -> str:
    return f"[{' '.join(map(element, items))}]" if items else "<nil>"


def _map(element: Printer, items: Mapping[str, Any]) -> str:
    return f"map[{' '.join(f'{key}:{element(items[key])}' for key in sorted(items))}]" if items else "<nil>"


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _intorstring(value: int | str) -> str:
    is_text = isinstance(value, str)
    number, text = (0, value) if is_text else (value, "")
    return f"{{Type:(intstr.Type){is_text:d} IntVal:(int32){number} StrVal:(string){text}}}"


def _time(value: str) -> str:
    """Seconds since the year 1, and the time zone of a controller manager, which has none configured."""
    seconds, zone = 0, "<nil>"
    if value:
        since = datetime.fromisoformat(value) - datetime(1, 1, 1, tzinfo=UTC)
        seconds = since.days * 86400 + since.seconds
        zone = (
            "{name:(string)UTC zone:([]time.zone)<nil> tx:([]time.zoneTrans)<nil> extend:(string) "
            "cacheStart:(int64)0 cacheEnd:(int64)0 cacheZone:(*time.zone)<nil>}"
        )
    return f"{{Time:(time.Time){{wall:(uint64)0 ext:(int64){seconds} loc:(*time.Location){zone}}}}}"


def _raw(value: Any) -> str:
    """``fieldsV1`` as the bytes of the JSON that kubectl sends."""
    return f"{{Raw:([]uint8)[{' '.join(map(str, orjson.dumps(value)))}]}}"


_QUANTITY = re.compile("(-?)([0-9]+)(.*)")


@lru_cache(maxsize=256)
def _quantity(text: str) -> str:
    """The struct that apimachinery's ``ParseQuantity`` makes of a canonical quantity.

    64 bits and a decimal exponent where these are sure to hold it, else a decimal with nine places; and the
    text, but only where parsing it could see that it is canonical:

        100m  {i:(…){value:(int64)100 scale:(…)-3} d:(…){Dec:(*inf.Dec)<nil>} s:(string)100m Format:(…)DecimalSI}
        1Mi   {i:(…){value:(int64)1048576 scale:(…)0} d:… s:(string)1Mi Format:(…)BinarySI}
        64Mi  the same without its text, as eight divides 64
    """
    sign, digits, suffix = _QUANTITY.fullmatch(text).groups()  # pyright: ignore[reportOptionalMemberAccess]
    number, power = int(sign + digits), 0
    if suffix in BINARY:
        family = "BinarySI"
        number *= 1024 ** BINARY[suffix]
        is_small = len(digits) + 3 * BINARY[suffix] <= 14
        keeps_text = int(digits) % 8 != 0
    else:
        family = "DecimalSI" if suffix in DECIMAL else "DecimalExponent"
        power = DECIMAL[suffix] if suffix in DECIMAL else int(suffix[1:])
        is_small = len(digits) <= 18
        keeps_text = not digits.endswith("000")
    value, decimal = number, "<nil>"
    if not is_small:
        value, power, keeps_text, decimal = 0, 0, False, _decimal(number * 10 ** (9 + power))
    return (
        f"{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){power}}} "
        f"d:(resource.infDecAmount){{Dec:(*inf.Dec){decimal}}} "
        f"s:(string){text if keeps_text else ''} Format:(resource.Format){family}}}"
    )


def _decimal(nanos: int) -> str:
    """``inf.Dec``: an integer of 64-bit words, the lowest first, and how many decimal places it has."""
    words, rest = [], abs(nanos)
    while rest:
        words.append(str(rest % 2**64))
        rest >>= 64
    integer = f"(big.Int){{neg:(bool){_bool(nanos < 0)} abs:(big.nat)[{' '.join(words)}]}}"
    return f"{{unscaled:{integer} scale:(inf.Scale)9}}"


_PRINTERS: dict[str, Printer] = {
    "string": str,
    "int32": str,
    "int64": str,
    "bool": _bool,
    "intorstring": _intorstring,
    "quantity": _quantity,
    "time": _time,
    "raw": _raw,
}

_ZEROS: dict[str, Any] = {
    "string": "",
    "int32": 0,
    "int64": 0,
    "bool": False,
    "intorstring": 0,
    "quantity": "0",
    "time": "",
}
