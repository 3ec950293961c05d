"""The API server's proxy, asked in the same process; links of pages, HTTP as bytes."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from k8slearn.embedded.apiserver.http import Pending, Request, Response
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.network.http import HttpResponse
from k8slearn.embedded.network.http_wire import Parser, UnreadableRequest, encode
from k8slearn.embedded.network.links_in_html import rewrite_html, rewrite_link

PREFIX = "/api/v1/namespaces/default/pods/web/proxy"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    config = (
        "server { listen 80; location /old { return 301 /new; } location / { root /usr/share/nginx/html; } }"
    )
    with Cluster(2) as cluster:
        cluster.client.create(
            "configmaps",
            {"metadata": {"name": "conf", "namespace": "default"}, "data": {"default.conf": config}},
        )
        spec = {
            "containers": [
                {
                    "name": "web",
                    "image": "nginx:1.29",
                    "volumeMounts": [{"name": "conf", "mountPath": "/etc/nginx/conf.d"}],
                }
            ],
            "volumes": [{"name": "conf", "configMap": {"name": "conf"}}],
        }
        metadata = {"name": "web", "namespace": "default", "labels": {"app": "web"}}
        cluster.client.create("pods", {"metadata": metadata, "spec": spec})
        cluster.settle()
        yield cluster


def ask(cluster: Cluster, path: str, method: str = "GET") -> Response:
    answer = cluster.handle(Request(method, path))
    if isinstance(answer, Pending):
        cluster.clock.advance(1)
        assert answer.response is not None
        return answer.response
    assert isinstance(answer, Response)
    return answer


def test_a_page_comes_through(cluster: Cluster):
    answer = ask(cluster, f"{PREFIX}/")
    assert answer.status == 200 and answer.content_type == "text/html"
    assert b'<a href="http://nginx.org/">' in answer.body


def test_a_redirect_leads_back_through_the_proxy(cluster: Cluster):
    answer = ask(cluster, f"{PREFIX}/old")
    assert answer.status == 301 and dict(answer.headers)["Location"] == f"{PREFIX}/new"


def test_without_a_slash_at_the_end_the_client_is_sent_to_where_links_work(cluster: Cluster):
    answer = ask(cluster, PREFIX)
    assert (answer.status, dict(answer.headers)["Location"]) == (301, f"{PREFIX}/")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("pods/nosuch/proxy/", 404, 'pods "nosuch" not found'),
        ("services/nosuch/proxy/", 503, 'no endpoints available for service "nosuch"'),
        ("services/nosuch:80/proxy/", 404, 'services "nosuch" not found'),
        ("pods/ftp:web:80/proxy/", 400, 'invalid pod request "ftp:web:80"'),
        (
            "pods/https:web:80/proxy/",
            503,
            "error trying to reach service: http: server gave HTTP response to HTTPS client",
        ),
    ],
)
def test_what_cannot_be_reached_is_said(cluster: Cluster, path: str, status: int, message: str):
    answer = ask(cluster, f"/api/v1/namespaces/default/{path}")
    assert (answer.status, orjson.loads(answer.body)["message"]) == (status, message)


def test_the_python_client_in_process_waits_for_the_pod(cluster: Cluster):
    from kubernetes import client

    core = client.CoreV1Api(cluster.api_client)
    assert "Welcome to nginx!" in core.connect_get_namespaced_pod_proxy_with_path(
        "web", "default", "index.html"
    )


def test_links_to_the_own_host_are_rewritten_and_others_are_not():
    page = (
        '<a href="/x?a=1&amp;b=2">x</a> <img src=\'/i.png\'> <a href="rel">r</a> <a href="http://10.0.0.1:80/y">y</a>'
        '<a href="https://example.com/">e</a><!-- <a href="/no"> --><script src="/s.js">"<a href=\'/no\'>"</script>'
    )
    assert rewrite_html(page, "/p", ["10.0.0.1:80"]) == (
        '<a href="/p/x?a=1&amp;b=2">x</a> <img src="/p/i.png"> <a href="rel">r</a> <a href="/p/y">y</a>'
        '<a href="https://example.com/">e</a><!-- <a href="/no"> --><script src="/p/s.js">"<a href=\'/no\'>"</script>'
    )
    assert rewrite_link("/p/already", "/p", []) == "/p/already"
    assert rewrite_link("http://[broken", "/p", []) == "http://[broken"


def test_bodies_with_a_length_and_in_chunks():
    parser = Parser()
    parser.feed(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPUT /b HTTP/1.1\r\n")
    found = parser.next()
    assert found is not None
    assert (found[0].method, found[0].path, found[0].body, found[1]) == ("POST", "/a", b"abc", True)
    assert parser.next() is None
    parser.feed(b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
    assert parser.wants_continue() and not parser.wants_continue()
    parser.feed(b"2\r\nxy\r\n1;ext\r\nz\r\n")
    assert parser.next() is None
    parser.feed(b"0\r\n\r\n")
    found = parser.next()
    assert found is not None and found[0].body == b"xyz" and parser.empty


def test_http_1_0_closes_unless_it_asks_otherwise():
    parser = Parser()
    parser.feed(b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert [found[1] for found in (parser.next(), parser.next()) if found] == [False, True]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"*1\r\n$4\r\nPING\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"G" * 70_000,
    ],
)
def test_what_is_no_http_is_unreadable(nonsense: bytes):
    parser = Parser()
    parser.feed(nonsense)
    with pytest.raises(UnreadableRequest):
        parser.next()


def test_answers_without_a_body_have_none():
    assert encode(HttpResponse(204), "GET", keep_alive=True).endswith(b"Connection: keep-alive\r\n\r\n")
    head = encode(HttpResponse(200, b"page"), "HEAD", keep_alive=False)
    assert b"Content-Length: 4" in head and head.endswith(b"\r\n\r\n")
