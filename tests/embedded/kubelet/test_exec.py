"""``kubectl exec`` and ``attach`` as the kubelet answers them."""

from __future__ import annotations

import orjson

from k8slearn.embedded.apiserver.http import Response, Session


def test_output_and_errors_have_their_channels_and_the_status_comes_last(machine):
    machine.run("box")
    out, error, status = machine.exec("box", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (out, error) == ("out\n", "err\n")
    assert status == {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": "command terminated with non-zero exit code: exit status 3",
        "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
    }


def test_success_is_a_status_too(machine):
    machine.run("box")
    assert machine.exec("box", "true")[2] == {"metadata": {}, "status": "Success"}


def test_standard_input_reaches_the_program(machine):
    machine.run("box")
    session = machine.session("box", "cat", stdin="true")
    assert isinstance(session, Session)
    session.receive(0, b"line one\n")
    machine.wait(0.1)
    assert session.take() == [(1, b"line one\n")]
    assert not session.ended
    session.close_input(0)
    machine.wait(0.1)
    assert session.ended


def test_a_missing_program_is_an_internal_error(machine):
    machine.run("box")
    status = machine.exec("box", "nosuch")[2]
    assert status["reason"] == "InternalError"
    assert status["message"].startswith(
        "Internal error occurred: Internal error occurred: error executing command in container: "
        'failed to exec in container: failed to start exec "'
    )
    assert status["message"].endswith('exec: "nosuch": executable file not found in $PATH')


def test_a_container_that_is_not_running_is_not_found(machine):
    machine.run("done", "exit 0", restartPolicy="Never")
    answer = machine.session("done", "true")
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (500, b'container not found ("main")')


def test_a_command_is_needed(machine):
    machine.run("box")
    answer = machine.session("box")
    assert orjson.loads(answer.body)["message"] == "you must specify at least one command for the container"


def test_the_program_has_the_containers_environment_and_host_name(machine):
    machine.run("box", container={"env": [{"name": "COLOR", "value": "red"}]})
    assert machine.exec("box", "sh", "-c", "echo $COLOR $HOSTNAME")[0] == "red box\n"


def test_attaching_shows_what_the_container_prints_from_now_on(machine):
    machine.run("count", "echo early; sleep 5; echo late; exit 2", restartPolicy="Never", settle=False)
    machine.wait(3)
    session = machine.ask("count", "attach", stdout="1", stderr="1")
    assert isinstance(session, Session)
    machine.wait(10)
    frames = session.take()
    assert frames[0] == (1, b"late\n")
    assert frames[1:] == [(3, b'{"metadata":{},"status":"Success"}')]  # kubectl asks the pod for the code
