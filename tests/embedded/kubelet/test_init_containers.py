"""Init containers run one after the other; sidecars are init containers that stay."""

from __future__ import annotations


def step(name, script, **more):
    return {"name": name, "image": "busybox:1.37", "command": ["sh", "-c", script], **more}


DATA = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
VOLUMES = [{"name": "data", "emptyDir": {}}]


def test_init_containers_run_in_order_before_the_others(machine):
    machine.run(
        "prepared",
        initContainers=[
            step("first", "echo one > /data/list; echo first done", **DATA),
            step("second", "echo two >> /data/list; echo second done", **DATA),
        ],
        containers=[step("main", "cat /data/list; sleep 3600", **DATA)],
        volumes=VOLUMES,
    )
    assert machine.logs("prepared", container="main") == "one\ntwo\n"
    assert machine.logs("prepared", container="first") == "first done\n"
    inits = machine.pod("prepared")["status"]["initContainerStatuses"]
    assert [(s["name"], s["ready"], s["started"]) for s in inits] == [
        ("first", True, False),
        ("second", True, False),
    ]
    assert machine.words("prepared") == ["Pending", "PodInitializing", "Running"]


def test_while_init_containers_run_the_conditions_name_those_that_are_missing(machine):
    machine.run("slow", initContainers=[step("a", "sleep 5"), step("b", "sleep 5")], settle=False)
    machine.wait(3)
    assert machine.pod("slow")["status"]["phase"] == "Pending"
    assert machine.condition("slow", "Initialized")["message"] == "containers with incomplete status: [a b]"
    assert machine.container("slow")["state"] == {"waiting": {"reason": "PodInitializing"}}
    machine.wait(4)
    assert machine.condition("slow", "Initialized")["message"] == "containers with incomplete status: [b]"
    machine.wait(8)
    assert machine.condition("slow", "Initialized")["status"] == "True"


def test_settling_waits_for_init_containers(machine):
    machine.run("slow", initContainers=[step("a", "sleep 5"), step("b", "sleep 5")])
    assert machine.pod("slow")["status"]["phase"] == "Running"


def test_a_failing_init_container_is_tried_again_and_keeps_the_pod_pending(machine):
    machine.run("stuck", initContainers=[step("check", "exit 1")])
    machine.wait(30)
    assert machine.pod("stuck")["status"]["phase"] == "Pending"
    assert machine.container("stuck", "check")["restartCount"] >= 2
    assert (
        machine.condition("stuck", "Initialized")["message"] == "containers with incomplete status: [check]"
    )


def test_a_failing_init_container_fails_a_pod_that_is_never_restarted(machine):
    machine.run("stuck", initContainers=[step("check", "exit 1")], restartPolicy="Never")
    machine.wait(3)
    assert machine.pod("stuck")["status"]["phase"] == "Failed"
    assert machine.container("stuck")["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_a_sidecar_starts_first_and_counts_as_ready(machine):
    sidecar = step("shipper", "echo shipping; sleep 3600", restartPolicy="Always")
    machine.run("duo", "echo working; sleep 3600", initContainers=[sidecar])
    shipper = machine.container("duo", "shipper")
    assert (shipper["ready"], shipper["started"]) == (True, True)
    assert machine.container("duo")["ready"]
    started = [e for e in machine.events("duo") if "Started" in e]
    assert len(started) == 2


def test_the_pod_succeeds_when_its_containers_have_although_the_sidecar_had_to_be_killed(machine):
    sidecar = step("shipper", "sleep 3600", restartPolicy="Always")
    machine.run(
        "duo",
        "sleep 6",
        initContainers=[sidecar],
        restartPolicy="Never",
        terminationGracePeriodSeconds=2,
    )
    machine.wait(7.5)
    assert machine.pod("duo")["status"]["phase"] == "Running"
    assert machine.container("duo")["state"]["terminated"]["reason"] == "Completed"
    machine.wait(5)
    assert machine.pod("duo")["status"]["phase"] == "Succeeded"
    ended = machine.container("duo", "shipper")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "Error")
    assert "Normal Killing: Stopping container shipper" in machine.events("duo")


def test_a_sidecar_that_ends_is_started_again_beside_the_others(machine):
    sidecar = step("shipper", "sleep 5; exit 1", restartPolicy="Always")
    machine.run("duo", initContainers=[sidecar])
    machine.wait(10)
    assert machine.container("duo", "shipper")["restartCount"] == 1
    assert machine.container("duo")["restartCount"] == 0
    assert machine.condition("duo", "Initialized")["status"] == "True"
