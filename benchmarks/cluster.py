"""How fast the embedded cluster is, in process and over TLS."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

import orjson
import urllib3
from aiohttp import web

from benchmarks.measure import Result, median
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.server import server as front
from k8slearn.engines.serve import relax_garbage_collection

REPLICAS = 300


def ready() -> Result:
    """A three-node cluster in this process, to the point where every node is Ready."""

    def once() -> None:
        with Cluster(3) as cluster:
            cluster.settle()

    once()  # imports
    nothing = median(lambda: [orjson.loads(orjson.dumps({"a": 1})) for _ in range(1000)])
    return Result(
        "cluster of 3 nodes ready, in process", median(once), 0.050, "1,000 JSON round trips", nothing
    )


def deployment() -> Result:
    """A Deployment of 300 replicas until all are Ready, beside copying that many pods as often as written."""
    relax_garbage_collection()  # as in the process that `k8slearn up` starts
    taken, pods = [], []
    for seed in range(5):
        with Cluster(4, seed=seed) as cluster:
            cluster.settle()
            create(cluster, "web", REPLICAS)
            begin = time.perf_counter()
            cluster.settle()
            taken.append(time.perf_counter() - begin)
            pods = cluster.client.list("pods", "default")
            assert sum(map(is_ready, pods)) == REPLICAS
    writes = 4
    floor = median(lambda: [orjson.loads(orjson.dumps(pod)) for pod in pods for _ in range(writes)])
    return Result(
        f"Deployment of {REPLICAS} replicas Ready",
        sorted(taken)[2],
        0.300,
        f"{writes} copies of each pod",
        floor,
    )


def list_pods() -> Result:
    """LIST of 1,000 pods over TLS, beside the same server framework sending the same bytes."""
    with Cluster(11, start=time.time() - 60) as cluster:
        cluster.settle()
        create(cluster, "web", 1000)
        cluster.settle()
        cluster.clock.advance(time.time() - cluster.clock.now)
        server = cluster.serve()
        headers = {"Authorization": f"Bearer {server.credentials.token}"}
        pool = urllib3.PoolManager(ca_certs=str(server.credentials.ca))
        url = f"https://127.0.0.1:{server.port}/api/v1/namespaces/default/pods"
        get = lambda: pool.request("GET", url, headers=headers)  # noqa: E731
        body = get().data
        assert len(orjson.loads(body)["items"]) == 1000
        seconds = median(get, 20)
        floor = _bare(body, server.credentials.ssl_context(), str(server.credentials.ca))
    return Result("LIST of 1,000 pods over TLS", seconds, 0.010, "aiohttp sending the same bytes", floor)


def _bare(body: bytes, context: ssl.SSLContext, ca: str) -> float:
    import asyncio
    import threading

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    loop, port = asyncio.new_event_loop(), []
    up = threading.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        listening = front._bind(0)
        await web.SockSite(runner, listening, ssl_context=context).start()
        port.append(listening.getsockname()[1])
        up.set()

    loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    up.wait()
    pool = urllib3.PoolManager(ca_certs=ca)
    seconds = median(lambda: pool.request("GET", f"https://127.0.0.1:{port[0]}/"), 20)
    pool.clear()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    return seconds


def create(cluster: Cluster, name: str, replicas: int) -> None:
    """A Deployment of nginx."""
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": name, "namespace": "default"}
    cluster.client.create("deployments.apps", {"metadata": metadata, "spec": spec})


def is_ready(pod: dict) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


BENCHMARKS: list[Callable[[], Result]] = [ready, deployment, list_pods]
