"""``kubectl port-forward``: connections from the client's machine to a pod's ports.

Upstream: cri-streaming's portforward and containerd's ``portForward``, which connects to localhost inside the
pod's network namespace. A client's connection carries bytes; the simulated network carries HTTP messages, so
what comes in is read as HTTP/1.1.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from k8slearn.embedded.apiserver.http import Answer, Forwarding, Peer, Request, Response
from k8slearn.embedded.apiserver.status import bad_request
from k8slearn.embedded.kubelet.logs import TEXT
from k8slearn.embedded.kubelet.pod_worker import PodWorker
from k8slearn.embedded.network import (
    Connection,
    HttpResponse,
    Network,
    NetworkError,
)
from k8slearn.embedded.network.http_wire import Parser, UnreadableRequest, encode
from k8slearn.embedded.network.network import LOOPBACK

Object = dict[str, Any]


def portforward(worker: PodWorker | None, pod: Object, request: Request) -> Answer:
    """A Forwarding to the pod; ``?ports=8080,6379`` names the ports of the Python client. Raises ApiError."""
    name = pod["metadata"]["name"]
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {name} does not have a host assigned")
    if worker is None or not worker.sandbox:
        return Response(500, f'pod not found ("{name}_{pod["metadata"]["namespace"]}")'.encode(), TEXT)
    sandbox = hashlib.sha256(worker.uid.encode()).hexdigest()

    def connect(port: int, peer: Peer) -> _Forwarded | _Refused:
        failure = f"error forwarding port {port} to pod {sandbox}, uid : "
        if not worker.sandbox:
            peer.end(f'{failure}network namespace for sandbox "{sandbox}" is closed')
            return _Refused()
        network = worker.host.network
        try:
            return _Forwarded(network, network.connect(worker.ip, LOOPBACK, port), peer)
        except NetworkError:
            peer.end(failure + _refusal(sandbox, port))
            return _Refused()

    return Forwarding(_ports(request), connect)


def _ports(request: Request) -> list[int]:
    """The ports that the query names. Raises ApiError."""
    ports = []
    for text in (text for value in request.query.get("ports", ()) for text in value.split(",")):
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise bad_request(f'unable to parse "{text}" as a port')
        ports.append(int(text))
    return ports


def _refusal(sandbox: str, port: int) -> str:
    namespace = f"/var/run/netns/cni-{uuid.UUID(sandbox[:32])}"
    return (
        f'failed to execute portforward in network namespace "{namespace}": failed to connect to localhost:{port} '
        f'inside namespace "{sandbox}", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused IPv6 dial '
        f"tcp6 [::1]:{port}: connect: connection refused "
    )


class _Refused:
    """A connection that nobody has taken."""

    def receive(self, data: bytes) -> None:
        return

    def close_input(self) -> None:
        return

    def close(self) -> None:
        return


class _Forwarded:
    """One connection: its requests are answered one after the other, as HTTP/1.1 asks."""

    def __init__(self, network: Network, connection: Connection, peer: Peer) -> None:
        self._network = network
        self._connection = connection
        self._peer = peer
        self._parser = Parser()
        self._ended = False
        self._input_ended = False
        self._give_up: Callable[[], None] | None = None

    def receive(self, data: bytes) -> None:
        self._parser.feed(data)
        self._next()

    def close_input(self) -> None:
        """curl has its answer, or has sent all that it has: what is under way is still answered."""
        self._input_ended = True
        if self._give_up is None:
            self._end()

    def close(self) -> None:
        self._ended = True
        if self._give_up is not None:
            self._give_up()

    def _next(self) -> None:
        """Pass on the next request that has come in whole, unless one is under way."""
        if self._ended or self._give_up is not None:
            return
        try:
            if self._parser.wants_continue():
                self._peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            message = self._parser.next()
        except UnreadableRequest:
            self._peer.send(encode(HttpResponse(400), "GET", keep_alive=False))
            self._end()
            return
        if message is None:
            return
        request, keep_alive = message

        def answered(outcome: HttpResponse | NetworkError) -> None:
            self._give_up = None
            answers.append(outcome)
            if self._ended:
                return
            if isinstance(outcome, NetworkError):
                self._end()
                return
            self._peer.send(encode(outcome, request.method, keep_alive=keep_alive))
            if keep_alive and not (self._input_ended and self._parser.empty):
                self._next()
            else:
                self._end()

        answers: list[HttpResponse | NetworkError] = []
        give_up = self._network.send(self._connection, request, answered)
        if not answers:
            self._give_up = give_up

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._peer.end()
