"""Requests that are too large, too slow or senseless: a status code or a clean end, and everyone else is served."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import aiohttp
import orjson
import pytest

from k8slearn.embedded.apiserver import http as messages
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.server import Server

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Cluster(1) as cluster:
        cluster.settle()
        yield cluster.serve()


def trust(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.credentials.ca))


def ask(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    kind: str = "application/json",
    **more: str,
) -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trust(server), timeout=60)
    headers = {"Authorization": f"Bearer {server.credentials.token}", "Content-Type": kind, **more}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def is_served(server: Server) -> bool:
    return ask(server, "GET", CONFIGMAPS)[0] == 200


def test_a_selector_of_thousands_of_names_is_answered(server: Server) -> None:
    names = ",".join(f"name-{number}" for number in range(5000))
    assert ask(server, "GET", f"{CONFIGMAPS}?labelSelector=app%20in%20({names})")[0] == 200


@pytest.mark.parametrize("where", ["line", "header"])
def test_a_head_of_megabytes_is_refused_and_the_server_goes_on(server: Server, where: str) -> None:
    much = "x" * 2_000_000
    try:
        if where == "line":
            status, _ = ask(server, "GET", f"{CONFIGMAPS}?labelSelector={much}")
        else:
            status, _ = ask(server, "GET", CONFIGMAPS, much=much)
        assert status in (400, 431)
    except (ConnectionError, ssl.SSLError):
        pass  # it hangs up before all was sent
    assert is_served(server)


def test_hundreds_of_clients_that_say_nothing_or_half_a_request_keep_nobody_from_theirs(
    server: Server,
) -> None:
    context = trust(server)
    with ExitStack() as open_ones:
        for number in range(300):
            raw = open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            if number % 3 == 1:
                raw.sendall(b"\x16\x03\x01")  # a handshake that never goes on
            elif number % 3 == 2:
                wrapped = context.wrap_socket(raw, server_hostname="127.0.0.1")
                open_ones.enter_context(wrapped).sendall(b"GET /api/v1/pods HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        assert is_served(server)
    assert is_served(server)


@pytest.mark.parametrize("nonsense", [b"SSH-2.0-OpenSSH_9.2\r\n", b"GET\r\n\r\n", b"\xff" * 5000])
def test_what_is_no_http_is_answered_with_an_error_or_hung_up_on(server: Server, nonsense: bytes) -> None:
    raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with trust(server).wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.sendall(nonsense + b"\r\n\r\n")
        answer = connection.recv(1000)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert is_served(server)


def test_hundreds_of_watches_hear_of_a_change(server: Server) -> None:
    async def watch_all(number: int) -> list[str]:
        auth = {"Authorization": f"Bearer {server.credentials.token}"}
        base, connector = f"https://127.0.0.1:{server.port}", aiohttp.TCPConnector(limit=0, ssl=trust(server))
        async with aiohttp.ClientSession(base, headers=auth, connector=connector) as session:
            watched = [
                await session.get(f"{CONFIGMAPS}?watch=1&fieldSelector=metadata.name=news")
                for _ in range(number)
            ]
            made = await session.post(CONFIGMAPS, json={"metadata": {"name": "news"}})
            assert made.status == 201
            lines = await asyncio.gather(*(one.content.readline() for one in watched))
            return [json.loads(line)["object"]["metadata"]["name"] for line in lines]

    assert asyncio.run(watch_all(300)) == ["news"] * 300


def test_a_watch_that_is_not_read_is_hung_up_on_and_the_others_miss_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "SLOWEST", 500_000)
    large = {"metadata": {"name": "large"}, "data": {"much": "x" * 200_000}}

    async def race() -> None:
        auth = {"Authorization": f"Bearer {server.credentials.token}"}
        base, connector = f"https://127.0.0.1:{server.port}", aiohttp.TCPConnector(limit=0, ssl=trust(server))
        async with aiohttp.ClientSession(base, headers=auth, connector=connector) as session:
            path = f"{CONFIGMAPS}?watch=1&fieldSelector=metadata.name=large"
            lazy, keen = await session.get(path), await session.get(path)
            for number in range(80):
                body = orjson.dumps({**large, "metadata": {"name": "large", "labels": {"n": str(number)}}})
                headers = {"Content-Type": "application/json"}
                ask = session.put if number else session.post
                written = await ask(
                    f"{CONFIGMAPS}/large" if number else CONFIGMAPS, data=body, headers=headers
                )
                assert written.status < 300
                assert b"large" in await keen.content.readuntil(b"\n")
            with pytest.raises(aiohttp.ClientError):
                while await lazy.content.readany():
                    pass

    asyncio.run(race())
    assert is_served(server)
