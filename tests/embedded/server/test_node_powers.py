"""Faults of nodes by HTTP, and from the thread of a script while the server runs."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from k8slearn.embedded.apiserver.authentication import user
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        cluster.settle()
        cluster.serve(paused=True)
        yield cluster


def ask(cluster: Cluster, path: str, order: object = None) -> tuple[int, Any]:
    server = cluster.serve()
    url = f"https://127.0.0.1:{server.port}/k8slearn/v1/{path}"
    body = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(url, data=body)
    request.add_header("Authorization", f"Bearer {server.credentials.token}")
    context = ssl.create_default_context(cafile=str(server.credentials.ca))
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["message"]


def test_a_node_crashes_and_recovers(cluster: Cluster):
    assert ask(cluster, "nodes/worker-2", {"do": "crash"}) == (200, {"worker-2": "crashed"})
    assert ask(cluster, "nodes") == (
        200,
        {"control-plane": "well", "worker-1": "well", "worker-2": "crashed"},
    )
    assert ask(cluster, "nodes/worker-2", {"do": "recover"}) == (200, {"worker-2": "well"})


@pytest.mark.parametrize("do", ["freeze", "cut-off", "fill"])
def test_every_fault_has_its_order(cluster: Cluster, do: str):
    status, states = ask(cluster, "nodes/worker-1", {"do": do})
    assert status == 200 and states["worker-1"] != "well"


@pytest.mark.parametrize(
    "order", [{}, [], {"do": "explode"}, {"do": "partition"}, {"do": "partition", "from": "worker-9"}, "x"]
)
def test_an_order_that_makes_no_sense_is_refused(cluster: Cluster, order: object):
    status, message = ask(cluster, "nodes/worker-1", order)
    assert status == 400 and message


def test_an_unknown_node_is_named(cluster: Cluster):
    assert ask(cluster, "nodes/worker-9", {"do": "crash"}) == (
        400,
        "There is no node worker-9. There are: control-plane, worker-1, worker-2",
    )


def test_only_administrators_have_such_powers(cluster: Cluster):
    request = Request("POST", "/k8slearn/v1/nodes/worker-1", {}, {}, b'{"do": "crash"}', user("anna"))
    answer = cluster.serve().powers.handle(request)
    assert answer.status == 403
    assert cluster.nodes["worker-1"].state == "well"


def test_a_script_lets_a_node_crash_while_the_server_runs(cluster: Cluster):
    cluster.nodes["worker-1"].crash()
    assert cluster.nodes["worker-1"].state == "crashed"
    cluster.clock.advance("60s")
    nodes = {node["metadata"]["name"]: node for node in cluster.run(lambda: cluster.client.list("nodes"))}
    assert nodes["worker-1"]["status"]["conditions"][-1]["status"] == "Unknown"
