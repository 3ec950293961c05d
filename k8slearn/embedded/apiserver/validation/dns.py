"""A pod's own lines in /etc/resolv.conf and /etc/hosts: ``validatePodDNSConfig`` and ``ValidateHostAliases``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import each_invalid, invalid, required

MOST_NAMESERVERS, MOST_SEARCHES, LONGEST_SEARCHES = 3, 32, 2048
NOT_AN_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

_LEADING_ZERO = re.compile(r"(^|\.)0\d")


def validate_dns_config(path: str, config: dict[str, Any] | None, *, is_only: bool) -> Iterator[FieldError]:
    """``is_only``: there is nothing besides it, for the pod's dnsPolicy is None."""
    if config is None:
        if is_only:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
        return
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if is_only and not servers:
        yield required(
            f"{path}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"
        )
    if len(servers) > MOST_NAMESERVERS:
        detail = f"must not have more than {MOST_NAMESERVERS} nameservers"
        yield invalid(f"{path}.nameservers", servers, detail)
    for index, server in enumerate(servers):
        yield from _validate_ip(f"{path}.nameservers[{index}]", server)
    if len(searches) > MOST_SEARCHES:
        yield invalid(f"{path}.searches", searches, f"must not have more than {MOST_SEARCHES} search paths")
    if len(" ".join(searches)) > LONGEST_SEARCHES:
        detail = (
            f"must not have more than {LONGEST_SEARCHES} characters (including spaces) in the search list"
        )
        yield invalid(f"{path}.searches", searches, detail)
    for index, search in enumerate(searches):
        wrong = [] if search == "." else formats.search_domain(search.removesuffix("."))
        yield from each_invalid(f"{path}.searches[{index}]", search, wrong)
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield required(f"{path}.options[{index}]", "must not be empty")


def validate_host_aliases(path: str, aliases: list[dict[str, Any]]) -> Iterator[FieldError]:
    for index, alias in enumerate(aliases):
        yield from _validate_ip(f"{path}[{index}].ip", alias.get("ip", ""))
        for number, name in enumerate(alias.get("hostnames") or ()):
            yield from each_invalid(f"{path}[{index}].hostnames[{number}]", name, formats.dns_subdomain(name))


def _validate_ip(path: str, text: str) -> Iterator[FieldError]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        zeros = ":" not in text and _LEADING_ZERO.search(text)
        yield invalid(path, text, "must not have leading 0s" if zeros else NOT_AN_IP)
        return
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        yield invalid(path, text, "must not be an IPv4-mapped IPv6 address")
