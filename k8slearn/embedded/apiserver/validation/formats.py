"""Formats of strings: names, labels, ports, keys. Each function returns what is wrong, [] when nothing is.

Upstream: apimachinery ``util/validation`` and ``api/validate/content``; the sentences are theirs.
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

from __future__ import annotations

import re

from k8slearn.kube.names import dns_label, dns_subdomain, label_key, label_value

__all__ = [
    "config_key",
    "dns_label",
    "dns_subdomain",
    "environment_name",
    "http_header",
    "label_key",
    "label_value",
    "percent",
    "port",
    "port_name",
    "port_number",
    "prefix_of_name",
    "user_id",
]

_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HEADER = "[-A-Za-z0-9]+"

_config_key = re.compile(_CONFIG_KEY)
_percent = re.compile(_PERCENT)
_header = re.compile(_HEADER)
_port_name = re.compile("[-a-z0-9]+")


def _expected(what: str, pattern: str, *examples: str) -> str:
    """``a label must … (e.g. 'my-name',  or '123-abc', regex used for validation is '…')``."""
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{what} (e.g. {shown}regex used for validation is '{pattern}')"


_CONFIG_KEY_EXPECTED = _expected(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)
_PERCENT_EXPECTED = _expected(
    "a valid percent string must be a numeric string followed by an ending '%'",
    _PERCENT,
    "1%",
    "93%",
)
_HEADER_EXPECTED = _expected(
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    _HEADER,
    "X-Header-Name",
)
_ENV_EXPECTED = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)


def port_number(value: int) -> list[str]:
    return [] if 1 <= value <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name(value: str) -> list[str]:
    """An IANA service name: ``http``, at most 15 characters."""
    wrong = ["must be no more than 15 characters"] if len(value) > 15 else []
    if not _port_name.fullmatch(value):
        wrong.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        wrong.append("must contain at least one letter (a-z)")
    if "--" in value:
        wrong.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        wrong.append("must not begin or end with a hyphen")
    return wrong


def port(value: int | str) -> list[str]:
    """A number or the name of a container's port."""
    return port_number(value) if isinstance(value, int) else port_name(value)


def environment_name(value: str) -> list[str]:
    if not value:
        return ["environment variable name must be non-empty"]
    return [] if all(" " <= c <= "~" and c != "=" for c in value) else [_ENV_EXPECTED]


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret: it must be usable as a file name."""
    wrong = ["must be no more than 253 characters"] if len(value) > 253 else []
    if not _config_key.fullmatch(value):
        wrong.append(_CONFIG_KEY_EXPECTED)
    if value in (".", ".."):
        wrong.append(f"must not be '{value}'")
    elif value.startswith(".."):
        wrong.append("must not start with '..'")
    return wrong


def percent(value: str) -> list[str]:
    return [] if _percent.fullmatch(value) else [_PERCENT_EXPECTED]


def http_header(value: str) -> list[str]:
    return [] if _header.fullmatch(value) else [_HEADER_EXPECTED]


def user_id(value: int) -> list[str]:
    """A user's or a group's number."""
    return [] if 0 <= value <= 2**31 - 1 else ["must be between 0 and 2147483647, inclusive"]


def prefix_of_name(value: str) -> str:
    """``generateName`` may end in a dash, as a name may not: ``web-`` is judged as ``weba``."""
    return value[:-1] + "a" if len(value) > 1 and value.endswith("-") else value


def path_segment(value: str) -> list[str]:
    """What may stand as one part of a URL's path: names of kinds that validate nothing else."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{mark}'" for mark in "/%" if mark in value]


_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_DNS_1035_EXPECTED = _expected(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character",
    _DNS_1035,
    "my-name",
    "abc-123",
)


def dns_1035_label(value: str) -> list[str]:
    """What cannot begin with a digit: names of versions and kinds."""
    wrong = ["must be no more than 63 characters"] if len(value) > 63 else []
    return wrong if re.fullmatch(_DNS_1035, value) else [*wrong, _DNS_1035_EXPECTED]


_SEARCH_DOMAIN = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*"
_SEARCH_DOMAIN_EXPECTED = _expected(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
    "start and end with an alphanumeric character",
    _SEARCH_DOMAIN,
    "example.com",
)


def search_domain(value: str) -> list[str]:
    """What a resolver may add to a name: a subdomain, in which parts may begin with an underscore."""
    wrong = ["must be no more than 253 characters"] if len(value) > 253 else []
    return wrong if re.fullmatch(_SEARCH_DOMAIN, value) else [*wrong, _SEARCH_DOMAIN_EXPECTED]
