"""How a program in a container finds the address of a name, and connects: ``getaddrinfo`` and ``connect``.

It reads the container's own ``/etc/hosts`` and ``/etc/resolv.conf``, and asks the name servers over the network,
as everything else does: a NetworkPolicy that keeps a pod from kube-dns takes its names away.
"""

from __future__ import annotations

from k8slearn.embedded.network import (
    ConnectionRefused,
    NetworkError,
    RequestTimeout,
    UnknownHost,
    Unreachable,
)
from k8slearn.embedded.network.names import Answer, NameServer, is_address
from k8slearn.embedded.network.network import CONNECT_TIMEOUT
from k8slearn.embedded.network.resolver import ResolverConfig
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps

PORT = 53
ATTEMPTS_SECONDS = 10.0
"""A name server that is silent is asked twice, for five seconds each."""


def resolve(process: Process, name: str) -> Steps:
    """The address of ``name`` (a str). Raises UnknownHost, after 20 seconds when no name server answers."""
    yield from process.step()
    try:
        return address_of(process, name)
    except UnknownHost as error:
        if error.waited:
            yield from process.sleep(error.waited)
        raise


def address_of(process: Process, name: str) -> str:
    """``resolve`` for who cannot wait. Raises UnknownHost."""
    if is_address(name):
        return name
    if name in (hosts := known_hosts(process)):
        return hosts[name]
    config = resolver_config(process)
    for candidate in config.candidates(name):
        try:
            answer = ask(process, config.nameservers, candidate, "A")
        except ConnectionRefused:
            raise UnknownHost(name) from None
        except NetworkError:
            # What is not found by the search list is then tried as it is, or the other way round.
            rounds = 1 if name.endswith(".") else 2
            raise UnknownHost(name, waited=rounds * ATTEMPTS_SECONDS * len(config.nameservers)) from None
        if addresses := answer.addresses:
            return process.kernel.clock.random.choice(addresses) if len(addresses) > 1 else addresses[0]
    raise UnknownHost(name)


def ask(process: Process, nameservers: tuple[str, ...], name: str, type: str) -> Answer:
    """What the first name server that answers says. Raises NetworkError: what the last one's silence was."""
    failure: NetworkError = ConnectionRefused()
    for address in nameservers:
        try:
            connection = process.kernel.network.connect(process.kernel.ip, address, PORT, "UDP")
        except NetworkError as error:
            failure = error
            continue
        if isinstance(connection.listener, NameServer):
            return connection.listener.zone.query(name, type)
    raise failure


def connect(process: Process, ip: str, port: int, timeout: float = CONNECT_TIMEOUT) -> Steps:
    """A Connection to a TCP port, once it stands.

    Raises ConnectionRefused; Unreachable, or RequestTimeout when ``timeout`` seconds are less than the kernel
    waits.
    """
    yield from process.step()
    network = process.kernel.network
    try:
        return network.connect(process.kernel.ip, ip, port)
    except Unreachable:
        yield from process.sleep(min(timeout, CONNECT_TIMEOUT))
        if timeout < CONNECT_TIMEOUT:
            raise RequestTimeout from None
        raise


def known_hosts(process: Process) -> dict[str, str]:
    """Names and addresses of ``/etc/hosts``; the first line that has a name counts."""
    found: dict[str, str] = {}
    for line in _read(process, "/etc/hosts").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            if ":" not in address:
                found.setdefault(name, address)
    return found


def resolver_config(process: Process) -> ResolverConfig:
    return ResolverConfig.parse(_read(process, "/etc/resolv.conf"))


def _read(process: Process, path: str) -> str:
    try:
        return process.files.read(path).decode(errors="replace")
    except OSError:
        return ""
