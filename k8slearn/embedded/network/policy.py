"""Whether NetworkPolicies let a connection through.

https://kubernetes.io/docs/concepts/services-networking/network-policies/: a pod that no policy selects for a
direction may do everything in it; once one does, only what the rules of its policies, added up, allow.

    spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}

lets app=web in, and nobody else, to the pods app=db of its namespace. Both ends must agree: the source's egress
and the target's ingress. Addresses are those of the pods, not of the Service that was asked.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8slearn.embedded.client import Client
from k8slearn.embedded.store import Object
from k8slearn.kube.label_selectors import matches

POLICIES = "networkpolicies.networking.k8s.io"


@dataclass(frozen=True)
class Peer:
    """One end of a connection. ``pod`` is None for a node, for pods on its network, and for the outside;
    ``node`` is the name of the node that the address is on, "" outside."""

    ip: str
    pod: Object | None
    node: str


@dataclass(frozen=True)
class Traffic:
    """Where a connection leads. ``port`` is None for ICMP, which rules with ports do not mention."""

    target: Peer
    protocol: str
    port: int | None


class Policies:
    """All NetworkPolicies, as they are now."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def permit(self, source: Peer, traffic: Traffic) -> bool:
        target = traffic.target
        if source.ip == target.ip:
            return True
        if source.node == target.node and (source.pod is None or target.pod is None):
            return True  # a node and its own pods always reach each other: the kubelet must probe
        return self._permits("Egress", source, target, traffic) and self._permits(
            "Ingress", target, source, traffic
        )

    def _permits(self, direction: str, concerned: Peer, other: Peer, traffic: Traffic) -> bool:
        """Whether the policies of one end, ``concerned``, allow the other end."""
        policies = list(self._selecting(direction, concerned))
        rules, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
        return not policies or any(
            self._is_port(rule.get("ports"), traffic)
            and self._is_peer(rule.get(peers), other, policy["metadata"]["namespace"])
            for policy in policies
            for rule in policy["spec"].get(rules) or ()
        )

    def _selecting(self, direction: str, peer: Peer) -> Iterator[Object]:
        if peer.pod is None:
            return
        metadata = peer.pod["metadata"]
        for policy in self._client.list(POLICIES, metadata["namespace"]):
            spec = policy["spec"]
            if direction in spec["policyTypes"] and matches(spec["podSelector"], metadata.get("labels")):
                yield policy

    def _is_peer(self, entries: list[dict[str, Any]] | None, peer: Peer, namespace: str) -> bool:
        """No entries: everybody. ``namespace`` is the policy's own."""
        return not entries or any(self._is_one(entry, peer, namespace) for entry in entries)

    def _is_one(self, entry: dict[str, Any], peer: Peer, namespace: str) -> bool:
        if (block := entry.get("ipBlock")) is not None:
            return _inside(peer.ip, block["cidr"]) and not any(
                _inside(peer.ip, cidr) for cidr in block.get("except") or ()
            )
        if peer.pod is None:
            return False
        metadata = peer.pod["metadata"]
        if (namespaces := entry.get("namespaceSelector")) is not None:
            home = self._client.get("namespaces", "", metadata["namespace"])
            if home is None or not matches(namespaces, home["metadata"].get("labels")):
                return False
        elif metadata["namespace"] != namespace:
            return False
        return matches(entry.get("podSelector") or {}, metadata.get("labels"))

    @staticmethod
    def _is_port(entries: list[dict[str, Any]] | None, traffic: Traffic) -> bool:
        """No entries: every port. A name is looked up among the ports of the target pod's containers."""
        if not entries:
            return True
        number = traffic.port
        if number is None:
            return False
        for entry in entries:
            if entry["protocol"] != traffic.protocol:
                continue
            port = entry.get("port")
            if port is None or port == number:
                return True
            if isinstance(port, str):
                if number in named_ports(traffic.target.pod, port, traffic.protocol):
                    return True
            elif port <= number <= entry.get("endPort", port):
                return True
        return False


def named_ports(pod: Object | None, name: str, protocol: str) -> list[int]:
    containers = pod["spec"].get("containers") or () if pod else ()
    return [
        port["containerPort"]
        for container in containers
        for port in container.get("ports") or ()
        if port.get("name") == name and port.get("protocol", "TCP") == protocol
    ]


def _inside(ip: str, cidr: str) -> bool:
    return ipaddress.ip_address(ip) in ipaddress.ip_network(cidr)
