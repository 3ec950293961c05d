"""Where pods go, and what is said when they can go nowhere. Sentences are a real cluster's."""

import time
from collections import Counter

import pytest

HELPLESS = "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
NO_VICTIMS = (
    "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
    "2 No preemption victims found for incoming pod."
)
TAINTED = "1 node(s) had untolerated taint(s)"


def away_from(label):
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": label}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def near(label):
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": label}}}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def on(node):
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


def test_a_pod_goes_to_a_node_that_takes_it_and_an_event_says_so(yard):
    node = yard.place("web")
    assert node in ("worker-1", "worker-2")
    assert yard.events("web") == [f"Normal Scheduled: Successfully assigned default/web to {node}"]
    (condition,) = yard.pod("web")["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")


def test_a_pod_that_is_too_large_for_every_node(yard):
    message = yard.refusal("huge", {"cpu": "1000"})
    assert message == f"0/3 nodes are available: {TAINTED}, 2 Insufficient cpu. {HELPLESS}"


def test_all_that_is_missing_is_said(yard):
    message = yard.refusal("fat", {"cpu": "1000", "memory": "100Ti"})
    assert f"{TAINTED}, 2 Insufficient cpu, 2 Insufficient memory. " in message
    message = yard.refusal("gpu", {"nvidia.com/gpu": "1"})
    assert f"{TAINTED}, 2 Insufficient nvidia.com/gpu. " in message


def test_a_pod_that_would_fit_on_empty_nodes_finds_no_victims(yard):
    for number in range(2):
        assert yard.place(f"big-{number}", {"cpu": "3"})
    assert yard.refusal("more", {"cpu": "2"}) == (
        f"0/3 nodes are available: {TAINTED}, 2 Insufficient cpu. {NO_VICTIMS}"
    )


def test_a_selector_that_no_node_has(yard):
    assert yard.refusal("nowhere", nodeSelector={"disk": "ssd"}) == (
        f"0/3 nodes are available: {TAINTED}, 2 node(s) didn't match Pod's node affinity/selector. {HELPLESS}"
    )


def test_a_pod_waits_for_a_label_and_gets_its_node_when_it_comes(yard):
    yard.place("nowhere", nodeSelector={"disk": "ssd"})
    yard.change_node("worker-2", labels={"disk": "ssd"})
    yard.clock.settle()
    assert yard.node_of("nowhere") == "worker-2"


def test_a_cordoned_node_takes_no_pods(yard):
    yard.change_node("worker-1", unschedulable=True)
    assert {yard.place(f"p{number}") for number in range(4)} == {"worker-2"}
    yard.change_node("worker-2", unschedulable=True)
    message = yard.refusal("late")
    assert message == f"0/3 nodes are available: {TAINTED}, 2 node(s) were unschedulable. {HELPLESS}"


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "team", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "team", "operator": "Equal", "value": "blue"},
        {"operator": "Exists"},
    ],
)
def test_a_toleration_lets_a_pod_onto_a_tainted_node(yard, toleration):
    yard.change_node("worker-1", taints=[{"key": "team", "value": "blue", "effect": "NoSchedule"}])
    assert yard.refusal("out", **on("worker-1")) == (
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, "
        f"2 node(s) had untolerated taint(s). {HELPLESS}"
    )
    assert yard.place("in", tolerations=[toleration], **on("worker-1")) == "worker-1"


def test_room_that_a_pod_leaves_is_taken_by_one_that_waits(yard):
    yard.place("first", {"cpu": "3"}, **on("worker-1"))
    assert yard.place("second", {"cpu": "3"}, **on("worker-1")) is None
    yard.client.delete("pods", yard.pod("first"), grace_seconds=0)
    yard.clock.settle()
    assert yard.node_of("second") == "worker-1"


def test_a_finished_pod_leaves_room_too(yard):
    yard.place("job", {"cpu": "3"}, **on("worker-1"))
    yard.place("next", {"cpu": "3"}, **on("worker-1"))
    yard.client.set_status("pods", yard.pod("job"), {**yard.pod("job")["status"], "phase": "Succeeded"})
    yard.clock.settle()
    assert yard.node_of("next") == "worker-1"


def test_a_node_takes_no_more_pods_than_it_says(yard):
    yard.add_node("small", pods="1")
    assert yard.place("one", **on("small")) == "small"
    assert "1 Too many pods" in yard.refusal("two", **on("small"))


def test_a_host_port_is_there_once_a_node(yard):
    ports = [{"containerPort": 80, "hostPort": 8080}]
    assert {yard.place("a", ports=ports), yard.place("b", ports=ports)} == {"worker-1", "worker-2"}
    assert yard.refusal("c", ports=ports) == (
        f"0/3 nodes are available: {TAINTED}, "
        f"2 node(s) didn't have free ports for the requested pod ports. {NO_VICTIMS}"
    )


def test_anti_affinity_keeps_pods_apart_from_both_sides(yard):
    assert {yard.place(n, labels={"app": "db"}, affinity=away_from("db")) for n in ("db-0", "db-1")} == {
        "worker-1",
        "worker-2",
    }
    assert yard.refusal("db-2", labels={"app": "db"}, affinity=away_from("db")) == (
        f"0/3 nodes are available: {TAINTED}, 2 node(s) didn't match pod anti-affinity rules. {NO_VICTIMS}"
    )
    assert "2 node(s) didn't satisfy existing pods anti-affinity rules" in yard.refusal(
        "plain", labels={"app": "db"}
    )


def test_affinity_brings_pods_together_and_the_first_of_a_group_may_go_anywhere(yard):
    assert f"{TAINTED}, 2 node(s) didn't match pod affinity rules." in yard.refusal(
        "web", affinity=near("cache")
    )
    home = yard.place("cache", labels={"app": "cache"}, affinity=near("cache"))
    yard.clock.settle()
    assert home is not None and yard.node_of("web") == home


def test_hard_spread_constraints_hold_the_skew(yard):
    yard.change_node("worker-1", labels={"zone": "a"})
    yard.change_node("worker-2", labels={"zone": "b"})
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    spread = {"labels": {"app": "web"}, "topologySpreadConstraints": [constraint]}
    nodes = Counter(yard.place(f"web-{number}", **spread) for number in range(6))
    assert nodes == {"worker-1": 3, "worker-2": 3}
    yard.change_node("worker-2", unschedulable=True)
    assert yard.place("web-6", **spread) == "worker-1"
    assert "1 node(s) didn't match pod topology spread constraints" in yard.refusal("web-7", **spread)


def test_preferred_node_affinity_decides_between_nodes_that_fit(yard):
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["worker-2"]}
    term = {"weight": 100, "preference": {"matchExpressions": [expression]}}
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert {yard.place(f"p{number}", affinity=affinity) for number in range(3)} == {"worker-2"}


def test_pods_without_requests_spread_over_the_nodes(yard):
    nodes = Counter(yard.place(f"p{number}") for number in range(10))
    assert nodes == {"worker-1": 5, "worker-2": 5}


def test_pods_of_one_service_spread_even_where_a_node_is_fuller(yard):
    yard.client.create(
        "services",
        {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
    )
    yard.place("heavy", {"cpu": "2"}, **on("worker-1"))
    nodes = {yard.place(f"web-{number}", labels={"app": "web"}) for number in range(2)}
    assert nodes == {"worker-1", "worker-2"}


def test_a_gated_pod_waits_silently_until_its_gate_is_gone(yard):
    assert yard.place("gated", schedulingGates=[{"name": "example.com/wait"}]) is None
    assert not yard.events("gated")
    pod = yard.pod("gated")
    spec = {key: value for key, value in pod["spec"].items() if key != "schedulingGates"}
    yard.client.update("pods", {**pod, "spec": spec})
    yard.clock.settle()
    assert yard.node_of("gated")


def test_pods_of_other_schedulers_are_left_alone(yard):
    assert yard.place("other", schedulerName="mine") is None
    assert not yard.events("other")


def test_a_pod_that_fits_nowhere_is_not_tried_on_heartbeats(yard):
    yard.refusal("huge", {"cpu": "1000"})
    node = yard.client.get("nodes", "", "worker-1")
    yard.client.set_status("nodes", node, {**node["status"], "conditions": [{"type": "Ready"}]})
    assert yard.clock.pending == 0


def test_without_nodes_it_says_so(yard):
    for name in ("control-plane", "worker-1", "worker-2"):
        yard.client.delete("nodes", yard.client.get("nodes", "", name))
    assert yard.refusal("web") == "no nodes available to schedule pods"


def test_the_same_seed_places_the_same_way(new_yard):
    def run():
        yard = new_yard(seed=4)
        return [yard.place(f"p{number}") for number in range(9)]

    assert run() == run()


def test_placing_a_pod_takes_no_longer_when_there_are_many(yard):
    for number in range(10):
        yard.add_node(f"extra-{number}")
    for number in range(400):
        yard.ask(f"p{number}", labels={"app": "web"})
    begun = time.process_time()
    yard.clock.settle()
    assert (time.process_time() - begun) / 400 < 0.002
