"""The API server's proxy: ``/api/v1/namespaces/NS/pods/NAME[:PORT]/proxy/PATH``, and the same of services.

    kubectl get --raw /api/v1/namespaces/default/services/web:80/proxy/index.html
    kubectl proxy, and http://localhost:8001/api/v1/namespaces/default/pods/web/proxy/

Upstream: ``ResourceLocation`` of pods and services, and apimachinery's ``util/proxy``, which lets links lead back
through the proxy.
https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.http import Answer, Pending, Request, Response
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, bad_request, not_found
from k8slearn.embedded.client import Client
from k8slearn.embedded.network.errors import ConnectionClosed, ConnectionRefused, NetworkError
from k8slearn.embedded.network.http import HttpRequest, HttpResponse
from k8slearn.embedded.network.links_in_html import rewrite_html, rewrite_link
from k8slearn.embedded.network.network import Network
from k8slearn.embedded.network.proxy import SLICES

Object = dict[str, Any]

TIMEOUT = 30.0
"""Virtual seconds that the API server waits."""

_NOT_PASSED_ON = frozenset(
    ("authorization", "connection", "content-length", "keep-alive", "transfer-encoding", "upgrade")
)
"""Headers that concern one connection, and the client's credential."""


class Place(NamedTuple):
    """Where a request is passed on to."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


class ApiProxy:
    """``address`` is the control plane's: where the requests come from."""

    def __init__(self, apiserver: APIServer, client: Client, network: Network, address: str) -> None:
        self._client = client
        self._network = network
        self._address = address
        apiserver.connect("pods", "proxy", self._to_pod)
        apiserver.connect("services", "proxy", self._to_service)

    def _to_pod(self, request: Request, target: Target) -> Answer:
        """``NAME``, ``NAME:PORT`` or ``SCHEME:NAME:PORT``; without a port the first that the pod declares, or 80."""
        scheme, name, port = split(target)
        pod = self._client.get("pods", target.key_namespace, name)
        if pod is None:
            raise not_found("pods", name)
        address = (pod.get("status") or {}).get("podIP")
        if not address:
            raise bad_request("address not allowed")
        declared = [port for container in pod["spec"]["containers"] for port in container.get("ports") or ()]
        number = port or str(declared[0]["containerPort"] if declared else 80)
        if not number.isdecimal():
            raise bad_request(f'invalid pod request "{target.name}"')
        return self._pass_on(request, scheme, Place(address, int(number)))

    def _to_service(self, request: Request, target: Target) -> Answer:
        """The port is a number of the Service, or the name of its port; none is the port without a name."""
        scheme, name, port = split(target)
        if port.isdecimal():
            service = self._client.get("services", target.key_namespace, name)
            if service is None:
                raise not_found("services", name)
            names = [p.get("name", "") for p in service["spec"].get("ports") or () if p["port"] == int(port)]
            if not names:
                raise _unavailable(f'no service port {port} found for service "{name}"')
            port = names[0]
        found = [
            Place(endpoint["addresses"][0], slice_port["port"])
            for piece in self._client.by_index(SLICES, "service", f"{target.key_namespace}/{name}")
            for slice_port in piece.get("ports") or ()
            if (slice_port.get("name") or "") == port
            for endpoint in piece.get("endpoints") or ()
            if endpoint.get("conditions", {}).get("ready", True)
        ]
        if not found:
            raise _unavailable(f'no endpoints available for service "{name}"')
        return self._pass_on(request, scheme, self._network.clock.random.choice(found))

    def _pass_on(self, request: Request, scheme: str, place: Place) -> Answer:
        prefix, found, path = request.path.partition("/proxy")
        prefix += found
        query = f"?{urlencode(request.query, doseq=True)}" if request.query else ""
        if not path and request.method in ("GET", "HEAD"):
            return Response(301, content_type="", headers=[("Location", f"{prefix}/{query}")])
        if scheme == "https":
            raise _unavailable(
                "error trying to reach service: http: server gave HTTP response to HTTPS client"
            )
        headers = {name: value for name, value in request.headers.items() if name not in _NOT_PASSED_ON}
        headers["x-forwarded-uri"] = quote(prefix + (path or "/"))
        passed_on = HttpRequest(request.method, quote(path or "/") + query, headers, request.body)
        pending = Pending()

        def done(outcome: HttpResponse | NetworkError) -> None:
            if isinstance(outcome, HttpResponse):
                pending.set(_answer(outcome, prefix, (str(place), request.headers.get("host", ""))))
            else:
                error = _unavailable(f"error trying to reach service: {_why(outcome, place)}")
                pending.set(Response(error.code, orjson.dumps(error.status())))

        pending.on_close = self._network.request(
            self._address, place.address, place.port, passed_on, done, TIMEOUT
        )
        return pending


def split(target: Target) -> tuple[str, str, str]:
    """Scheme, name and port of ``NAME``, ``NAME:PORT`` or ``SCHEME:NAME:PORT``. Raises ApiError."""
    parts = target.name.split(":")
    if len(parts) < 3:
        parts = ["", *parts, ""][:3]
    scheme, name = parts[:2]
    if len(parts) > 3 or not name or scheme not in ("", "http", "https"):
        raise bad_request(f'invalid {target.kind.singular} request "{target.name}"')
    return scheme, name, parts[2]


def _answer(outcome: HttpResponse, prefix: str, hosts: tuple[str, ...]) -> Response:
    """The pod's answer, its links leading back through ``prefix``; ``hosts`` are names that it may use for itself."""
    headers = {
        name.title(): value for name, value in outcome.headers.items() if name.lower() not in _NOT_PASSED_ON
    }
    content_type = headers.pop("Content-Type", "")
    body = outcome.body
    if location := headers.get("Location"):
        headers["Location"] = rewrite_link(location, prefix, hosts)
    elif content_type.partition(";")[0].strip() == "text/html":
        body = rewrite_html(body.decode(errors="surrogateescape"), prefix, hosts).encode(
            errors="surrogateescape"
        )
    return Response(outcome.status, body, content_type, list(headers.items()))


def _why(error: NetworkError, place: Place) -> str:
    """As Go's HTTP client words it."""
    if isinstance(error, ConnectionRefused):
        return f"dial tcp {place}: connect: connection refused"
    return "EOF" if isinstance(error, ConnectionClosed) else f"dial tcp {place}: i/o timeout"


def _unavailable(text: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", text)
