"""How pods end when somebody deletes them, and what outlives a restart of the simulation."""

from __future__ import annotations


def test_a_deleted_pod_runs_until_its_grace_period_is_over(machine):
    machine.run("stubborn")
    machine.delete("stubborn", grace=30)
    machine.wait(29)
    assert machine.moments["stubborn"][-1].word == "Terminating"
    assert machine.container("stubborn")["ready"]
    machine.wait(3)
    assert machine.gone("stubborn")
    assert "Normal Killing: Stopping container main" in machine.events("stubborn")


def test_the_last_status_of_a_deleted_pod_says_how_it_ended(machine):
    machine.run("stubborn")
    last = []
    machine.client.watch("pods", last.append)
    machine.delete("stubborn", grace=2)
    machine.clock.settle()
    status = last[-1].object["status"]
    assert status["phase"] == "Failed"
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_a_program_that_handles_term_ends_early(machine):
    machine.run("polite", "trap 'echo got TERM; exit 0' TERM; while true; do sleep 1; done")
    machine.wait(2)
    begun = machine.clock.now
    machine.delete("polite", grace=30)
    machine.clock.settle()
    assert machine.gone("polite")
    assert machine.clock.now - begun < 5


def test_the_grace_period_can_be_shortened_while_it_lasts(machine):
    machine.run("stubborn")
    machine.delete("stubborn", grace=300)
    machine.wait(5)
    machine.delete("stubborn", grace=1)
    machine.wait(5)
    assert machine.gone("stubborn")


def test_a_forced_deletion_ends_the_container_and_frees_the_address(machine):
    machine.run("web")
    instance = machine.kubelet.workers["default", "web"].records["main"].instance
    machine.delete("web", grace=0)
    assert machine.gone("web")
    machine.wait(1)
    assert not instance.running
    assert not machine.kubelet.workers


def test_a_pod_that_is_deleted_while_it_is_created_goes_quickly(machine):
    machine.run("web", settle=False)
    machine.wait(0.2)
    machine.delete("web", grace=30)
    machine.wait(2)
    assert machine.gone("web")


def test_a_container_that_never_ran_is_reported_as_lost(machine):
    machine.run("ghost", container={"image": "no-such-image:1"})
    last = []
    machine.client.watch("pods", last.append)
    machine.delete("ghost", grace=30)
    machine.clock.settle()
    ended = last[-1].object["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("ContainerStatusUnknown", 137)
    assert machine.gone("ghost")


def test_a_new_pod_of_the_same_name_is_another_pod(machine):
    machine.run("web")
    first = machine.pod("web")["metadata"]["uid"]
    machine.delete("web", grace=0)
    machine.run("web")
    assert machine.pod("web")["metadata"]["uid"] != first
    assert machine.pod("web")["status"]["podIP"] == "10.244.1.3"


def test_a_sidecar_is_stopped_after_the_containers_it_serves(machine):
    sidecar = {
        "name": "shipper",
        "image": "busybox:1.37",
        "command": ["sleep", "3600"],
        "restartPolicy": "Always",
    }
    machine.run("duo", initContainers=[sidecar])
    machine.delete("duo", grace=2)
    machine.clock.settle()
    assert machine.events("duo", "Killing") == [
        "Normal Killing: Stopping container main",
        "Normal Killing: Stopping container shipper",
    ]


def test_after_a_restart_of_the_simulation_containers_are_started_again_in_place(machine):
    machine.run("web")
    machine.run("done", "exit 0", restartPolicy="Never")
    machine.run("once", restartPolicy="Never")
    uid = machine.pod("web")["metadata"]["uid"]
    again = type(machine)(seed=1, store=machine.store)
    container = again.container("web")
    assert again.pod("web")["metadata"]["uid"] == uid
    assert container["restartCount"] == 1
    assert "running" in container["state"]
    assert container["lastState"]["terminated"]["reason"] == "Unknown"
    assert container["lastState"]["terminated"]["exitCode"] == 255
    assert again.pod("done")["status"]["phase"] == "Succeeded"
    assert again.container("done")["restartCount"] == 0
    assert again.pod("once")["status"]["phase"] == "Failed"
    assert "unable to retrieve container logs for containerd://" in again.logs("done")


def test_a_lost_node_falls_silent_and_takes_its_pods_up_again_when_it_comes_back(machine):
    machine.run("web")
    machine.kubelet.crash()
    revision = machine.store.revision
    machine.wait(100)
    assert machine.store.revision == revision
    machine.kubelet.start()
    machine.clock.settle()
    assert machine.container("web")["restartCount"] == 1


def test_the_same_seed_gives_the_same_store(machine):
    def story() -> list[bytes]:
        again = type(machine)(seed=5)
        again.run("crash", "exit 1")
        again.wait(60)
        return [stored.encoded for name in again.store.resources() for stored in again.store.list(name)]

    assert story() == story()
