"""``kubectl logs`` as the kubelet answers it."""

from __future__ import annotations

import orjson
import pytest


def test_the_log_is_what_the_program_printed(machine):
    machine.run("two", "echo l1; echo l2; echo l3; sleep 3600")
    assert machine.logs("two") == "l1\nl2\nl3\n"
    assert machine.logs("two", tailLines="2") == "l2\nl3\n"
    assert machine.logs("two", tailLines="0") == ""
    assert machine.logs("two", limitBytes="4") == "l1\nl"


def test_timestamps_stand_before_the_lines(machine):
    machine.run("two", "echo l1; sleep 3600")
    time, _, text = machine.logs("two", timestamps="true").partition(" ")
    assert text == "l1\n"
    assert time.startswith("2026-01-01T00:00:0") and len(time) == len("2026-01-01T00:00:00.000000000Z")


def test_since_leaves_out_older_lines(machine):
    machine.run("two", "echo old; sleep 60; echo new; sleep 3600")
    machine.wait(65)
    assert machine.logs("two", sinceSeconds="30") == "new\n"
    assert machine.logs("two", sinceTime="2026-01-01T00:00:30Z") == "new\n"


def test_following_goes_on_until_the_container_ends(machine):
    machine.run("count", "echo one; sleep 5; echo two; exit 0", restartPolicy="Never", settle=False)
    machine.wait(3)
    stream = machine.follow("count")
    assert stream.take() == b"one\n"
    machine.wait(10)
    assert stream.take() == b"two\n"
    assert stream.ended


def test_a_client_that_goes_away_is_not_written_to_any_more(machine):
    machine.run("count", "sleep 5; echo late; sleep 3600")
    stream = machine.follow("count")
    stream.close()
    machine.wait(10)
    assert stream.take() == b""


def test_the_previous_instance_has_a_log_of_its_own(machine):
    machine.run("crash", "echo life; exit 1")
    machine.wait(3)
    assert machine.container("crash")["restartCount"] == 1
    assert machine.logs("crash", previous="true") == "life\n"
    assert refused(machine, "fine", previous="true") == (
        'previous terminated container "main" in pod "fine" not found'
    )


def refused(machine, name, **query):
    if machine.gone(name):
        machine.run(name)
    answer = machine.ask(name, "log", **query)
    assert answer.status in (400, 422)
    return orjson.loads(answer.body)["message"]


def test_a_container_must_be_named_when_there_are_several(machine):
    containers = [{"name": n, "image": "busybox:1.37", "command": ["sleep", "99"]} for n in ("left", "right")]
    machine.run("two", containers=containers)
    assert refused(machine, "two") == (
        "a container name must be specified for pod two, choose one of: [left right]"
    )
    assert refused(machine, "two", container="nope") == "container nope is not valid for pod two"


def test_a_container_that_has_not_started_says_what_it_waits_for(machine):
    machine.run("ghost", container={"image": "no-such-image:1"})
    assert refused(machine, "ghost") == (
        'container "main" in pod "ghost" is waiting to start: trying and failing to pull image'
    )
    init = {"name": "first", "image": "busybox:1.37", "command": ["sleep", "99"]}
    machine.run("stuck", initContainers=[init], settle=False)
    machine.wait(3)
    assert refused(machine, "stuck", container="main") == (
        'container "main" in pod "stuck" is waiting to start: PodInitializing'
    )
    machine.run("conf", container={"envFrom": [{"configMapRef": {"name": "absent"}}]})
    assert refused(machine, "conf") == (
        'container "main" in pod "conf" is waiting to start: CreateContainerConfigError'
    )
    machine.run("new", settle=False)
    assert refused(machine, "new") == 'container "main" in pod "new" is waiting to start: ContainerCreating'


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"tailLines": "-1"}, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ({"sinceSeconds": "0"}, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ({"limitBytes": "0"}, "limitBytes: Invalid value: 0: must be greater than 0"),
    ],
)
def test_numbers_out_of_range_are_refused(machine, query, text):
    assert refused(machine, "fine", **query) == f'PodLogOptions "fine" is invalid: {text}'


def test_a_lost_node_cannot_be_asked(machine):
    machine.run("web")
    machine.kubelet.crash()
    assert machine.ask("web", "log").status == 500


def test_a_pod_without_a_node_has_nothing_to_say_yet(machine):
    machine.registry.create(
        "pods",
        {
            "metadata": {"name": "huge", "namespace": "default"},
            "spec": {"containers": [{"name": "main", "image": "busybox:1.37"}]},
        },
    )
    assert machine.logs("huge") == ""
    answer = machine.session("huge", "true")
    assert orjson.loads(answer.body)["message"] == "pod huge does not have a host assigned"
