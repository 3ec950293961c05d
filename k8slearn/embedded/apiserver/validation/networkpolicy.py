"""What is wrong with a NetworkPolicy. Upstream: ``ValidateNetworkPolicySpec``, ``pkg/apis/networking/validation``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.selectors import validate_selector

POLICY_TYPES = ("Ingress", "Egress")
PROTOCOLS = ("TCP", "UDP", "SCTP")
"""In the order in which this kind's message names them."""

NOT_A_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_LEADING_ZERO = re.compile(r"(^|[./])0\d")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def validate_network_policy(spec: dict[str, Any]) -> Iterator[FieldError]:
    """A missing CIDR comes last: a real server finds it by the rules on the type, after all others."""
    yield from sorted(
        _validate(spec), key=lambda fault: fault.field.endswith(".cidr") and _is_required(fault)
    )


def _is_required(fault: FieldError) -> bool:
    return fault.reason == "FieldValueRequired"


def _validate(spec: dict[str, Any]) -> Iterator[FieldError]:
    yield from validate_selector("spec.podSelector", spec.get("podSelector"))
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                yield from _validate_port(f"{path}.ports[{number}]", port)
            for number, peer in enumerate(rule.get(peers) or ()):
                yield from _validate_peer(f"{path}.{peers}[{number}]", peer)
    types = spec.get("policyTypes") or []
    if len(types) > len(POLICY_TYPES):
        yield invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, sort in enumerate(types):
        if sort not in POLICY_TYPES:
            yield not_supported(f"spec.policyTypes[{index}]", sort, POLICY_TYPES)


def _validate_port(path: str, entry: dict[str, Any]) -> Iterator[FieldError]:
    protocol = entry.get("protocol")
    if protocol is not None and protocol not in PROTOCOLS:
        yield not_supported(f"{path}.protocol", protocol, PROTOCOLS)
    port, end = entry.get("port"), entry.get("endPort")
    if port is None:
        if end is not None:
            yield invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified")
        return
    yield from each_invalid(f"{path}.port", port, formats.port(port))
    if end is None:
        return
    if isinstance(port, str):
        yield invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric")
        return
    if end < port:
        yield invalid(f"{path}.endPort", end, "must be greater than or equal to `port`")
    yield from each_invalid(f"{path}.endPort", end, formats.port_number(end))


def _validate_peer(path: str, peer: dict[str, Any]) -> Iterator[FieldError]:
    fields = [
        field for field in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(field) is not None
    ]
    if not fields:
        yield required(path, "must specify a peer")
    elif "ipBlock" in fields and len(fields) > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")
    for field in ("podSelector", "namespaceSelector"):
        yield from validate_selector(f"{path}.{field}", peer.get(field))
    if peer.get("ipBlock") is not None:
        yield from _validate_block(f"{path}.ipBlock", peer["ipBlock"])


def _validate_block(path: str, block: dict[str, Any]) -> Iterator[FieldError]:
    text = block.get("cidr", "")
    if not text:
        yield required(f"{path}.cidr")
        return
    cidr = _network(text)
    if isinstance(cidr, str):
        yield invalid(f"{path}.cidr", text, cidr)
        return
    for index, excepted in enumerate(block.get("except") or ()):
        inner, at = _network(excepted), f"{path}.except[{index}]"
        if isinstance(inner, str):
            yield invalid(at, excepted, inner)
        elif not _inside(inner, cidr):
            yield invalid(at, excepted, "must be a strict subset of `cidr`")


def _network(text: str) -> Network | str:
    """The network that ``text`` writes, or what is wrong with it."""
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit():
        return NOT_A_CIDR
    if _LEADING_ZERO.search(text) and ":" not in address:
        # Python refuses them too, but a server tells them apart from what is no address at all.
        return "must not have leading 0s in IP or prefix length"
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return NOT_A_CIDR
    return "must not have bits set beyond the prefix length"


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner != outer and inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner != outer and inner.subnet_of(outer)
    return False
