"""Nodes that stand still, are cut off, are parted from each other or have no room left; and who may do that."""

from __future__ import annotations

import pytest

from k8slearn.errors import ClusterError

TICK = "i=0; while true; do i=$((i+1)); echo $i; sleep 1; done"
FOREVER = [{"operator": "Exists"}]


def counted(town, pod):
    """The numbers that the script ``TICK`` has written so far."""
    return [int(line) for line in town.log(pod).split()]


# -- frozen -----------------------------------------------------------------------------------------


def test_a_frozen_node_goes_on_where_it_stood_without_a_restart(town):
    town.pod("clock", script=TICK, tolerations=FOREVER)
    town.clock.advance(10)
    before = counted(town, "clock")
    town.cluster.nodes[town.lost].freeze()
    assert "no route to host" in town.exec("clock", "true")
    town.clock.advance(100)
    assert (town.ready(), town.taints()[-1]) == ("Unknown", "unreachable:NoExecute")
    town.cluster.nodes[town.lost].recover()
    after = counted(town, "clock")
    assert len(after) - len(before) <= 2, "it has not counted while it stood still"
    town.clock.advance(10)
    assert len(counted(town, "clock")) - len(after) >= 9
    assert (town.ready(), town.taints()) == ("True", [])
    assert town.column("clock") == ["1/1", "Running", "0"]
    assert (
        next(c["status"] for c in town.get("clock")["status"]["conditions"] if c["type"] == "Ready") == "True"
    )


def test_a_frozen_node_does_what_it_was_asked_when_it_goes_on(town):
    town.pod("web")
    town.cluster.nodes[town.lost].freeze()
    town.client.delete("pods", town.get("web"))
    town.clock.advance(60)
    assert town.column("web")[1] == "Terminating"
    town.cluster.nodes[town.lost].recover()
    town.cluster.settle()
    assert town.gone("web")


# -- cut off ----------------------------------------------------------------------------------------


def test_containers_of_a_node_that_is_cut_off_run_on_and_are_out_of_reach(town):
    town.pod("clock", script=TICK, tolerations=FOREVER)
    town.pod("web", tolerations=FOREVER)
    town.pod("near", tolerations=FOREVER, script="sleep 1000")
    town.pod("far", node="worker-1", script="sleep 1000")
    assert town.reach("far", "web") and town.reach("near", "web")
    before = len(counted(town, "clock"))
    town.cluster.nodes[town.lost].cut_off()
    assert not town.reach("far", "web")
    town.clock.advance(100)
    assert town.ready() == "Unknown"
    town.cluster.nodes[town.lost].recover()
    town.cluster.settle()
    town.clock.advance(10)
    assert len(counted(town, "clock")) - before > 100
    assert (town.ready(), town.taints()) == ("True", [])
    assert town.column("web") == ["1/1", "Running", "0"]
    assert town.reach("far", "web")


def test_pods_deleted_meanwhile_are_stopped_when_the_node_is_back(town):
    town.deployment()
    lost = [pod["metadata"]["name"] for pod in town.on(town.lost)]
    town.cluster.nodes[town.lost].cut_off()
    town.clock.advance(360)
    assert [town.column(pod)[1] for pod in lost] == ["Terminating"] * 2
    assert len(town.on("worker-1", "web")) == 4, "for a while there are six of four"
    town.cluster.nodes[town.lost].recover()
    town.cluster.settle()
    assert town.on(town.lost) == []
    assert town.events(lost[0], "Killing") == ["Normal Killing: Stopping container main"]


def test_how_a_program_ended_meanwhile_is_told_afterwards(town):
    town.pod("work", script="sleep 30; exit 3", restartPolicy="Never", tolerations=FOREVER)
    town.cluster.nodes[town.lost].cut_off()
    town.clock.advance(100)
    assert town.get("work")["status"]["phase"] == "Running"
    town.cluster.nodes[town.lost].recover()
    town.cluster.settle()
    status = town.get("work")["status"]
    assert status["phase"] == "Failed"
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_a_pod_whose_deletion_had_begun_goes_when_the_node_is_back(town):
    town.pod("slow", script="trap '' TERM; while true; do sleep 1; done", terminationGracePeriodSeconds=10)
    town.client.delete("pods", town.get("slow"))
    town.clock.advance(2)
    town.cluster.nodes[town.lost].cut_off()
    town.clock.advance(30)
    assert town.column("slow")[1] == "Terminating"
    town.cluster.nodes[town.lost].recover()
    town.cluster.settle()
    assert town.gone("slow")


# -- parted, full -----------------------------------------------------------------------------------


def test_a_partition_parts_the_pods_of_two_nodes_and_nobody_else(town):
    town.pod("web")
    town.pod("near", script="sleep 1000")
    town.pod("far", node="worker-1", script="sleep 1000")
    town.cluster.nodes["worker-1"].partition(town.lost)
    assert not town.reach("far", "web")
    assert town.reach("near", "web")
    assert town.cluster.nodes[town.lost].state == "parted from worker-1"
    town.clock.advance(400)
    assert town.ready() == town.ready("worker-1") == "True"
    town.cluster.nodes[town.lost].recover()
    assert town.reach("far", "web")


def test_a_full_disk_is_a_condition_and_a_taint_for_five_minutes_longer_than_it_lasts(town):
    town.cluster.nodes[town.lost].fill()
    town.cluster.settle()
    condition = next(c for c in town.node()["status"]["conditions"] if c["type"] == "DiskPressure")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "True",
        "KubeletHasDiskPressure",
        "kubelet has disk pressure",
    )
    assert town.taints() == ["disk-pressure:NoSchedule"]
    assert (
        town.events(town.lost)[-1]
        == "Normal NodeHasDiskPressure: Node worker-2 status is now: NodeHasDiskPressure"
    )
    town.workload("deployments.apps", "web", replicas=4)
    town.cluster.settle()
    assert len(town.on("worker-1", "web")) == 4
    town.cluster.nodes[town.lost].recover()
    town.clock.advance(290)
    assert town.taints() == ["disk-pressure:NoSchedule"]
    town.clock.advance(30)
    assert town.taints() == []


# -- orders -----------------------------------------------------------------------------------------


def test_what_cannot_befall_a_node_is_refused_with_what_to_do(town):
    nodes = town.cluster.nodes
    nodes[town.lost].crash()
    with pytest.raises(ClusterError, match=r"worker-2 is crashed already. Let it recover first"):
        nodes[town.lost].freeze()
    with pytest.raises(ClusterError, match="Choose a worker"):
        nodes["control-plane"].crash()
    with pytest.raises(ClusterError, match=r"There is no node worker-9. There are: control-plane, worker-1"):
        nodes["worker-1"].partition("worker-9")
    with pytest.raises(ClusterError, match="both are worker-1"):
        nodes["worker-1"].partition("worker-1")
    nodes[town.lost].recover()
    with pytest.raises(ClusterError, match="just coming back"):
        nodes[town.lost].crash()
    town.cluster.settle()
    nodes[town.lost].crash()


def test_faults_stand_in_the_trace(town):
    nodes = town.cluster.nodes
    for befall in (
        nodes[town.lost].crash,
        nodes[town.lost].recover,
        lambda: nodes["worker-1"].partition(town.lost),
    ):
        befall()
        town.cluster.settle()
    found = [entry for entry in town.cluster.trace if entry.by.component == "teacher"]
    assert [(entry.verb, str(entry.key), entry.by.why) for entry in found] == [
        ("crashed", "worker-2", ""),
        ("recovered", "worker-2", ""),
        ("parted", "worker-1", "nothing gets from it to node worker-2, or back"),
    ]


# -- cordoned ---------------------------------------------------------------------------------------


def test_a_cordoned_node_is_tainted_and_its_kubelet_tells_of_it(town):
    node = town.node()
    town.client.update("nodes", {**node, "spec": {**node["spec"], "unschedulable": True}})
    town.cluster.settle()
    assert town.taints() == ["unschedulable:NoSchedule"]
    town.clock.advance(10)
    text = "Normal NodeNotSchedulable: Node worker-2 status is now: NodeNotSchedulable"
    assert town.events(town.lost)[-1] == text
    node = town.node()
    spec = {key: value for key, value in node["spec"].items() if key != "unschedulable"}
    town.client.update("nodes", {**node, "spec": spec})
    town.clock.advance(10)
    assert town.taints() == []
    assert (
        town.events(town.lost)[-1] == "Normal NodeSchedulable: Node worker-2 status is now: NodeSchedulable"
    )
