"""Requests to a cluster in its own process, one after another on one connection, over TLS; and what a patch and a
stored pod cost inside."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import yaml

from benchmarks.measure import KILOBYTES, MICROSECONDS, Result, command, resident
from benchmarks.startup import K8SLEARN
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.server.credentials import Credentials
from k8slearn.engines.serve import relax_garbage_collection

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
WATCHES = 100
CHANGES = 1000
BARE_SERVER = "aiohttp sending the same bytes"

BARE = """
import asyncio, sys
from pathlib import Path
from aiohttp import web
from k8slearn.embedded.server.credentials import Credentials

body = sys.stdin.buffer.read()

async def answer(request):
    await request.read()
    return web.Response(body=body, content_type="application/json")

async def main():
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = Credentials.of(Path(sys.argv[1])).ssl_context()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
"""What a server costs that does nothing: the framework, TLS and the client."""


class Connection:
    """One keep-alive connection; as little work as a client can do."""

    def __init__(self, port: int, ca: Path, token: str) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(raw, server_hostname="127.0.0.1")
        self._token = token

    def send(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> None:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
            f"Accept: application/json\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)

    def request(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
        self.send(method, path, body, kind)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._read()
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert head.split(b" ", 2)[1].startswith(b"2"), answer[:300]
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        parts, have = [rest], len(rest)
        while have < length:
            parts.append(self._read())
            have += len(parts[-1])
        return b"".join(parts)

    def count(self, mark: bytes, wanted: int) -> None:
        """Read until ``mark`` has come that often."""
        seen, rest = 0, b""
        while seen < wanted:
            data = rest + self._read()
            seen += data.count(mark)
            rest = data[-len(mark) + 1 :]

    def _read(self) -> bytes:
        data = self._socket.recv(1 << 18)
        assert data, "the server hung up"
        return data


@contextlib.contextmanager
def _cluster() -> Iterator[Path]:
    """The folder of a cluster as ``k8slearn up`` starts it."""
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "K8SLEARN_HOME": home, "HOME": home}
        env.pop("K8SLEARN_KUBECONFIG", None)
        command(K8SLEARN, "up", "--nodes", "1", env=env)()
        try:
            yield Path(home, "cluster")
        finally:
            command(K8SLEARN, "down", env=env)()


def _connect(folder: Path, port: int | None = None) -> Connection:
    """To the cluster of ``folder``, or to what else listens with its certificate."""
    if port is None:
        config = yaml.safe_load((folder / "kubeconfig").read_text())
        port = int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    credentials = Credentials.of(folder)
    return Connection(port, credentials.ca, credentials.token)


@contextlib.contextmanager
def _bare(folder: Path, body: bytes) -> Iterator[Connection]:
    """aiohttp in a process of its own that answers everything with ``body``."""
    command = [sys.executable, "-c", BARE, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin and server.stdout
        server.stdin.write(body)
        server.stdin.close()
        try:
            yield _connect(folder, int(server.stdout.readline()))
        finally:
            server.kill()


def _each(action: Callable[[int], object], times: int) -> float:
    """Seconds of one, of so many in a row."""
    begin = time.perf_counter()
    for number in range(times):
        action(number)
    return (time.perf_counter() - begin) / times


def _pod(name: str) -> bytes:
    """One that nobody schedules: what is measured is the API server."""
    container = {"name": "web", "image": "nginx:1.29", "ports": [{"containerPort": 80}]}
    metadata = {"name": name, "labels": {"app": "web"}}
    spec = {"schedulerName": "nobody", "containers": [container]}
    return orjson.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def get() -> Result:
    """GET of a pod, again and again."""
    with _cluster() as folder:
        connection = _connect(folder)
        connection.request("POST", PODS, _pod("web"))
        body = connection.request("GET", f"{PODS}/web")
        measured = _each(lambda _: connection.request("GET", f"{PODS}/web"), 3000)
        with _bare(folder, body) as bare:
            floor = _each(lambda _: bare.request("GET", f"{PODS}/web"), 3000)
    return Result("GET of a pod over TLS", measured, 1 / 3000, BARE_SERVER, floor, MICROSECONDS)


def post() -> Result:
    """Pods made one after another: decoded, defaulted, admitted, validated, in the journal."""
    bodies = [_pod(f"web-{number}") for number in range(3000)]
    with _cluster() as folder:
        connection = _connect(folder)
        measured = _each(lambda number: connection.request("POST", PODS, bodies[number]), len(bodies))
        body = connection.request("GET", f"{PODS}/web-0")
        with _bare(folder, body) as bare:
            floor = _each(lambda number: bare.request("POST", PODS, bodies[number]), len(bodies))
    return Result("POST of a pod over TLS", measured, 1 / 1000, BARE_SERVER, floor, MICROSECONDS)


def watches() -> Result:
    """From the first of a thousand changes until a hundred watches have seen the last."""
    path, patch = f"{MAPS}/c", "application/merge-patch+json"
    made = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    with _cluster() as folder:
        connection = _connect(folder)
        connection.request("POST", MAPS, made)
        watches = [_connect(folder) for _ in range(WATCHES)]
        for watch in watches:
            watch.send("GET", f"{MAPS}?watch=1&fieldSelector=metadata.name=c")
            watch.count(b'"type":"ADDED"', 1)
        threads = [
            threading.Thread(target=watch.count, args=(b'"type":"MODIFIED"', CHANGES)) for watch in watches
        ]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        change = _each(
            lambda n: connection.request("PATCH", path, b'{"data":{"n":"%d"}}' % n, patch), CHANGES
        )
        for thread in threads:
            thread.join()
        measured = time.perf_counter() - begin
    return Result(
        f"{CHANGES:,} changes at {WATCHES} watches", measured, 2.0, "the patches themselves", change * CHANGES
    )


def patch_among_many() -> Result:
    """A patch in a store of 50,000 objects, and in one of 100."""
    few, many = _patch_among(100), _patch_among(50_000)
    return Result("a patch among 50,000 objects", many, 1.3 * few, "among 100", few, MICROSECONDS)


def _patch_among(objects: int) -> float:
    with Cluster(1) as cluster:
        for number in range(objects):
            metadata = {"name": f"c-{number:05}", "namespace": "default"}
            cluster.client.create("configmaps", {"metadata": metadata, "data": {"a": "b"}})
        cluster.settle()

        def patch(number: int) -> None:
            body = b'{"data":{"n":"%d"}}' % number
            headers = {"content-type": "application/merge-patch+json"}
            answer = cluster.handle(Request("PATCH", f"{MAPS}/c-00042", {}, headers, body))
            assert isinstance(answer, Response) and answer.status == 200

        _each(patch, 100)
        return min(_each(patch, 500) for _ in range(5))


def memory_of_a_stored_pod() -> Result:
    """What ten thousand pods that nobody schedules add to a process, in one that has held nothing before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        measured, text = pool.apply(_memory, (10_000,))
    return Result("memory of a stored pod", measured, 12_000, "its JSON", text, KILOBYTES)


def _memory(pods: int) -> tuple[float, float]:
    """Bytes of one in memory, and as JSON."""
    relax_garbage_collection()  # as in the process that `k8slearn up` starts
    with Cluster(1) as cluster:
        cluster.settle()
        before = resident()
        for number in range(pods):
            pod = orjson.loads(_pod(f"web-{number}"))
            pod["metadata"]["namespace"] = "default"
            cluster.client.create("pods", pod)
        cluster.settle()
        memory = resident() - before
        text = sum(len(orjson.dumps(pod)) for pod in cluster.client.list("pods", "default"))
    return memory / pods, text / pods


BENCHMARKS: list[Callable[[], Result]] = [get, post, watches, patch_among_many, memory_of_a_stored_pod]
