"""When lost nodes may be emptied: how fast, and when not at all."""

from __future__ import annotations

import pytest

from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.controllers.nodelifecycle.zones import State, Zone, rate_of, state_of, zone_of

REGION, ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
EVICTS = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}


@pytest.mark.parametrize(
    ("ready", "silent", "state"),
    [
        (3, 0, State.NORMAL),
        (1, 2, State.NORMAL),
        (2, 3, State.PARTIAL),
        (3, 3, State.NORMAL),
        (9, 11, State.PARTIAL),
        (0, 1, State.FULL),
        (0, 3, State.FULL),
        (0, 0, State.NORMAL),
    ],
)
def test_a_zone_is_judged_by_its_silent_nodes(ready, silent, state):
    assert state_of([True] * ready + [False] * silent) is state


@pytest.mark.parametrize(
    ("state", "size", "rate"),
    [
        (State.NORMAL, 3, 0.1),
        (State.FULL, 3, 0.1),
        (State.PARTIAL, 50, 0.0),
        (State.PARTIAL, 51, 0.01),
    ],
)
def test_a_disrupted_zone_is_emptied_slowly_or_not_at_all(state, size, rate):
    assert rate_of(state, size) == rate


def test_nodes_wait_for_their_turn_in_the_order_in_which_they_were_lost():
    zone = Zone()
    for node in ("b", "a", "b"):
        zone.add(node)
    assert zone.due(100.0) == "b"
    assert zone.due(109.9) is None
    assert zone.due(110.0) == "a"
    assert zone.due(200.0) is None


def test_a_zone_is_what_the_labels_say():
    labelled = {"metadata": {"labels": {REGION: "east", ZONE: "1"}}}
    assert (zone_of(labelled), zone_of({"metadata": {}})) == (("east", "1"), ("", ""))


def tainted(cluster):
    """The nodes whose pods are to leave."""
    nodes = cluster.client.list("nodes")
    return [
        node["metadata"]["name"]
        for node in nodes
        if any(taint.items() >= EVICTS.items() for taint in node["spec"].get("taints", ()))
    ]


def test_of_two_nodes_lost_at_once_the_second_is_tainted_ten_seconds_later():
    with Cluster(4) as cluster:
        cluster.settle()
        for name in ("worker-1", "worker-2"):
            cluster.nodes[name].crash()
        cluster.clock.advance(56)
        assert tainted(cluster) == ["worker-1"]
        cluster.clock.advance(10)
        assert tainted(cluster) == ["worker-1", "worker-2"]


def test_when_most_nodes_are_silent_none_is_emptied_until_others_are_back():
    with Cluster(5) as cluster:
        cluster.settle()
        for number in range(1, 5):
            cluster.nodes[f"worker-{number}"].cut_off()
        cluster.clock.advance(600)
        assert tainted(cluster) == []
        for number in range(1, 4):
            cluster.nodes[f"worker-{number}"].recover()
        cluster.settle()
        cluster.clock.advance(10)
        assert tainted(cluster) == ["worker-4"]


def test_when_all_nodes_are_silent_those_tainted_already_are_spared(world):
    def is_tainted():
        return [
            node["metadata"]["name"]
            for node in world.client.list("nodes")
            if any(taint["effect"] == "NoExecute" for taint in node["spec"].get("taints", ()))
        ]

    world.silent.add("worker-2")
    world.clock.advance(60)
    assert is_tainted() == ["worker-2"]
    world.silent.add("worker-1")
    world.clock.advance(400)
    assert is_tainted() == []
    world.silent.clear()
    world.clock.advance(20)
    world.silent.add("worker-2")
    world.clock.advance(40)
    assert is_tainted() == [], "heard of again, it has the whole grace period"
