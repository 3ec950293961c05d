"""The front door: who may come in, what comes out, and that it stands on loopback only."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Cluster(2) as cluster:
        cluster.settle()
        yield cluster.serve()


def ask(
    server: Server, path: str, *, token: str | None = "", certificate: bool = False, body: bytes | None = None
) -> tuple[int, bytes]:
    """Status and body. ``token`` "" is the right one, None none at all."""
    context = ssl.create_default_context(cafile=str(server.credentials.ca))
    if certificate:
        context.load_cert_chain(server.credentials.client)
    request = urllib.request.Request(f"https://127.0.0.1:{server.port}{path}", data=body)
    if token is not None:
        request.add_header("Authorization", f"Bearer {token or server.credentials.token}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_token_or_a_client_certificate_opens_the_door(server: Server):
    assert ask(server, "/api/v1/nodes")[0] == 200
    assert ask(server, "/api/v1/nodes", token=None, certificate=True)[0] == 200


def test_nobody_else_comes_in(server: Server):
    status, body = ask(server, "/api/v1/nodes", token="wrong")
    assert status == 401 and json.loads(body)["reason"] == "Unauthorized"


def test_who_says_nothing_is_anonymous_and_may_little(server: Server):
    status, body = ask(server, "/api/v1/nodes", token=None)
    assert status == 403
    assert json.loads(body)["message"] == (
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" '
        "at the cluster scope"
    )


def test_health_and_version_are_for_everyone(server: Server):
    assert ask(server, "/readyz", token=None) == (200, b"ok")
    status, body = ask(server, "/version/", token=None)
    assert status == 200 and json.loads(body)["gitVersion"].startswith("v1.37.")


def test_a_body_over_the_limit_is_refused_and_the_server_goes_on(server: Server):
    assert ask(server, "/api/v1/namespaces", body=b" " * 4_000_000)[0] == 413
    assert ask(server, "/readyz") == (200, b"ok")


def test_what_is_no_json_is_refused_in_words(server: Server):
    status, body = ask(server, "/api/v1/namespaces", body=b"{")
    assert status == 400 and json.loads(body)["reason"] == "BadRequest"


@pytest.mark.parametrize(
    "order",
    [b"{}", b"[]", b"nonsense", b'{"do": "advance", "seconds": "x"}', b'{"do": "speed", "factor": 0}'],
)
def test_an_order_for_the_clock_that_makes_no_sense_is_refused(server: Server, order: bytes):
    status, body = ask(server, "/k8slearn/v1/clock", body=order)
    assert status == 400 and "clock" in json.loads(body)["message"]


def test_settling_starts_pods_at_once(server: Server):
    pod = {"metadata": {"name": "fast"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]}}
    assert ask(server, "/api/v1/namespaces/default/pods", body=json.dumps(pod).encode())[0] == 201
    status, body = ask(server, "/k8slearn/v1/clock", body=b'{"do": "settle"}')
    assert status == 200 and json.loads(body)["settled"]
    _, body = ask(server, "/api/v1/namespaces/default/pods/fast")
    assert json.loads(body)["status"]["phase"] == "Running"


def test_it_listens_on_loopback_only(server: Server):
    address = socket.gethostbyname(socket.gethostname())
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    with socket.socket() as elsewhere, pytest.raises(OSError):
        elsewhere.connect((address, server.port))


def test_a_body_that_is_nested_without_end_is_refused(server: Server):
    deep = b'{"metadata":' * 50_000
    assert ask(server, "/api/v1/namespaces", body=deep)[0] == 400
    assert ask(server, "/readyz") == (200, b"ok")
