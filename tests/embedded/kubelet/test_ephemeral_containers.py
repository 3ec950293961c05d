"""``kubectl debug``: ephemeral containers on the node, and PID namespaces that are shared."""

from __future__ import annotations

import orjson

from k8slearn.embedded.apiserver.http import Request


def debug(machine, pod: str, name: str, *command: str, **fields) -> bytes:
    """Add a debug container as kubectl does; what the API server says."""
    container = {"name": name, "image": "busybox:1.37", "command": list(command), **fields}
    patch = {"spec": {"ephemeralContainers": [container]}}
    headers = {"content-type": "application/strategic-merge-patch+json"}
    path = f"/api/v1/namespaces/default/pods/{pod}/ephemeralcontainers"
    answer = machine.apiserver.handle(Request("PATCH", path, {}, headers, orjson.dumps(patch)))
    machine.clock.settle()
    return answer.body


def status(machine, pod: str, name: str) -> dict:
    statuses = machine.pod(pod)["status"]["ephemeralContainerStatuses"]
    return next(entry for entry in statuses if entry["name"] == name)


def test_it_runs_once_beside_the_containers_and_counts_for_nothing(machine):
    machine.run("web")
    debug(machine, "web", "dbg", "sh", "-c", "echo here; sleep 5; exit 3")
    running = status(machine, "web", "dbg")
    assert "running" in running["state"] and running["ready"] is False and "started" not in running
    machine.wait(60)
    ended = status(machine, "web", "dbg")
    assert ended["state"]["terminated"]["exitCode"] == 3 and ended["restartCount"] == 0
    assert machine.logs("web", container="dbg") == "here\n"
    assert machine.pod("web")["status"]["phase"] == "Running"
    assert machine.condition("web", "Ready")["status"] == "True"
    assert machine.pod("web")["metadata"]["generation"] == 2


def test_with_a_target_it_sees_the_targets_processes(machine):
    machine.run("web", "sleep 1234")
    debug(machine, "web", "alone", "sleep", "99")
    debug(machine, "web", "beside", "sleep", "99", targetContainerName="main")
    assert "1234" not in machine.exec("web", "ps", container="alone")[0]
    assert machine.exec("web", "ps", container="beside")[0].splitlines()[1] == "    1 root     sleep 1234"


def test_it_ends_with_its_targets_first_process(machine):
    machine.run("web", "sleep 5")
    debug(machine, "web", "dbg", "sleep", "1000", targetContainerName="main")
    machine.wait(10)
    assert status(machine, "web", "dbg")["state"]["terminated"]["exitCode"] == 137


def test_it_ends_with_its_pod(machine):
    machine.run("web")
    debug(machine, "web", "dbg", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done")
    machine.delete("web")
    machine.wait(40)
    assert machine.gone("web")


def test_what_there_is_may_not_go_or_change(machine):
    machine.run("web")
    debug(machine, "web", "dbg", "sleep", "99")
    says = orjson.loads(debug(machine, "web", "dbg", "sleep", "1"))["message"]
    assert says.startswith(
        'Pod "web" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "dbg" may not be '
        "changed\n@@"
    )
    assert '+  "1"' in says


def test_one_that_cannot_start_waits_with_the_reason(machine):
    machine.run("web")
    debug(machine, "web", "dbg", "true", image="nosuch:9")
    machine.wait(5)
    machine.change("web")
    machine.wait(20)
    assert status(machine, "web", "dbg")["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")


def test_a_shared_namespace_has_pause_first_and_everybody_sees_everybody(machine):
    containers = [
        {"name": "one", "image": "busybox:1.37", "command": ["sleep", "1000"]},
        {"name": "two", "image": "busybox:1.37", "command": ["sleep", "2000"]},
    ]
    machine.run("share", containers=containers, shareProcessNamespace=True)
    lines = machine.exec("share", "ps", container="two")[0].splitlines()
    assert [line.split(None, 2)[1:] for line in lines[1:4]] == [
        ["65535", "/pause"],
        ["root", "sleep 1000"],
        ["root", "sleep 2000"],
    ]


def test_in_a_shared_namespace_a_plain_term_ends_a_containers_program(machine):
    containers = [
        {"name": "one", "image": "busybox:1.37", "command": ["sleep", "1000"]},
        {"name": "two", "image": "busybox:1.37", "command": ["sleep", "2000"]},
    ]
    machine.run("share", containers=containers, shareProcessNamespace=True)
    machine.exec("share", "sh", "-c", "kill 2", container="two")
    machine.wait(5)
    one = machine.container("share", "one")
    assert one["lastState"]["terminated"]["exitCode"] == 143 and one["restartCount"] == 1
    assert machine.container("share", "two")["restartCount"] == 0
