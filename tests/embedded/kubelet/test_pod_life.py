"""A pod from its binding to its end."""

from __future__ import annotations

from itertools import pairwise

import pytest


def test_a_pod_is_seen_creating_and_then_running_within_about_a_second(machine):
    machine.run("web")
    assert machine.words("web") == ["Pending", "ContainerCreating", "Running"]
    assert 0.4 < machine.moments["web"][-1].at < 1.5
    assert machine.pod("web")["status"]["phase"] == "Running"


def test_a_start_costs_two_status_writes_and_three_events(machine):
    before = machine.store.revision
    machine.run("web")
    written = [c for c in machine.store.changes_since("pods", before) if c.type == "MODIFIED"]
    assert len(written) == 2
    assert machine.events("web") == [
        'Normal Pulled: Container image "busybox:1.37" already present on machine '
        "and can be accessed by the pod",
        "Normal Created: Container created",
        "Normal Started: Container started",
    ]


def test_the_status_has_the_conditions_in_their_order_and_all_the_zero_values(machine):
    machine.run("web")
    status = machine.pod("web")["status"]
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    assert all(c["observedGeneration"] == 1 and c["lastProbeTime"] is None for c in status["conditions"])
    container = machine.container("web")
    assert container["image"].endswith("/library/busybox:1.37")
    assert container["containerID"].startswith("containerd://")
    assert container["lastState"] == container["resources"] == status["resources"] == {}
    assert container["user"] == {"linux": {"uid": 0, "gid": 0, "supplementalGroups": [0]}}
    assert container["volumeMounts"][0]["recursiveReadOnly"] == "Disabled"
    assert status["podIP"] == "10.244.1.2"
    assert status["hostIPs"] == [{"ip": "172.18.0.3"}]


def test_while_the_container_is_created_the_conditions_say_what_is_missing(machine):
    machine.run("web", settle=False)
    machine.wait(0.1)
    sandbox = machine.condition("web", "PodReadyToStartContainers")
    assert (sandbox["reason"], sandbox["message"]) == ("PodSandboxNotReady", "no pod sandbox exists")
    ready = machine.condition("web", "Ready")
    assert ready["reason"] == "ContainersNotReady"
    assert ready["message"] == "containers with unready status: [main]"
    assert "podIP" not in machine.pod("web")["status"]
    assert machine.container("web")["imageID"] == ""


def test_an_address_is_used_again_only_when_all_others_have_been(machine):
    machine.run("one")
    machine.delete("one", grace=0)
    machine.run("two")
    assert machine.pod("two")["status"]["podIP"] == "10.244.1.3"


@pytest.mark.parametrize(
    ("script", "code", "word", "phase"),
    [("exit 0", 0, "Completed", "Succeeded"), ("exit 3", 3, "Error", "Failed")],
)
def test_a_pod_that_is_never_restarted_ends_with_its_container(machine, script, code, word, phase):
    machine.run("once", script, restartPolicy="Never")
    machine.wait(5)
    status = machine.pod("once")["status"]
    assert machine.words("once")[-2:] == ["Running", word]
    assert status["phase"] == phase
    assert machine.container("once")["state"]["terminated"]["exitCode"] == code
    sandbox = machine.condition("once", "PodReadyToStartContainers")
    assert (sandbox["status"], sandbox["message"]) == ("False", "pod sandbox is not ready")
    reasons = [c.get("reason") for c in status["conditions"]]
    ended = "PodCompleted" if code == 0 else "PodFailed"
    assert reasons == ["PodSandboxNotReady", "PodCompleted" if code == 0 else None, ended, ended, None]
    assert status["podIP"] == "10.244.1.2"


def test_on_failure_restarts_what_failed_and_leaves_what_succeeded(machine):
    machine.run("good", "exit 0", restartPolicy="OnFailure")
    machine.run("bad", "exit 1", restartPolicy="OnFailure")
    machine.wait(5)
    assert machine.pod("good")["status"]["phase"] == "Succeeded"
    assert machine.container("bad")["restartCount"] == 1


def test_a_crashed_container_is_restarted_at_once_then_after_10_20_40_seconds(machine):
    machine.run("crash", "exit 1")
    machine.wait(120)
    starts = [m.at for m in machine.moments["crash"] if m.word == "Running"]
    waits = [later - earlier for earlier, later in pairwise(starts)]
    assert waits[0] < 3
    for wait, least in zip(waits[1:4], (10, 20, 40), strict=True):
        assert least < wait < 1.5 * least + 3


def test_a_crashed_container_reads_error_until_just_before_it_starts_again(machine):
    machine.run("crash", "exit 1")
    machine.wait(40)
    moments = machine.moments["crash"]
    words = [m.word for m in moments][2:]
    assert words[:7] == ["Running", "Error", "Running", "Error", "CrashLoopBackOff", "Running", "Error"]
    error, loop, running = moments[5], moments[6], moments[7]
    assert loop.at - error.at > 9
    assert running.at - loop.at < 1


def test_a_crash_loop_says_how_long_it_waits_and_which_container(machine):
    machine.run("crash", "exit 2")
    machine.wait(3)
    uid = machine.pod("crash")["metadata"]["uid"]
    assert machine.events("crash", "BackOff") == [
        f"Warning BackOff: Back-off restarting failed container main in pod crash_default({uid})"
    ]
    assert "terminated" in machine.container("crash")["state"]
    seen = []
    machine.client.watch("pods", lambda change: seen.append(change.object["status"]["containerStatuses"][0]))
    machine.wait(15)
    waiting = next(status for status in seen if "waiting" in status["state"])
    assert waiting["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=main pod=crash_default({uid})",
    }
    assert waiting["lastState"]["terminated"]["exitCode"] == 2
    assert waiting["restartCount"] == 1
    assert not waiting["ready"] and not waiting["started"]


def test_restarts_count_the_same_events_and_add_no_rows(machine):
    machine.run("crash", "exit 1")
    machine.wait(3)
    assert len(machine.events("crash", "Started")) == 1
    assert machine.count("crash", "Started") == 2


def test_ten_good_minutes_make_the_back_off_begin_anew(machine):
    machine.run("moody", "sleep 650; exit 1")
    machine.wait(5 * 700)
    starts = [m.at for m in machine.moments["moody"] if m.word == "Running"]
    assert all(later - earlier < 655 for earlier, later in pairwise(starts))


def test_settling_does_not_wait_for_a_crash_loop(machine):
    machine.run("crash", "exit 1")
    assert machine.clock.now - machine.begun["crash"] < 10


def test_a_missing_program_is_a_start_error_with_code_128(machine):
    machine.run("typo", restartPolicy="Never", container={"command": ["slep", "5"]})
    ended = machine.container("typo")["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert ended["startedAt"] == "1970-01-01T00:00:00Z"
    assert ended["message"].endswith('exec: "slep": executable file not found in $PATH')
    assert machine.events("typo")[-1] == f"Warning Failed: Error: {ended['message']}"
    assert machine.pod("typo")["status"]["phase"] == "Failed"


def test_a_missing_program_loops_like_any_crash(machine):
    machine.run("typo", container={"command": ["slep", "5"]})
    machine.wait(30)
    assert machine.container("typo")["restartCount"] in (2, 3)
    assert machine.count("typo", "BackOff") >= 1
    assert "RunContainerError" in machine.words("typo")


def test_the_deadline_ends_a_pod_that_runs_too_long(machine):
    machine.run("late", activeDeadlineSeconds=5, terminationGracePeriodSeconds=1)
    machine.wait(10)
    status = machine.pod("late")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"
    assert machine.container("late")["state"]["terminated"]["exitCode"] == 137
    assert "Normal DeadlineExceeded: " + status["message"] in machine.events("late")


def test_the_termination_message_comes_from_its_file(machine):
    machine.run("say", "echo gone fishing > /dev/termination-log; exit 1", restartPolicy="Never")
    assert machine.container("say")["state"]["terminated"]["message"] == "gone fishing\n"


def test_the_termination_message_may_fall_back_to_the_log(machine):
    fallback = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    machine.run("say", "echo oh no; exit 1", restartPolicy="Never", container=fallback)
    assert machine.container("say")["state"]["terminated"]["message"] == "oh no\n"


def test_resources_show_in_the_status_of_container_and_pod(machine):
    resources = {"limits": {"cpu": "100m", "memory": "64Mi"}, "requests": {"cpu": "100m", "memory": "64Mi"}}
    containers = [
        {"name": name, "image": "busybox:1.37", "command": ["sleep", "99"], "resources": resources}
        for name in ("b", "a")
    ]
    machine.run("sized", containers=containers)
    status = machine.pod("sized")["status"]
    assert machine.container("sized", "a")["resources"] == resources
    assert machine.container("sized", "a")["allocatedResources"] == resources["requests"]
    assert status["resources"]["limits"] == {"cpu": "200m", "memory": "128Mi"}
    assert [entry["name"] for entry in status["containerStatuses"]] == ["a", "b"]


def test_a_condition_that_somebody_else_set_is_kept_and_a_readiness_gate_waits_for_it(machine):
    machine.run("gated", readinessGates=[{"conditionType": "example.com/ready"}])
    ready = machine.condition("gated", "Ready")
    assert ready["reason"] == "ReadinessGatesNotReady"
    assert ready["message"].startswith('corresponding condition of pod readiness gate "example.com/ready"')
    assert machine.condition("gated", "ContainersReady")["status"] == "True"
