"""A pod in one word: the word that kubectl prints, and the state that the map colours."""

from __future__ import annotations

import pytest

from k8slearn.lab.views.podstate import cpu_request, state_of, story_of

BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}


def container(state, **more):
    return {"name": "web", "ready": False, "restartCount": 0, "state": state, **more}


def changed(pod, **status):
    return {**pod, "status": {**pod["status"], **status}}


def test_a_pod_that_runs_and_is_ready(make_pod):
    assert state_of(make_pod(phase="Running", ready=True)) == ("ready", "Running")


def test_running_is_not_ready(make_pod):
    assert state_of(make_pod(phase="Running")) == ("running", "Running")


def test_a_pod_without_a_node_is_pending(make_pod):
    assert state_of(make_pod()) == ("pending", "Pending")


def test_creating_a_container_is_a_normal_start(make_pod):
    starting = changed(
        make_pod(), containerStatuses=[container({"waiting": {"reason": "ContainerCreating"}})]
    )
    assert state_of(starting) == ("pending", "ContainerCreating")


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"])
def test_a_container_that_cannot_start_is_a_failure(make_pod, reason):
    assert state_of(changed(make_pod(), containerStatuses=[container({"waiting": {"reason": reason}})])) == (
        "crash",
        reason,
    )


def test_a_crash_loop(make_pod):
    assert state_of(changed(make_pod(phase="Running"), containerStatuses=[container(BACK_OFF)])) == (
        "crash",
        "CrashLoopBackOff",
    )


def test_a_container_that_just_exited_with_an_error(make_pod):
    ended = container({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
    assert state_of(changed(make_pod(phase="Running"), containerStatuses=[ended])) == ("crash", "OOMKilled")


def test_a_pod_that_has_done_its_work(make_pod):
    ended = container({"terminated": {"exitCode": 0, "reason": "Completed"}})
    assert state_of(changed(make_pod(phase="Succeeded"), containerStatuses=[ended])) == ("done", "Completed")


def test_a_deleted_pod_is_terminating_whatever_else_it_is(make_pod):
    deleted = make_pod(phase="Running", ready=True, deletionTimestamp="2026-01-01T00:00:00Z")
    assert state_of(deleted) == ("terminating", "Terminating")


def test_init_containers_that_are_not_done(make_pod):
    waiting = changed(
        make_pod(),
        initContainerStatuses=[
            container({"terminated": {"exitCode": 0}}),
            container({"running": {}}),
        ],
    )
    assert state_of(waiting) == ("pending", "Init:1/2")


def test_the_story_says_why_and_how_it_ended_last(make_pod):
    crashing = container(
        BACK_OFF, restartCount=4, lastState={"terminated": {"exitCode": 1, "reason": "Error"}}
    )
    story = story_of(changed(make_pod(phase="Running", node="worker-1"), containerStatuses=[crashing]))
    assert story["why"] == "back-off 10s restarting failed container"
    assert story["exit"] == "web: 1 (Error)"
    assert (story["restarts"], story["node"]) == ("4", "worker-1")


def test_requests_are_the_sum_of_containers_or_the_largest_init_container():
    def of(cpu, **more):
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    spec = {"containers": [of("100m"), of("0.25")], "initContainers": [of("300m")]}
    assert cpu_request({"spec": spec}) == 350
    spec["initContainers"] = [of("100m", restartPolicy="Always"), of("1")]
    assert cpu_request({"spec": spec}) == 1100, "a sidecar runs beside the init containers after it"
