"""port-forward as the kubelet answers it: bytes in, bytes out, in virtual time."""

from __future__ import annotations

import pytest

from k8slearn.embedded.apiserver.http import Forwarding, Response

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Client:
    """The client's end of one connection."""

    def __init__(self, machine, pod: str, port: int) -> None:
        answer = machine.ask(pod, "portforward")
        assert isinstance(answer, Forwarding)
        self.machine = machine
        self.got = b""
        self.ended = False
        self.error = ""
        self.connection = answer.connect(port, self)

    def send(self, data: bytes) -> None:
        self.got += data

    def end(self, error: str = "") -> None:
        self.ended, self.error = True, error

    def ask(self, data: bytes) -> bytes:
        self.got = b""
        self.connection.receive(data)
        self.machine.wait(1)
        return self.got


@pytest.fixture
def web(machine):
    machine.run("web", container={"image": "nginx:1.29", "command": None})
    return machine


def test_a_connection_is_kept_and_answers_in_turn(web):
    client = Client(web, "web", 80)
    assert client.ask(GET).startswith(b"HTTP/1.1 200 OK\r\nServer: nginx/")
    assert client.ask(GET.replace(b" / ", b" /nosuch ")).startswith(b"HTTP/1.1 404 Not Found\r\n")
    twice = client.ask(GET + GET)
    assert twice.count(b"HTTP/1.1 200 OK") == 2 and not client.ended
    client.connection.close_input()
    assert client.ended and client.error == ""


def test_requests_come_in_any_pieces(web):
    client = Client(web, "web", 80)
    for index in range(len(GET) - 1):
        assert client.ask(GET[index : index + 1]) == b""
    assert client.ask(GET[-1:]).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_wants_to_close_is_closed(web):
    client = Client(web, "web", 80)
    assert b"Connection: close" in client.ask(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert client.ended


def test_what_is_no_http_is_a_bad_request(web):
    client = Client(web, "web", 80)
    assert client.ask(b"hello\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n") and client.ended


def test_a_port_where_nobody_listens_is_refused_in_containerds_words(web):
    client = Client(web, "web", 81)
    assert client.ended
    assert client.error.startswith("error forwarding port 81 to pod ")
    assert "IPv4: dial tcp4 127.0.0.1:81: connect: connection refused" in client.error


def test_a_pod_that_goes_closes_its_connections_and_takes_no_more(web):
    answer = web.ask("web", "portforward")
    client = Client(web, "web", 80)
    web.delete("web", grace=0)
    web.wait(5)
    client.ask(GET)
    assert client.ended
    late = Client.__new__(Client)
    late.ended, late.error = False, ""
    answer.connect(80, late)
    assert late.error.endswith("is closed")


def test_the_program_may_die_while_it_answers(machine):
    container = {"image": "busybox:1.37", "command": ["httpd", "-f", "-p", "80"]}
    machine.run("web", container=container)
    client = Client(machine, "web", 80)
    assert client.ask(GET).startswith(b"HTTP/1.1 404")
    machine.exec("web", "kill", "-9", "1")
    machine.delete("web", grace=0)
    machine.wait(3)
    client.ask(GET)
    assert client.ended


def test_a_pod_without_a_sandbox_is_not_found(machine):
    machine.run("done", "exit 0", restartPolicy="Never")
    answer = machine.ask("done", "portforward")
    assert isinstance(answer, Response) and answer.status == 500
