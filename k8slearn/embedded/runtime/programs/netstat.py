"""What a pod's place on the network looks like from inside: ``ip address``, ``ip route``, ``netstat -tln``."""

from __future__ import annotations

import hashlib
import ipaddress

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError, options

PREFIX = 24
"""Bits of a node's range of pod addresses."""

_LOOPBACK = [
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000",
    "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
    "    inet 127.0.0.1/8 scope host lo",
    "       valid_lft forever preferred_lft forever",
    "    inet6 ::1/128 scope host ",
    "       valid_lft forever preferred_lft forever",
]


def ip(process: Process, args: list[str]) -> Steps:
    """``ip [-4] {address [show [dev] IFACE] | route}``"""
    words = [arg for arg in args if not arg.startswith("-")]
    if not words:
        raise UsageError
    if "address".startswith(words[0]):
        chosen = [word for word in words[1:] if word not in ("show", "list", "dev")]
        yield from _addresses(process, chosen[0] if chosen else "", short="-4" in args)
    elif "route".startswith(words[0]):
        address = process.kernel.ip
        network = ipaddress.ip_network(f"{address}/{PREFIX}", strict=False)
        gateway = network[1]
        yield from process.print(f"default via {gateway} dev eth0 ")
        yield from process.print(f"{network} via {gateway} dev eth0  src {address} ")
        yield from process.print(f"{gateway} dev eth0 scope link  src {address} ")
    else:
        raise Fault(f"of ip, the embedded cluster simulates address and route, not '{words[0]}'")
    return 0


def _addresses(process: Process, chosen: str, *, short: bool) -> Steps:
    address = process.kernel.ip
    broadcast = ipaddress.ip_network(f"{address}/{PREFIX}", strict=False).broadcast_address
    eth0 = [
        "2: eth0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue qlen 1000",
        f"    link/ether {_hardware(address)} brd ff:ff:ff:ff:ff:ff",
        f"    inet {address}/{PREFIX} brd {broadcast} scope global eth0",
        "       valid_lft forever preferred_lft forever",
    ]
    interfaces = {"lo": _LOOPBACK, "eth0": eth0}
    if chosen and chosen not in interfaces:
        raise Fault(f"can't find device '{chosen}'")
    for name, lines in interfaces.items():
        if chosen in ("", name):
            shown = [lines[0], *lines[2:4]] if short else lines
            yield from process.print("\n".join(shown))


def _hardware(address: str) -> str:
    """A hardware address of one's own, as a function of the other: locally administered, unicast."""
    digest = hashlib.sha256(address.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (digest[0] & 0xFC | 0x02, *digest[1:6]))


def netstat(process: Process, args: list[str]) -> Steps:
    """``netstat -l [-tun]``: the ports on which the pod's programs listen. Connections leave no trace here."""
    found, _ = options(args, "lantup")
    servers = "l" in found or "a" in found
    title = "only servers" if "l" in found else "servers and established" if servers else "w/o servers"
    yield from process.print(f"Active Internet connections ({title})")
    yield from process.print(
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State       "
    )
    for protocol, port in process.kernel.network.listening(process.kernel.ip) if servers else ():
        if {"TCP": "t", "UDP": "u"}[protocol] in found or not found.keys() & {"t", "u"}:
            state = "LISTEN" if protocol == "TCP" else ""
            local, foreign = f"0.0.0.0:{port}", "0.0.0.0:*"
            yield from process.print(f"{protocol.lower():5}      0      0 {local:23} {foreign:23} {state:12}")
    return 0
