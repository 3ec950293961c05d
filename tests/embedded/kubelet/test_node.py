"""The Node and its Lease, and what a node without room says."""

from __future__ import annotations

import pytest

from k8slearn.embedded.kubelet.node_status import CONTROL_PLANE_TAINT, conditions, node


def test_the_node_registers_itself_with_all_that_clients_require(machine):
    registered = machine.client.get("nodes", "", "worker-1")
    status = registered["status"]
    assert registered["metadata"]["labels"]["kubernetes.io/hostname"] == "worker-1"
    assert registered["spec"]["podCIDR"] == "10.244.1.0/24"
    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]] == [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ]
    assert status["addresses"] == [
        {"address": "172.18.0.3", "type": "InternalIP"},
        {"address": "worker-1", "type": "Hostname"},
    ]
    assert status["allocatable"]["pods"] == "110"
    assert all(status["nodeInfo"].values())
    assert any("docker.io/library/busybox:1.37" in image["names"] for image in status["images"])


def test_the_control_plane_is_labelled_and_tainted():
    made = node("control-plane", "10.244.0.0/24", control_plane=True, taints=[CONTROL_PLANE_TAINT])
    assert made["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] == ""
    assert made["spec"]["taints"] == [
        {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}
    ]


def test_the_lease_is_renewed_every_ten_seconds(machine):
    def renewed():
        return machine.client.get("leases.coordination.k8s.io", "kube-node-lease", "worker-1")["spec"]

    assert renewed()["holderIdentity"] == "worker-1"
    assert renewed()["leaseDurationSeconds"] == 40
    first = renewed()["renewTime"]
    machine.wait(25)
    assert (first[17:19], renewed()["renewTime"][17:19]) == ("00", "20")


def test_a_condition_keeps_its_time_while_it_stays_as_it_is():
    before = {"conditions": conditions({}, "2026-01-01T00:00:00Z")}
    before["conditions"][-1] = {**before["conditions"][-1], "status": "Unknown"}
    after = conditions(before, "2026-01-01T01:00:00Z")
    assert [c["lastTransitionTime"][11:13] for c in after] == ["00", "00", "00", "01"]
    assert all(c["lastHeartbeatTime"] == "2026-01-01T01:00:00Z" for c in after)


@pytest.mark.parametrize(
    ("requests", "reason", "message"),
    [
        ({"cpu": "5"}, "OutOfcpu", "cpu, requested: 5000, used: 0, capacity: 4000"),
        ({"memory": "9Gi"}, "OutOfmemory", "memory, requested: 9663676416, used: 0, capacity: 8589934592"),
    ],
)
def test_a_pod_that_does_not_fit_is_rejected(machine, requests, reason, message):
    machine.run("big", container={"resources": {"requests": requests}})
    status = machine.pod("big")["status"]
    why = f"Node didn't have enough resource: {message}"
    assert (status["phase"], status["reason"]) == ("Failed", reason)
    assert status["message"] == f"Pod was rejected: {why}"
    assert machine.events("big") == [f"Warning {reason}: {why}"]
    machine.delete("big", grace=30)
    machine.clock.settle()
    assert machine.gone("big")


def test_a_node_takes_110_pods(machine):
    for number in range(111):
        machine.run(f"p{number}", settle=False)
    machine.clock.settle()
    phases = [machine.pod(f"p{number}")["status"]["phase"] for number in range(111)]
    assert phases.count("Running") == 110
    assert phases.count("Failed") == 1
