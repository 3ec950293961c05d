"""Names that Kubernetes makes up, and what names and labels may look like.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no 0, 1, 3: what is made up never spells a word (apimachinery ``util/rand``)."""

DNS_LABEL = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(rf"{DNS_LABEL.pattern}(\.{DNS_LABEL.pattern})*")
QUALIFIED_NAME = re.compile("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
LABEL_VALUE = re.compile(f"({QUALIFIED_NAME.pattern})?")

_LABEL_EXPECTED = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character "
    f"(e.g. 'my-name',  or '123-abc', regex used for validation is '{DNS_LABEL.pattern}')"
)
_SUBDOMAIN_EXPECTED = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character "
    f"(e.g. 'example.com', regex used for validation is '{DNS_SUBDOMAIN.pattern}')"
)
_KEY_EXPECTED = (
    "must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED_NAME.pattern}')"
)
_VALUE_EXPECTED = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character "
    f"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '{LABEL_VALUE.pattern}')"
)


def random_suffix(chance: random.Random, length: int = 5) -> str:
    """``x7k2p``: what ``generateName`` and controllers put after a name."""
    return "".join(chance.choice(SUFFIX_ALPHABET) for _ in range(length))


def revision_hash(data: Mapping[str, Any], collision_count: int) -> str:
    """The hash in the name of a StatefulSet's ControllerRevision with ``data``: the same as a real cluster's.

    FNV-1 in 32 bits over the JSON that Go writes, and the number of collisions (``HashControllerRevision`` in
    ``pkg/controller/history``).
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    value = 0x811C9DC5
    for byte in f"{text}{collision_count}".encode():
        value = (value * 0x01000193 & 0xFFFFFFFF) ^ byte
    return safe_encode(str(value))


def safe_encode(text: str) -> str:
    """``rand.SafeEncodeString``: each character becomes one of ``SUFFIX_ALPHABET``."""
    return "".join(SUFFIX_ALPHABET[ord(character) % len(SUFFIX_ALPHABET)] for character in text)


def dns_label(value: str) -> list[str]:
    """What is wrong with an RFC 1123 label (``web-1``, up to 63 characters), in upstream's words."""
    wrong = ["must be no more than 63 characters"] if len(value) > 63 else []
    if not DNS_LABEL.fullmatch(value):
        wrong.append("must not contain dots" if DNS_SUBDOMAIN.fullmatch(value) else _LABEL_EXPECTED)
    return wrong


def dns_subdomain(value: str) -> list[str]:
    """What is wrong with a DNS subdomain (``web.example.com``, up to 253 characters), in upstream's words."""
    wrong = ["must be no more than 253 characters"] if len(value) > 253 else []
    return wrong if DNS_SUBDOMAIN.fullmatch(value) else [*wrong, _SUBDOMAIN_EXPECTED]


def label_key(value: str) -> list[str]:
    """What is wrong with a label's key: ``app`` or ``example.com/app``."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return [
            f"a valid label key {_KEY_EXPECTED} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        ]
    wrong = []
    if slash and not prefix:
        wrong.append("prefix part must be non-empty")
    elif slash:
        wrong += [f"prefix part {sentence}" for sentence in dns_subdomain(prefix)]
    if not name:
        wrong.append("name part must be non-empty")
    elif len(name) > 63:
        wrong.append("name part must be no more than 63 bytes")
    if not QUALIFIED_NAME.fullmatch(name):
        wrong.append(f"name part {_KEY_EXPECTED}")
    return wrong


def label_value(value: str) -> list[str]:
    wrong = ["must be no more than 63 bytes"] if len(value.encode()) > 63 else []
    return wrong if LABEL_VALUE.fullmatch(value) else [*wrong, _VALUE_EXPECTED]


def path_segment(value: str) -> list[str]:
    """What is wrong with a name that may be anything that can stand in a path: ``system:node``.

    >>> path_segment("a/b")
    ["may not contain '/'"]
    """
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{sign}'" for sign in "/%" if sign in value]
