"""``kubectl attach`` and ``kubectl run -i`` as the kubelet answers them."""

from __future__ import annotations

from k8slearn.embedded.apiserver.http import FULL, Response, Session

SUCCESS = (3, b'{"metadata":{},"status":"Success"}')


def attach(machine, name: str, **query: str) -> Session:
    session = machine.ask(name, "attach", stdout="1", **query)
    assert isinstance(session, Session), session
    return session


def test_what_is_typed_reaches_the_program_and_its_answer_comes_back(machine):
    machine.run(
        "cat", container={"command": ["cat"], "stdin": True, "stdinOnce": True}, restartPolicy="Never"
    )
    session = attach(machine, "cat", stdin="1", stderr="1")
    session.receive(0, b"hello\n")
    machine.wait(0.1)
    assert session.take() == [(1, b"hello\n")]
    session.close_input(0)
    machine.wait(2)
    assert session.take() == [SUCCESS] and session.ended
    assert machine.logs("cat") == "hello\n"
    assert machine.pod("cat")["status"]["phase"] == "Succeeded"


def test_without_stdin_once_the_programs_input_stays_open(machine):
    machine.run("cat", container={"command": ["cat"], "stdin": True}, restartPolicy="Never")
    for word in (b"one\n", b"two\n"):
        session = attach(machine, "cat", stdin="1")
        session.receive(0, word)
        machine.wait(0.1)
        session.close_input(0)
        assert session.take() == [(1, word), SUCCESS]
    assert machine.logs("cat") == "one\ntwo\n"
    assert machine.pod("cat")["status"]["phase"] == "Running"


def test_a_container_without_stdin_hears_nothing(machine):
    machine.run("deaf", "cat; echo over; sleep 100")
    assert machine.logs("deaf") == "over\n"
    session = attach(machine, "deaf", stdin="1")
    session.receive(0, b"hello\n")
    session.close_input(0)
    machine.wait(1)
    assert not session.ended and session.take() == []


def test_a_terminal_shows_prompts_that_have_no_line_feed(machine):
    machine.run("shell", container={"command": ["sh"], "stdin": True, "tty": True}, restartPolicy="Never")
    session = attach(machine, "shell", stdin="1")
    session.receive(4, b'{"Width":120,"Height":40}')
    machine.wait(0.1)
    assert session.take() == [(1, b"\r/ # \x1b[J")]
    session.receive(0, b"stty size\r")
    machine.wait(0.1)
    screen = b"".join(data for _, data in session.take())
    assert screen == b"stty size\r\n40 120\r\n/ # "
    session.receive(0, b"exit 3\r")
    machine.wait(2)
    assert session.take()[-1] == SUCCESS
    assert machine.container("shell")["state"]["terminated"]["exitCode"] == 3


def test_a_client_of_a_terminal_that_goes_away_leaves_the_shell_alone(machine):
    machine.run("shell", container={"command": ["sh"], "stdin": True, "tty": True}, restartPolicy="Never")
    attach(machine, "shell", stdin="1").close()
    machine.wait(10)
    assert machine.pod("shell")["status"]["phase"] == "Running"


def test_a_terminal_has_no_standard_error_of_its_own(machine):
    machine.run("shell", container={"command": ["sh"], "stdin": True, "tty": True})
    answer = machine.ask("shell", "attach", stdout="1", stderr="1")
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (
        500,
        b"rpc error: code = InvalidArgument desc = tty and stderr cannot both be true",
    )


def test_a_container_that_has_ended_cannot_be_attached_to(machine):
    machine.run("done", "exit 0", restartPolicy="Never")
    answer = machine.ask("done", "attach", stdout="1")
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (500, b"container main not found in pod done_default")


def test_a_slow_client_holds_up_the_program_and_nobody_else(machine):
    machine.run("box")
    session = machine.session("box", "cat", "/dev/zero")
    machine.wait(10)
    assert sum(len(data) for _, data in session.take()) <= FULL + 65536
    machine.wait(1)
    assert session.take()
    session.close()
    machine.wait(1)
    assert "zero" not in machine.exec("box", "ps")[0]


def test_a_program_without_a_terminal_outlives_its_client_until_it_prints(machine):
    machine.run("box")
    session = machine.session("box", "sh", "-c", "sleep 20; echo $HOSTNAME; sleep 1000")
    machine.wait(1)
    session.close()
    machine.wait(10)
    assert "sleep 20" in machine.exec("box", "ps")[0]
    machine.wait(20)
    assert "sleep 1000" not in machine.exec("box", "ps")[0]


def test_a_terminal_that_goes_away_ends_its_program(machine):
    machine.run("box")
    session = machine.session("box", "sleep", "1000", tty="1", stdin="1")
    machine.wait(1)
    session.close()
    machine.wait(1)
    assert "sleep 1000" not in machine.exec("box", "ps")[0]
