"""The API server as pods find it: ``https://kubernetes.default.svc``, port 6443 of the control plane's node.

    wget -qO- --header "Authorization: Bearer $(cat token)" https://kubernetes.default.svc/api/v1/namespaces

A program comes with its service account's token, or is anonymous.
https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.http import Forwarding, Pending, Request, Response, Session, Stream
from k8slearn.embedded.apiserver.status import ApiError, bad_request
from k8slearn.embedded.network.http import HttpRequest, HttpResponse, Reply, SecureListener
from k8slearn.embedded.network.network import Network

_PLAIN = HttpResponse(400, b"Client sent an HTTP request to an HTTPS server.\n", version="HTTP/1.0")


class ApiEndpoint(SecureListener):
    """``authority`` is the certificate (PEM) of the cluster's authority, which pods find as ``ca.crt``."""

    def __init__(self, apiserver: APIServer, authority: str) -> None:
        super().__init__(authority)
        self._apiserver = apiserver

    def listen(self, network: Network, address: str, port: int) -> None:
        network.listen(address, port, self)

    def serve(self, request: HttpRequest, reply: Reply) -> None:
        if request.trusted is None:
            reply(_PLAIN)
            return
        parts = urlsplit(request.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        asked = Request(request.method, unquote(parts.path), query, request.headers, request.body)
        try:
            who = self._apiserver.authenticate(request.headers.get("authorization", ""))
        except ApiError as error:
            reply(_http(Response(error.code, orjson.dumps(error.status()))))
            return
        answer = self._apiserver.handle(replace(asked, who=who))
        match answer:
            case Response():
                reply(_http(answer))
            case Pending():
                _reply_later(answer, reply)
            case Stream():
                _collect(answer, reply)
            case Session():
                answer.close()
                reply(_no_upgrade())
            case Forwarding():
                reply(_no_upgrade())


def _reply_later(pending: Pending, reply: Reply) -> None:
    def answered() -> None:
        assert pending.response is not None
        reply(_http(pending.response))

    if pending.response is not None:
        answered()
    pending.notify = answered


def _collect(stream: Stream, reply: Reply) -> None:
    """A watch or a followed log is answered when it has ended: whole answers travel on this network."""
    got: list[bytes] = []

    def more() -> None:
        got.append(stream.take())
        if stream.ended:
            stream.notify = lambda: None
            reply(_http(Response(stream.status, b"".join(got), stream.content_type, stream.headers)))

    stream.notify = more
    more()


def _no_upgrade() -> HttpResponse:
    error = bad_request("Upgrade request required")
    return _http(Response(error.code, orjson.dumps(error.status())))


def _http(response: Response) -> HttpResponse:
    headers = {name.lower(): value for name, value in response.headers}
    headers |= {"cache-control": "no-cache, private", "content-type": response.content_type}
    return HttpResponse(response.status, response.body, headers)
