"""The official Python client on a cluster in the same process: no socket, no thread, no TLS.

``kubernetes.client.ApiClient`` sends everything through one urllib3 pool manager. ``connect`` puts an object
in that place that hands the request to the API server. Reading a watch lets virtual time pass until something
happens, so ``Watch().stream(…)`` works as on a real cluster, only faster.
"""

from __future__ import annotations

import io
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from k8slearn.embedded.apiserver.authentication import MASTER, User
from k8slearn.embedded.apiserver.http import Forwarding, Pending, Request, Response, Session, Stream
from k8slearn.errors import ClusterError, UnsupportedError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient
    from urllib3 import HTTPResponse

    from k8slearn.embedded.cluster import Cluster


def connect(cluster: Cluster, who: User = MASTER) -> ApiClient:
    """A client of ``cluster``; ``who`` is the user that it asks as."""
    from kubernetes import client

    configuration = client.Configuration()
    configuration.host = "https://embedded"
    api_client = client.ApiClient(configuration)
    api_client.rest_client.pool_manager = _Pool(cluster, who)  # type: ignore[assignment]
    return api_client


class _Pool:
    """What ``RESTClientObject`` uses of ``urllib3.PoolManager``."""

    def __init__(self, cluster: Cluster, who: User) -> None:
        self._cluster = cluster
        self._who = who

    def request(
        self,
        method: str,
        url: str,
        body: str | bytes | None = None,
        fields: Any = None,
        headers: dict[str, str] | None = None,
        preload_content: bool = True,
        timeout: Any = None,
        **_: Any,
    ) -> HTTPResponse:
        from urllib3 import HTTPResponse

        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        for name, value in fields or ():
            query.setdefault(name, []).append(str(value))
        data = body.encode() if isinstance(body, str) else body or b""
        lower = {name.lower(): str(value) for name, value in (headers or {}).items()}
        answer = self._cluster.handle(Request(method, unquote(parts.path), query, lower, data, self._who))
        if isinstance(answer, Pending):
            answer = self._awaited(answer)
        if isinstance(answer, Session | Forwarding):
            if isinstance(answer, Session):
                answer.close()
            raise UnsupportedError(
                "exec, attach and port-forward need a connection: call cluster.serve() and use its kubeconfig."
            )
        if isinstance(answer, Stream):
            source: io.RawIOBase | io.BytesIO = _Following(self._cluster, answer)
        else:
            source = io.BytesIO(answer.body)
        response_headers = {"Content-Type": answer.content_type, **dict(answer.headers)}
        return HTTPResponse(
            body=source,
            headers=response_headers,
            status=answer.status,
            reason=responses.get(answer.status, ""),
            preload_content=preload_content,
        )

    def _awaited(self, pending: Pending) -> Response:
        """Let time pass until the answer is there. Raises ClusterError when it never will be."""
        while pending.response is None:
            if not self._cluster.clock.step():
                raise ClusterError("The request that was passed on to a pod will never be answered.")
        return pending.response

    def clear(self) -> None:
        """Nothing is pooled."""


class _Following(io.RawIOBase):
    """A stream as a file. Reading steps the simulation until there is something to read."""

    def __init__(self, cluster: Cluster, stream: Stream) -> None:
        self._cluster = cluster
        self._stream = stream
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            self._rest = self._cluster.run(self._stream.take)
            if self._rest or self._stream.ended:
                break
            if not self._cluster.clock.step():
                return 0  # nothing will ever happen again
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
