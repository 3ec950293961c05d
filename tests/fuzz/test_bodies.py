"""Bodies and paths that are bombs, garbage or half wrong: the status code of a real server, and soon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
GOOD = b'{"metadata":{"name":"b"},"data":{"a":"1"}}'
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
JSON_PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"

LONGEST = 3.0
"""Seconds of this process's own time."""

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
UNRECOGNIZED = "the object provided is unrecognized (must be of type ConfigMap): "
NO_JSON = f"{UNRECOGNIZED}couldn't get version/kind; json parse error: "


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(1) as made:
        made.settle()
        ask(made, "POST", CONFIGMAPS, GOOD.replace(b'"b"', b'"there"'))
        yield made


def ask(cluster: Cluster, method: str, path: str, body: bytes = b"", kind: str = JSON) -> tuple[int, Any]:
    path, _, query = path.partition("?")
    parameters = {name: [value] for name, _, value in (part.partition("=") for part in query.split("&"))}
    began = time.process_time()
    answer = cluster.handle(Request(method, path, parameters, {"content-type": kind}, body))
    assert time.process_time() - began < LONGEST
    assert isinstance(answer, Response)
    return answer.status, orjson.loads(answer.body) if "json" in answer.content_type else {}


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
    [
        (YAML, BOMB.encode(), 400, f"{UNRECOGNIZED}yaml: document contains excessive aliasing (613a20"),
        (YAML, b"a: &a [*a]", 400, f"{UNRECOGNIZED}yaml: anchor value contains itself"),
        (YAML, b"[" * 3_000_000, 400, f"{UNRECOGNIZED}yaml: exceeded max"),
        (YAML, b"{a: " * 700_000, 400, f"{UNRECOGNIZED}yaml: exceeded max"),
        (YAML, b"a: b: c", 400, f"{UNRECOGNIZED}yaml: mapping values are not allowed in this context (613a2062"),
        (YAML, b'a: "\xff"', 400, f"{UNRECOGNIZED}yaml: invalid leading UTF-8 octet (613a2022ff22)"),
        (YAML, b"data: {a: .nan}", 400, f"{UNRECOGNIZED}json: unsupported value: NaN (646174613a"),
        (YAML, b"data: {a: -.inf}", 400, f"{UNRECOGNIZED}json: unsupported value: -Inf (64"),
        (YAML, b"metadata: {name: b}\ndata: {a: 2026-11-25}", 201, ""),
        (YAML, b"metadata: {name: b}\ndata: {1: x, yes: y}", 201, ""),
        (YAML, b"metadata: {name: b}\n---\nmetadata: {name: c}\n", 201, ""),
        (YAML, b"", 422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'),
        (JSON, b'{"a":' * 600_000, 400, NO_JSON),
        (JSON, b"", 400, f"{NO_JSON}unexpected end of JSON input (<empty>)"),
        (JSON, b'{"metadata":{"name":"b","generation":NaN}}', 400, f"{NO_JSON}invalid character 'N' looking for "
         'beginning of value ({"metadata":{"name":"b","gener ...)'),
        (JSON, b'{"metadata":{"name":"b"},"data":{"a":' + b"9" * 1000 + b"}}", 400, ""),
        (JSON, b'{"metadata":{"name":"b","generation":1e400}}', 400, ""),
        (JSON, b'{"metadata":{"name":"b"},"data":{"a":"\xff"}}', 201, ""),
        (JSON, b'{"metadata":{"name":"b"},"data":{"\xff":"a"}}', 422, 'ConfigMap "b" is invalid: data[\ufffd]:'),
        (JSON, b'{"metadata":{"name":"b"},"data":{"a":"1","a":"2"}}', 201, ""),
        (JSON, b"null", 422, 'ConfigMap "" is invalid: metadata.name: Required value'),
        (PROTOBUF, b"abcdefg", 400, f"{UNRECOGNIZED}provided data does not appear to be a protobuf message, "
         "expected prefix [107 56 115 0] (61626364656667)"),
        (PROTOBUF, b"k8s\x00" + b"\xff" * 100_000, 400, UNRECOGNIZED),
        (PROTOBUF, b"k8s\x00" + bytes(range(1, 200)), 400, UNRECOGNIZED),
        (";;;", GOOD, 415, "the body of the request was in an unknown format"),
        ("application/json; charset=latin1", GOOD, 201, ""),
    ],
)  # fmt: skip
def test_a_created_body(cluster: Cluster, kind: str, body: bytes, status: int, message: str) -> None:
    got, answer = ask(cluster, "POST", f"{CONFIGMAPS}?dryRun=All", body, kind)
    assert (got, answer.get("message", "")[: len(message)]) == (status, message)


COPIES = [{"op": "add", "path": "/metadata/annotations", "value": {"a": "x" * 100}}] + [
    {"op": "copy", "from": "/metadata/annotations", "path": f"/metadata/annotations/a{number}"}
    for number in range(60)
]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (JSON_PATCH, orjson.dumps(COPIES), 422),
        (JSON_PATCH, orjson.dumps([COPIES[0], {"op": "copy", "from": "/data/a", "path": "/data/b"}]), 200),
        (JSON_PATCH, b'[{"op":"copy","path":"/data/b"}]', 422),
        (JSON_PATCH, b'[{"op":"replace","path":"","value":1}]', 422),
        (JSON_PATCH, b'[{"op":"add","path":"/data/x","value":' + b"9" * 5000 + b"}]", 400),
        (MERGE, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
        (MERGE, b'{"x":1e400}', 400),
        (STRATEGIC, b'{"x":' + b"9" * 5000 + b"}", 400),
        (APPLY, BOMB.encode(), 400),
        (APPLY, b"[" * 100_000, 400),
    ],
)
def test_a_patch(cluster: Cluster, kind: str, body: bytes, status: int) -> None:
    path = f"{CONFIGMAPS}/there?dryRun=All&{'fieldManager=me' if kind == APPLY else ''}"
    assert ask(cluster, "PATCH", path, body, kind)[0] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *((method, CONFIGMAPS, 405) for method in ("FOO", "OPTIONS", "TRACE", "PUT", "PATCH")),
        *((method, f"{CONFIGMAPS}/there", 405) for method in ("FOO", "POST")),
        *((method, "/api/v1/namespaces/default/pods/none/eviction", 405) for method in ("GET", "PUT", "PATCH")),
        ("PUT", "/api/v1/namespaces/default/pods/none/binding", 405),
        ("GET", "/api/v1/namespaces/default/pods/none/status/x", 404),
        ("GET", f"{CONFIGMAPS}/%61", 404),
        ("GET", f"{CONFIGMAPS}/%ff", 404),
        ("GET", f"{CONFIGMAPS}/%00", 404),
        ("GET", f"{CONFIGMAPS}/../configmaps/there", 404),
        ("GET", "/api/v1//namespaces/default/configmaps/there", 404),
        ("GET", "/api/v1/namespaces/default/configm%61ps/there", 200),
    ],
)  # fmt: skip
def test_a_path_and_a_method(cluster: Cluster, method: str, path: str, status: int) -> None:
    assert ask(cluster, method, path, GOOD if method in ("POST", "PUT", "PATCH") else b"")[0] == status


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("limit=1_0", 'strconv.ParseInt: parsing "1_0": invalid syntax'),
        (
            "limit=99999999999999999999",
            'strconv.ParseInt: parsing "99999999999999999999": value out of range',
        ),
        ("continue=!!!", "continue key is not valid: illegal base64 data at input byte 0"),
        ("continue=aaaaaaaaa", "continue key is not valid: illegal base64 data at input byte 8"),
        ("continue=W10", "json: cannot unmarshal array into Go value of type storage.continueToken"),
        ("continue=e30", "continue key is not valid: server does not recognize this encoded version "),
    ],
)
def test_what_a_list_cannot_be_asked(cluster: Cluster, query: str, message: str) -> None:
    status, answer = ask(cluster, "GET", f"{CONFIGMAPS}?{query}")
    assert status == 400
    assert answer["message"].endswith(message)


def test_a_limit_below_nothing_is_none(cluster: Cluster) -> None:
    assert ask(cluster, "GET", f"{CONFIGMAPS}?limit=-1")[1]["items"]
