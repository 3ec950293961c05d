"""Formats of strings in schemas, as kube-openapi's ``strfmt`` knows them; an unknown one says nothing.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

from k8slearn.kube.duration import parse_duration
from k8slearn.kube.names import dns_label, dns_subdomain

_HEX = "[0-9a-fA-F]"


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            parse(value)
        except (ValueError, binascii.Error):
            return False
        return True

    return check


_is_network = _parses(lambda value: ipaddress.ip_network(value, strict=False))


def _uri(value: str) -> bool:
    """What Go's ``ParseRequestURI`` takes: an absolute URI, or an absolute path."""
    try:
        return value.startswith("/") or bool(urlsplit(value).scheme)
    except ValueError:
        return False


def _uuid(version: str = _HEX, variant: str = _HEX) -> Callable[[str], bool]:
    return _matches(f"{_HEX}{{8}}-?{_HEX}{{4}}-?{version}{_HEX}{{3}}-?{variant}{_HEX}{{3}}-?{_HEX}{{12}}")


_FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches(f"{_HEX}{{24}}"),
    "byte": _parses(lambda value: base64.b64decode(value, validate=True)),
    "cidr": lambda value: "/" in value and _is_network(value),
    "date": _parses(date.fromisoformat),
    "datetime": _matches(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"),
    "duration": _parses(parse_duration),
    "email": _matches(r"[^@\s]+@[^@\s]+"),
    "hexcolor": _matches(f"#?({_HEX}{{3}}|{_HEX}{{6}})"),
    "hostname": _matches(
        r"[a-zA-Z0-9\u00a0-\uffff]([-a-zA-Z0-9.\u00a0-\uffff]{0,253}[a-zA-Z0-9\u00a0-\uffff])?"
    ),
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "k8slongname": lambda value: not dns_subdomain(value),
    "k8sshortname": lambda value: not dns_label(value),
    "mac": _matches(f"{_HEX}{{2}}([:-]{_HEX}{{2}}){{5}}"),
    "rgbcolor": _matches(r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)"),
    "ssn": _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "uri": _uri,
    "uuid": _uuid(),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
}


def valid(name: str, value: str) -> bool:
    """Whether ``value`` has the format ``name`` (``date-time`` and ``datetime`` are one)."""
    check = _FORMATS.get(name.replace("-", ""))
    return check is None or check(value)


_OF_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}
_UNCHECKED = ("password", "isbn", "isbn10", "isbn13", "creditcard")
"""Formats that a real API server knows; of these, strings are taken as they come."""


def is_known(name: str, type_name: str) -> bool:
    """Whether a schema's format means something; others draw a warning."""
    if type_name in ("", "string"):
        return name.replace("-", "") in (*_FORMATS, *_UNCHECKED)
    return name in _OF_NUMBERS.get(type_name, ())
