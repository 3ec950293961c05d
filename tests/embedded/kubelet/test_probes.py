"""Startup, readiness and liveness probes, and what they say."""

from __future__ import annotations

import pytest

ADDRESS = "10.244.1.2"


def probed(machine, name="app", script="", **container):
    machine.run(name, script, container=container, terminationGracePeriodSeconds=1)


def exec_probe(command, **more):
    return {"exec": {"command": ["sh", "-c", command]}, "periodSeconds": 1, **more}


def unhealthy(machine, name="app"):
    return [event.removeprefix("Warning Unhealthy: ") for event in machine.events(name, "Unhealthy")]


def test_without_probes_a_running_container_is_started_and_ready_and_nothing_recurs(machine):
    probed(machine)
    assert machine.container("app")["started"]
    before = machine.clock.pending
    assert before == 0


def test_a_pod_becomes_ready_when_its_readiness_probe_passes_and_unready_when_it_fails(machine):
    probed(machine, readinessProbe=exec_probe("cat /tmp/ok", failureThreshold=1))
    assert not machine.container("app")["ready"]
    assert machine.container("app")["started"]
    assert unhealthy(machine)[0].startswith("Readiness probe failed: cat: can't open '/tmp/ok'")
    machine.exec("app", "touch", "/tmp/ok")
    machine.wait(3)
    assert machine.condition("app", "Ready")["status"] == "True"
    machine.exec("app", "rm", "/tmp/ok")
    machine.wait(3)
    ready = machine.condition("app", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert machine.container("app")["restartCount"] == 0


def test_settling_waits_for_a_pod_to_become_ready(machine):
    probed(machine, script="sleep 8; touch /tmp/ok; sleep 3600", readinessProbe=exec_probe("cat /tmp/ok"))
    assert machine.container("app")["ready"]


def test_settling_gives_up_on_a_pod_that_never_becomes_ready(machine):
    probed(machine, readinessProbe=exec_probe("exit 1"))
    assert machine.clock.pending == 0
    assert machine.clock.now - machine.begun["app"] < 120


def test_a_failed_liveness_probe_restarts_the_container(machine):
    probe = exec_probe("cat /tmp/healthy", failureThreshold=2)
    probed(machine, script="touch /tmp/healthy; sleep 3600", livenessProbe=probe)
    machine.exec("app", "rm", "/tmp/healthy")
    machine.wait(10)
    container = machine.container("app")
    assert container["restartCount"] == 1
    last = container["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "Error")
    assert "Normal Killing: Container main failed liveness probe, will be restarted" in machine.events("app")
    assert machine.count("app", "Unhealthy") == 2


def test_a_failed_liveness_probe_is_the_end_of_a_pod_that_is_not_restarted(machine):
    probe = exec_probe("exit 1", failureThreshold=1)
    machine.run(
        "app", container={"livenessProbe": probe}, terminationGracePeriodSeconds=1, restartPolicy="Never"
    )
    machine.wait(5)
    assert machine.pod("app")["status"]["phase"] == "Failed"
    assert machine.container("app")["state"]["terminated"]["exitCode"] == 137
    assert "Normal Killing: Container main failed liveness probe" in machine.events("app")


def test_a_liveness_restart_goes_straight_from_running_to_running(machine):
    probe = exec_probe("cat /tmp/healthy", failureThreshold=1)
    probed(machine, script="touch /tmp/healthy; sleep 3600", livenessProbe=probe)
    machine.exec("app", "rm", "/tmp/healthy")
    machine.wait(10)
    assert machine.words("app")[-1] == "Running"
    assert "Error" not in machine.words("app")


def test_a_probe_that_fails_for_ever_leads_into_the_back_off(machine):
    probed(machine, livenessProbe=exec_probe("exit 1", failureThreshold=1))
    machine.wait(60)
    assert "CrashLoopBackOff" in machine.words("app")


def test_the_other_probes_wait_for_the_startup_probe(machine):
    probed(
        machine,
        script="sleep 5; touch /tmp/up; sleep 3600",
        startupProbe=exec_probe("cat /tmp/up", failureThreshold=30),
        livenessProbe=exec_probe("cat /tmp/up", failureThreshold=1),
    )
    assert machine.container("app")["started"]
    assert machine.container("app")["restartCount"] == 0
    assert all(text.startswith("Startup probe failed") for text in unhealthy(machine))


def test_a_startup_probe_that_never_passes_restarts_the_container(machine):
    probed(machine, startupProbe=exec_probe("exit 1", failureThreshold=3))
    machine.wait(5)
    assert machine.container("app")["restartCount"] >= 1
    assert "Normal Killing: Container main failed startup probe, will be restarted" in machine.events("app")


def test_an_exec_probe_that_takes_too_long_has_failed(machine):
    probed(machine, livenessProbe={"exec": {"command": ["sleep", "30"]}, "periodSeconds": 2})
    machine.wait(4)
    assert unhealthy(machine) == ['Liveness probe failed: command timed out: "sleep 30" timed out after 1s']


def test_a_probe_whose_program_is_missing_is_reported_and_counts_as_nothing(machine):
    probed(
        machine, livenessProbe={"exec": {"command": ["nosuch"]}, "periodSeconds": 1, "failureThreshold": 1}
    )
    machine.wait(5)
    assert unhealthy(machine)[0].startswith(
        "Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = "
        "failed to exec in container: failed to start exec "
    )
    assert machine.container("app")["restartCount"] == 0


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (
            {"httpGet": {"path": "/x", "port": 80, "scheme": "HTTP"}},
            f'Get "http://{ADDRESS}:80/x": dial tcp {ADDRESS}:80: connect: connection refused',
        ),
        ({"tcpSocket": {"port": 5432}}, f"dial tcp {ADDRESS}:5432: connect: connection refused"),
    ],
)
def test_nobody_listening_is_a_refused_connection(machine, action, text):
    probed(machine, readinessProbe={**action, "periodSeconds": 1})
    assert unhealthy(machine) == [f"Readiness probe failed: {text}"]


def test_an_http_probe_goes_by_the_status_code_and_finds_ports_by_name(machine):
    probed(
        machine,
        script="mkdir /w; httpd -f -p 8080 -h /w",
        ports=[{"name": "web", "containerPort": 8080}],
        readinessProbe={"httpGet": {"path": "/ready.html", "port": "web"}, "periodSeconds": 1},
        livenessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    )
    assert unhealthy(machine) == ["Readiness probe failed: HTTP probe failed with statuscode: 404"]
    machine.exec("app", "sh", "-c", "echo ok > /w/ready.html")
    machine.wait(2)
    assert machine.container("app")["ready"]
    assert machine.container("app")["restartCount"] == 0


def test_the_first_probe_waits_for_the_initial_delay(machine):
    probed(machine, readinessProbe=exec_probe("exit 1", initialDelaySeconds=20))
    machine_seen = [e for e in machine.client.list("events") if e["reason"] == "Unhealthy"]
    assert machine_seen[0]["firstTimestamp"] >= "2026-01-01T00:00:20Z"


def test_a_grpc_probe_finds_nobody_who_speaks_grpc(machine):
    probe = {"grpc": {"port": 80}, "periodSeconds": 2}
    machine.run("box", container={"image": "nginx:1.29", "command": None, "readinessProbe": probe})
    ip = machine.pod("box")["status"]["podIP"]
    text = f'timeout: failed to connect service "{ip}:80" within 1s: context deadline exceeded'
    assert unhealthy(machine, "box") == [f"Readiness probe failed: {text}"]


def test_an_https_probe_says_that_a_server_speaks_plain_http(machine):
    probe = {"httpGet": {"port": 80, "scheme": "HTTPS"}, "periodSeconds": 2}
    machine.run("box", container={"image": "nginx:1.29", "command": None, "readinessProbe": probe})
    ip = machine.pod("box")["status"]["podIP"]
    text = f'Get "https://{ip}:80/": http: server gave HTTP response to HTTPS client'
    assert unhealthy(machine, "box") == [f"Readiness probe failed: {text}"]


def test_a_probe_may_give_less_grace_than_the_pod(machine):
    probe = {
        "exec": {"command": ["false"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
        "terminationGracePeriodSeconds": 3,
    }
    machine.run("box", container={"startupProbe": probe}, terminationGracePeriodSeconds=60, settle=False)
    machine.wait(10)
    assert machine.container("box")["restartCount"] >= 1
