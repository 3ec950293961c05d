"""Ten thousand pods on a hundred nodes: one run, looked at in four ways."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

from benchmarks.cluster import create
from benchmarks.measure import KILOBYTES, MICROSECONDS, Result, resident
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object
from k8slearn.engines.serve import relax_garbage_collection

NODES = 100
PODS = 10_000
BATCH = 500
FIRST = 100


class Run(NamedTuple):
    """Seconds, and bytes."""

    first: float
    """A pod's cost up to the hundredth."""
    last: float
    """That of the last five hundred."""
    all: float
    copies: float
    """Four copies of every pod."""
    memory: float
    """Of a pod and its events."""
    text: float
    """Their JSON."""
    restart: float
    decode: float
    """Decoding each line of the journal."""


@cache
def _run() -> Run:
    relax_garbage_collection()  # as in the process that `k8slearn up` starts
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        with Cluster(NODES, journal=journal) as cluster:
            cluster.settle()
            before, begin = resident(), time.perf_counter()
            *_, (first, last) = _grow(cluster)
            everything, memory = time.perf_counter() - begin, (resident() - before) / PODS
            pods, events = (cluster.client.list(resource, "default") for resource in ("pods", "events"))
            assert sum(pod["status"]["phase"] == "Running" for pod in pods) == PODS
            text = sum(len(orjson.dumps(obj)) for obj in (*pods, *events)) / PODS
            copies = _copies(pods, 4)
        del cluster, pods, events
        gc.collect()
        lines = journal.read_bytes().splitlines()
        decode = _seconds(lambda: [orjson.loads(line) for line in lines])

        def again() -> None:
            with Cluster(NODES, journal=journal) as cluster:
                assert cluster.settle()

        restart = _seconds(again)
    return Run(first, last, everything, copies, memory, text, restart, decode)


def _grow(cluster: Cluster) -> Iterator[tuple[float, float]]:
    """Deployments until there are all the pods; gives the seconds a pod of the first and of the youngest batch."""
    first, made = 0.0, 0
    while made < PODS:
        batch = min(BATCH, PODS - made) if made else FIRST
        cost = _seconds(lambda made=made, batch=batch: _made(cluster, f"web-{made}", batch)) / batch
        first, made = first or cost, made + batch
        yield first, cost


def _made(cluster: Cluster, name: str, pods: int) -> None:
    create(cluster, name, pods)
    assert cluster.settle()


def _copies(pods: list[Object], times: int) -> float:
    return _seconds(lambda: [orjson.loads(orjson.dumps(pod)) for pod in pods for _ in range(times)])


def _seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def ten_thousand_pods() -> Result:
    run = _run()
    return Result(
        f"{PODS:,} pods Running on {NODES} nodes", run.all, 10.0, "4 copies of each pod", run.copies
    )


def cost_of_a_pod() -> Result:
    run = _run()
    return Result(
        f"a pod of the last {BATCH} of {PODS:,}",
        run.last,
        1.5 * run.first,
        f"a pod of the first {FIRST}",
        run.first,
        MICROSECONDS,
    )


def memory_of_a_pod() -> Result:
    run = _run()
    return Result("memory of a pod with its events", run.memory, 40_000, "their JSON", run.text, KILOBYTES)


def restart() -> Result:
    run = _run()
    return Result(
        f"{PODS:,} pods again from the journal", run.restart, 5.0, "decoding the journal", run.decode
    )


BENCHMARKS: list[Callable[[], Result]] = [ten_thousand_pods, cost_of_a_pod, memory_of_a_pod, restart]
