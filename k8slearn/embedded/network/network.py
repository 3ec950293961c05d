"""The network of one cluster: which program a connection reaches, and how long one waits that reaches none.

A pod's address exists while its sandbox does (``attach``), a node's always (``add_node``); a
port is open while a program listens on it (``listen``). Where a Service's connection goes says ``proxy``, and
whether it may, ``policy``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from k8slearn.embedded.client import Client
from k8slearn.embedded.clock import Clock, Timer
from k8slearn.embedded.network.errors import (
    AddressInUse,
    ConnectionClosed,
    ConnectionRefused,
    ConnectTimeout,
    NetworkError,
    NotSecure,
    RequestTimeout,
    Unreachable,
    UntrustedCertificate,
)
from k8slearn.embedded.network.http import (
    ANYBODY,
    Connection,
    HttpRequest,
    HttpResponse,
    Listener,
    SecureListener,
)
from k8slearn.embedded.network.links import Links
from k8slearn.embedded.network.names import HOST_RESOLVER, Names, NameServer, Zone
from k8slearn.embedded.network.policy import Peer, Policies, Traffic
from k8slearn.embedded.network.proxy import Proxy
from k8slearn.embedded.store import Object

LOOPBACK = "127.0.0.1"

CONNECT_TIMEOUT = 127.0
"""Seconds after which Linux gives up to connect (tcp_syn_retries is 6: 1 + 2 + 4 + … + 64)."""


@dataclass
class _Interface:
    """A pod's or a node's place on the network. ``forwards``: a node's hostPorts, and where they lead."""

    peer: Peer
    gateway: str = ""
    listeners: dict[tuple[str, int], Listener] = field(default_factory=dict)
    forwards: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)


class Network:
    """``names`` is the cluster's DNS zone, which the DNS pods serve; ``links`` are what joins the nodes."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.clock = clock
        self._client = client
        self._proxy = Proxy(client, clock)
        self._policies = Policies(client)
        self.names = Names(client)
        self.links = Links()
        self._interfaces: dict[str, _Interface] = {}
        self._nodes: dict[str, _Interface] = {}
        outside = _Interface(Peer(HOST_RESOLVER, None, ""))
        outside.listeners["UDP", 53] = NameServer(Zone())
        self._interfaces[HOST_RESOLVER] = outside

    # -- who is there ---------------------------------------------------------------------------

    def add_node(self, ip: str, name: str, pod_cidr: str) -> None:
        """The node ``name`` has ``ip``, its pods are in ``pod_cidr``, whose first address is its bridge's."""
        gateway = str(next(ipaddress.ip_network(pod_cidr).hosts()))
        self._interfaces[ip] = self._nodes[name] = _Interface(Peer(ip, None, name), gateway)

    def attach(self, ip: str, pod: Object) -> None:
        """``ip`` belongs to ``pod``'s sandbox from now on; its hostPorts are open on its node."""
        node = pod["spec"].get("nodeName", "")
        self._interfaces[ip] = _Interface(Peer(ip, pod, node))
        if node in self._nodes:
            for container in pod["spec"].get("containers") or ():
                for port in container.get("ports") or ():
                    if port.get("hostPort"):
                        place = (port["protocol"], port["hostPort"])
                        self._nodes[node].forwards[place] = (ip, port["containerPort"])

    def detach(self, ip: str) -> None:
        """The sandbox is gone, and every listener on it."""
        interface = self._interfaces.pop(ip, None)
        if interface is not None and interface.peer.node in self._nodes:
            node = self._nodes[interface.peer.node]
            node.forwards = {port: place for port, place in node.forwards.items() if place[0] != ip}

    def listen(self, ip: str, port: int, listener: Listener, protocol: str = "TCP") -> None:
        """Open ``port`` of the pod (or node) at ``ip``. Raises AddressInUse; Unreachable when ``ip`` is not
        there."""
        listeners = self._interface(ip).listeners
        if (protocol, port) in listeners:
            raise AddressInUse
        listeners[protocol, port] = listener

    def unlisten(self, ip: str, port: int, protocol: str = "TCP") -> None:
        interface = self._interfaces.get(ip)
        if interface is not None:
            interface.listeners.pop((protocol, port), None)

    def listening(self, ip: str) -> list[tuple[str, int]]:
        """The open ports of the pod or node at ``ip``."""
        interface = self._interfaces.get(ip)
        return sorted(interface.listeners) if interface else []

    # -- connecting -----------------------------------------------------------------------------

    def connect(self, asker: str, ip: str, port: int, protocol: str = "TCP") -> Connection:
        """A new connection from ``asker`` (a pod's address, or a node's).

        Raises ConnectionRefused at once; Unreachable too, which the asker learns only by waiting.
        """
        if ip.startswith("127."):
            return self._reach(LOOPBACK, self._interface(asker), port, protocol)
        source = self._peer(asker)
        seen_as = asker
        endpoint = self._proxy.cluster_ip(source, ip, port, protocol)
        if endpoint is not None:
            if endpoint[0] == asker:
                seen_as = self._gateway(source.node, asker)
        elif (node := self._node(ip)) is not None:
            self._require_link(source.node, node.peer.node)
            endpoint = self._proxy.node_port(source, node.peer.node, port, protocol)
            if source.node != node.peer.node:
                seen_as = self._node_ip(source.node, asker)
            if endpoint is not None and not self._proxy.keeps_client(port, protocol):
                at_home = self._interface(endpoint[0]).peer.node == node.peer.node
                seen_as = node.gateway if at_home else ip
            endpoint = endpoint or node.forwards.get((protocol, port))
        reached, number = endpoint or (ip, port)
        interface = self._interface(reached)
        self._require_link(source.node, interface.peer.node)
        if not self._policies.permit(source, Traffic(self._now(interface.peer), protocol, number)):
            raise Unreachable
        return self._reach(seen_as, interface, number, protocol)

    def ping(self, asker: str, ip: str) -> None:
        """An ICMP echo. A ClusterIP does not answer one. Raises Unreachable."""
        if ip.startswith("127."):
            return
        source, target = self._peer(asker), self._now(self._interface(ip).peer)
        self._require_link(source.node, target.node)
        if not self._policies.permit(source, Traffic(target, "ICMP", None)):
            raise Unreachable

    def hops(self, asker: str, ip: str) -> int:
        """How many nodes forward a packet from ``asker`` to ``ip``: 1 between two pods of a node, else 2."""
        one, other = self._peer(asker), self._peer(ip)
        pods = (one.pod is not None) + (other.pod is not None)
        return pods if one.node != other.node else pods // 2

    def _reach(self, client: str, interface: _Interface, port: int, protocol: str) -> Connection:
        listener = interface.listeners.get((protocol, port))
        if listener is None:
            raise ConnectionRefused
        return Connection(client, interface.peer.ip, (protocol, port), listener)

    def _require_link(self, one: str, other: str) -> None:
        if not self.links.joined(one, other):
            raise Unreachable

    def _interface(self, ip: str) -> _Interface:
        try:
            return self._interfaces[ip]
        except KeyError:
            raise Unreachable from None

    def _node(self, ip: str) -> _Interface | None:
        interface = self._interfaces.get(ip)
        return interface if interface is not None and interface.gateway else None

    def _peer(self, ip: str) -> Peer:
        interface = self._interfaces.get(ip)
        return self._now(interface.peer) if interface else Peer(ip, None, "")

    def _now(self, peer: Peer) -> Peer:
        """``peer`` with its pod as it is now: labels change."""
        if peer.pod is None:
            return peer
        metadata = peer.pod["metadata"]
        return replace(
            peer, pod=self._client.get("pods", metadata["namespace"], metadata["name"]) or peer.pod
        )

    def _gateway(self, node: str, otherwise: str) -> str:
        return self._nodes[node].gateway if node in self._nodes else otherwise

    def _node_ip(self, node: str, otherwise: str) -> str:
        return self._nodes[node].peer.ip if node in self._nodes else otherwise

    # -- asking ---------------------------------------------------------------------------------

    def request(
        self,
        asker: str,
        ip: str,
        port: int,
        request: HttpRequest,
        done: Callable[[HttpResponse | NetworkError], None],
        timeout: float | None = None,
    ) -> Callable[[], None]:
        """Ask ``ip``:``port`` from ``asker`` on a connection of its own.

        ``done`` is called once, with the answer or with what went wrong (ConnectionRefused, Unreachable,
        ConnectionClosed, RequestTimeout after ``timeout`` seconds). Refusals are told before this returns;
        Unreachable after two minutes.
        Calling what is returned gives up: ``done`` is not called any more.
        """
        try:
            connection = self.connect(asker, ip, port)
        except Unreachable as error:
            exchange = _Exchange(done)
            if timeout is None or timeout > CONNECT_TIMEOUT:
                exchange.finish_later(self.clock, CONNECT_TIMEOUT, error)
            else:
                exchange.finish_later(self.clock, timeout, ConnectTimeout())
            return exchange.give_up
        except NetworkError as error:
            done(error)
            return lambda: None
        return self.send(connection, request, done, timeout)

    def send(
        self,
        connection: Connection,
        request: HttpRequest,
        done: Callable[[HttpResponse | NetworkError], None],
        timeout: float | None = None,
    ) -> Callable[[], None]:
        """``request`` on a connection that is kept alive: it reaches the same program as the one before, and
        is ConnectionClosed once that listens no more. HTTPS may fail with NotSecure or UntrustedCertificate."""
        exchange = _Exchange(done)
        interface = self._interfaces.get(connection.address)
        if interface is None or interface.listeners.get(connection.port) is not connection.listener:
            exchange.finish(ConnectionClosed())
            return exchange.give_up
        if (failure := _handshake(connection.listener, request.trusted)) is not None:
            exchange.finish(failure)
            return exchange.give_up
        if timeout is not None:
            exchange.finish_later(self.clock, timeout, RequestTimeout())
        connection.listener.serve(replace(request, client=connection.client), exchange.reply)
        return exchange.give_up


def _handshake(listener: Listener, trusted: bytes | None) -> NetworkError | None:
    """Why TLS cannot begin between ``listener`` and who trusts those authorities; None where it can, or need not."""
    if trusted is None:
        return None
    if not isinstance(listener, SecureListener):
        return NotSecure()
    return None if trusted == ANYBODY or listener.authority in trusted else UntrustedCertificate()


class _Exchange:
    """Sees to it that one request has one outcome."""

    def __init__(self, done: Callable[[HttpResponse | NetworkError], None]) -> None:
        self.done: Callable[[HttpResponse | NetworkError], None] | None = done
        self.timer: Timer | None = None

    def reply(self, response: HttpResponse | None) -> None:
        self.finish(ConnectionClosed() if response is None else response)

    def finish_later(self, clock: Clock, delay: float, outcome: NetworkError) -> None:
        self.timer = clock.call_later(delay, lambda: self.finish(outcome), background=True)

    def finish(self, outcome: HttpResponse | NetworkError) -> None:
        done = self.done
        self.give_up()
        if done is not None:
            done(outcome)

    def give_up(self) -> None:
        self.done = None
        if self.timer is not None:
            self.timer.cancel()
