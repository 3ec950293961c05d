"""kube-proxy: where a connection to a Service goes. The rules are those of its iptables mode.

A Service's ClusterIP belongs to nobody: each new connection to it is sent to one endpoint by chance. Without
endpoints it is refused at once; where a traffic policy leaves none of those there are, it is dropped.
https://kubernetes.io/docs/reference/networking/virtual-ips/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8slearn.embedded.client import Client
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network.errors import ConnectionRefused, Unreachable
from k8slearn.embedded.network.policy import Peer
from k8slearn.embedded.store import Object

SLICES = "endpointslices.discovery.k8s.io"


@dataclass(frozen=True)
class Endpoint:
    address: str
    port: int
    node: str
    ready: bool
    leaving: bool
    """Terminating, and still serving: what is used when none is ready."""


class Proxy:
    """All Services, as they are now."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._sticky: dict[tuple[str, int, str, str], tuple[Endpoint, float]] = {}
        client.add_index(SLICES, "service", _service_of_slice)
        client.add_index("services", "clusterIP", _cluster_ips)
        client.add_index("services", "nodePort", _node_ports)

    def cluster_ip(self, asker: Peer, ip: str, port: int, protocol: str) -> tuple[str, int] | None:
        """The endpoint behind a ClusterIP; None when ``ip`` is no Service's.

        Raises ConnectionRefused, Unreachable.
        """
        for service in self._client.by_index("services", "clusterIP", ip):
            entry = _entry(service, "port", port, protocol)
            if entry is None:
                raise ConnectionRefused
            local = service["spec"].get("internalTrafficPolicy") == "Local"
            return self._choose(service, entry, asker, asker.node if local else None)
        return None

    def node_port(self, asker: Peer, node: str, port: int, protocol: str) -> tuple[str, int] | None:
        """The endpoint behind a port of ``node``; None when it is no Service's.

        ``externalTrafficPolicy: Local`` binds only those who come from elsewhere: who is on the asked node
        itself reaches all endpoints. Raises ConnectionRefused, Unreachable.
        """
        for service in self._client.by_index("services", "nodePort", f"{protocol} {port}"):
            entry = _entry(service, "nodePort", port, protocol)
            assert entry is not None  # the index says so
            local = _is_local(service) and asker.node != node
            return self._choose(service, entry, asker, node if local else None)
        return None

    def keeps_client(self, port: int, protocol: str) -> bool:
        """Whether the endpoint behind a node port sees the client's own address, and not the node's."""
        return any(map(_is_local, self._client.by_index("services", "nodePort", f"{protocol} {port}")))

    def endpoints(self, service: Object, entry: dict[str, Any]) -> Iterator[Endpoint]:
        """The endpoints of one port of ``service``."""
        metadata = service["metadata"]
        for piece in self._client.by_index(SLICES, "service", f"{metadata['namespace']}/{metadata['name']}"):
            for port in piece.get("ports") or ():
                if (port.get("name") or "") != entry.get("name", "") or port["protocol"] != entry["protocol"]:
                    continue
                for endpoint in piece.get("endpoints") or ():
                    conditions = endpoint.get("conditions") or {}
                    ready = conditions.get("ready", True)
                    for address in endpoint["addresses"]:
                        yield Endpoint(
                            address,
                            port["port"],
                            endpoint.get("nodeName", ""),
                            ready,
                            conditions.get("serving", ready) and conditions.get("terminating", False),
                        )

    def _choose(
        self, service: Object, entry: dict[str, Any], asker: Peer, only: str | None
    ) -> tuple[str, int]:
        """One usable endpoint, with ``only`` one on that node."""
        every = list(self.endpoints(service, entry))
        if not _usable(every):
            raise ConnectionRefused
        usable = _usable(every if only is None else [e for e in every if e.node == only])
        if not usable:
            raise Unreachable
        chosen = self._remembered(service, entry, asker, usable) or self._clock.random.choice(usable)
        if service["spec"].get("sessionAffinity") == "ClientIP":
            self._sticky[_session(service, entry, asker)] = (chosen, self._clock.now)
        return chosen.address, chosen.port

    def _remembered(
        self, service: Object, entry: dict[str, Any], asker: Peer, usable: list[Endpoint]
    ) -> Endpoint | None:
        """Session affinity: the endpoint of this client's last connection, unless that is too long ago."""
        if service["spec"].get("sessionAffinity") != "ClientIP":
            return None
        endpoint, when = self._sticky.get(_session(service, entry, asker), (None, 0.0))
        seconds = service["spec"]["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        return endpoint if endpoint in usable and self._clock.now - when <= seconds else None


def _is_local(service: Object) -> bool:
    return service["spec"].get("externalTrafficPolicy") == "Local"


def _usable(endpoints: list[Endpoint]) -> list[Endpoint]:
    return [e for e in endpoints if e.ready] or [e for e in endpoints if e.leaving]


def _entry(service: Object, field: str, number: int, protocol: str) -> dict[str, Any] | None:
    return next(
        (
            entry
            for entry in service["spec"].get("ports") or ()
            if entry.get(field) == number and entry["protocol"] == protocol
        ),
        None,
    )


def _session(service: Object, entry: dict[str, Any], asker: Peer) -> tuple[str, int, str, str]:
    return service["metadata"]["uid"], entry["port"], entry["protocol"], asker.ip


def _cluster_ips(service: Object) -> list[str]:
    ip = service["spec"].get("clusterIP", "")
    return [ip] if ip and ip != "None" else []


def _node_ports(service: Object) -> list[str]:
    return [
        f"{entry['protocol']} {entry['nodePort']}"
        for entry in service["spec"].get("ports") or ()
        if entry.get("nodePort")
    ]


def _service_of_slice(piece: Object) -> list[str]:
    metadata = piece["metadata"]
    service = metadata.get("labels", {}).get("kubernetes.io/service-name", "")
    return [f"{metadata['namespace']}/{service}"] if service else []
