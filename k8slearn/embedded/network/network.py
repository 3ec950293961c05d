"""The pod network and kube-proxy: which program a connection reaches.

A pod's address exists while its sandbox does (``attach``); a port is open while a program listens on it
(``listen``). A Service's ClusterIP belongs to nobody: a connection to it goes to a ready endpoint, chosen by
chance, and is refused when there is none, as kube-proxy's rules do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from k8slearn.embedded.client import Client
from k8slearn.embedded.clock import Clock, Timer
from k8slearn.embedded.network.http import HttpRequest, HttpResponse, Listener
from k8slearn.embedded.network.names import Names, UnknownHost, is_address
from k8slearn.embedded.store import Object

LOOPBACK = "127.0.0.1"

CONNECT_TIMEOUT = 127.0
"""Seconds after which Linux gives up to connect (tcp_syn_retries is 6: 1 + 2 + 4 + … + 64)."""


class NetworkError(Exception):
    """A connection or a listener that cannot be; ``str()`` is the kernel's text for it."""


class ConnectionRefused(NetworkError):
    """Somebody has the address, nobody listens on the port; or a Service without ready endpoints."""

    def __init__(self) -> None:
        super().__init__("Connection refused")


class Unreachable(NetworkError):
    """Nobody has the address: no such pod (any more), or its node is lost. Packets vanish without an
    answer, so a connection ends by a time-out."""

    def __init__(self) -> None:
        super().__init__("Connection timed out")


class AddressInUse(NetworkError):
    """Another program of the same pod listens on the port already."""

    def __init__(self) -> None:
        super().__init__("Address already in use")


class RequestTimeout(NetworkError):
    """No answer within the time that the asker gave."""

    def __init__(self) -> None:
        super().__init__("timed out")


class ConnectionClosed(NetworkError):
    """The connection closed without an HTTP answer: the program died, or it speaks no HTTP."""

    def __init__(self) -> None:
        super().__init__("Connection reset by peer")


@dataclass
class _Interface:
    """A pod's place on the network."""

    namespace: str
    hosts: dict[str, str]
    listeners: dict[int, Listener] = field(default_factory=dict)


class Network:
    """The network of one cluster."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.clock = clock
        self.names = Names(client)
        self._interfaces: dict[str, _Interface] = {}

    # -- who is there ---------------------------------------------------------------------------

    def attach(self, ip: str, pod: Object) -> None:
        """``ip`` belongs to ``pod``'s sandbox from now on."""
        spec = pod["spec"]
        hostname = spec.get("hostname") or pod["metadata"]["name"]
        hosts = {"localhost": LOOPBACK, hostname: ip}
        for alias in spec.get("hostAliases") or []:
            for name in alias.get("hostnames") or []:
                hosts[name] = alias["ip"]
        self._interfaces[ip] = _Interface(pod["metadata"]["namespace"], hosts)

    def detach(self, ip: str) -> None:
        """The sandbox is gone, and every listener on it."""
        self._interfaces.pop(ip, None)

    def listen(self, ip: str, port: int, listener: Listener) -> None:
        """Open ``port`` of the pod at ``ip``. Raises AddressInUse; Unreachable when ``ip`` is not there."""
        listeners = self._interface(ip).listeners
        if port in listeners:
            raise AddressInUse
        listeners[port] = listener

    def unlisten(self, ip: str, port: int) -> None:
        interface = self._interfaces.get(ip)
        if interface is not None:
            interface.listeners.pop(port, None)

    # -- finding --------------------------------------------------------------------------------

    def namespace(self, ip: str) -> str:
        """The namespace of the pod at ``ip``, "" when nobody has the address."""
        interface = self._interfaces.get(ip)
        return interface.namespace if interface else ""

    def resolve(self, asker: str, name: str) -> str:
        """The address of ``name`` as the pod at ``asker`` sees it: its /etc/hosts first, then DNS.

        Raises UnknownHost.
        """
        if is_address(name):
            return name
        interface = self._interfaces.get(asker)
        if interface is None:
            raise UnknownHost(name)
        if name in interface.hosts:
            return interface.hosts[name]
        _, addresses = self.names.lookup(interface.namespace, name)
        return self.clock.random.choice(addresses) if len(addresses) > 1 else addresses[0]

    def connect(self, asker: str, ip: str, port: int) -> tuple[str, Listener]:
        """The pod address that a connection from ``asker`` reaches and the program that listens there.

        Raises ConnectionRefused, Unreachable.
        """
        if ip.startswith("127."):
            ip = asker
        services = self.names.services_at(ip)
        if services:
            ip, port = self._endpoint(services[0], port)
        listener = self._interface(ip).listeners.get(port)
        if listener is None:
            raise ConnectionRefused
        return ip, listener

    def _endpoint(self, service: Object, port: int) -> tuple[str, int]:
        """kube-proxy: the pod address and port that a connection to a port of ``service`` goes to."""
        port_name = next(
            (entry.get("name", "") for entry in service["spec"].get("ports") or [] if entry["port"] == port),
            None,
        )
        ready = [
            (address, slice_port["port"])
            for piece in self.names.slices(service)
            for slice_port in piece.get("ports") or []
            if (slice_port.get("name") or "") == port_name
            for endpoint in piece.get("endpoints") or []
            if endpoint.get("conditions", {}).get("ready", True)
            for address in endpoint["addresses"]
        ]
        if not ready:
            raise ConnectionRefused
        return self.clock.random.choice(ready)

    def _interface(self, ip: str) -> _Interface:
        try:
            return self._interfaces[ip]
        except KeyError:
            raise Unreachable from None

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
        """Ask ``ip``:``port`` from ``asker`` (a pod's address, or a node's for probes and proxies).

        ``done`` is called once, with the answer or with what went wrong (ConnectionRefused, Unreachable,
        ConnectionClosed, RequestTimeout after ``timeout`` seconds). Refusals are told before this returns;
        Unreachable after two minutes.
        Calling what is returned gives up: ``done`` is not called any more.
        """
        exchange = _Exchange(done)
        try:
            reached, listener = self.connect(asker, ip, port)
        except Unreachable as error:
            if timeout is None or timeout > CONNECT_TIMEOUT:
                exchange.finish_later(self.clock, CONNECT_TIMEOUT, error)
            else:
                exchange.finish_later(self.clock, timeout, RequestTimeout())
            return exchange.give_up
        except NetworkError as error:
            exchange.finish(error)
            return exchange.give_up
        if timeout is not None:
            exchange.finish_later(self.clock, timeout, RequestTimeout())
        client = asker if reached != asker or not ip.startswith("127.") else LOOPBACK
        listener.serve(replace(request, client=client), exchange.reply)
        return exchange.give_up


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
