"""What changes cost: a rolling update, a lost node; and what it costs that nothing changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import orjson

from benchmarks.cluster import create, is_ready
from benchmarks.measure import PERCENT, Result, median
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object
from k8slearn.engines.serve import relax_garbage_collection

PODS = 100
IDLE_SECONDS = 10.0


def rolling_update() -> Result:
    """Another image for a Deployment of 100 replicas, until all are replaced."""

    def begin(cluster: Cluster) -> Callable[[], None]:
        old = cluster.client.get("deployments.apps", "default", "web")
        assert old is not None
        template = old["spec"]["template"]
        container = {**template["spec"]["containers"][0], "image": "nginx:1.28"}
        pod = {**template["spec"], "containers": [container]}
        spec = {**old["spec"], "template": {**template, "spec": pod}}
        cluster.client.update("deployments.apps", {**old, "spec": spec})
        return lambda: _settled(cluster)

    seconds, pods = _timed(begin)
    assert all(pod["spec"]["containers"][0]["image"] == "nginx:1.28" for pod in pods)
    return Result(
        f"rolling update of {PODS} replicas", seconds, 0.500, "10 copies of each pod", _copies(pods, 10)
    )


def lost_node() -> Result:
    """A node with 100 pods loses its power; until its pods run elsewhere, some six virtual minutes later."""

    def begin(cluster: Cluster) -> Callable[[], None]:
        cluster.client.update("nodes", _uncordoned(cluster))
        cluster.nodes["worker-1"].crash()

        def run() -> None:
            cluster.clock.advance("7m")
            _settled(cluster)

        return run

    seconds, pods = _timed(begin, only_on="worker-1")
    assert {pod["spec"]["nodeName"] for pod in pods if is_ready(pod)} == {"worker-2"}
    return Result(
        f"a lost node's {PODS} pods run elsewhere", seconds, 0.200, "8 copies of each pod", _copies(pods, 8)
    )


def idle() -> Result:
    """A served cluster of 100 pods in which nothing happens: its part of a core, beside ten timers a second."""
    with Cluster(3, start=time.time() - 60) as cluster:
        cluster.settle()
        create(cluster, "web", PODS)
        cluster.settle()
        cluster.serve()
        measured = _busy(lambda: time.sleep(IDLE_SECONDS))
    floor = _busy(lambda: asyncio.run(_ticking(IDLE_SECONDS / 4)))
    return Result(
        f"idle cluster of {PODS} pods",
        measured,
        0.01,
        "an asyncio loop with ten timers a second",
        floor,
        PERCENT,
    )


async def _ticking(seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        await asyncio.sleep(0.1)


def _busy(action: Callable[[], object]) -> float:
    """Which part of a core this process uses meanwhile."""
    wall, used = time.perf_counter(), time.process_time()
    action()
    return (time.process_time() - used) / (time.perf_counter() - wall)


def _timed(begin: Callable[[Cluster], Callable[[], None]], only_on: str = "") -> tuple[float, list[Object]]:
    """The median seconds of what ``begin`` gives back, on clusters with 100 pods, and the pods afterwards."""
    relax_garbage_collection()  # as in the process that `k8slearn up` starts
    taken, pods = [], []
    for seed in range(5):
        with Cluster(3, seed=seed) as cluster:
            cluster.settle()
            if only_on:
                cluster.client.update("nodes", _cordoned(cluster))
            create(cluster, "web", PODS)
            cluster.settle()
            action = begin(cluster)
            start = time.perf_counter()
            action()
            taken.append(time.perf_counter() - start)
            pods = cluster.client.list("pods", "default")
            assert sum(map(is_ready, pods)) >= PODS
    return sorted(taken)[2], pods


def _cordoned(cluster: Cluster) -> Object:
    node = cluster.client.get("nodes", "", "worker-2")
    assert node is not None
    return {**node, "spec": {**node["spec"], "unschedulable": True}}


def _uncordoned(cluster: Cluster) -> Object:
    node = _cordoned(cluster)
    return {**node, "spec": {key: value for key, value in node["spec"].items() if key != "unschedulable"}}


def _settled(cluster: Cluster) -> None:
    assert cluster.settle()


def _copies(pods: list[Object], times: int) -> float:
    return median(lambda: [orjson.loads(orjson.dumps(pod)) for pod in pods for _ in range(times)])


BENCHMARKS: list[Callable[[], Result]] = [rolling_update, lost_node, idle]
