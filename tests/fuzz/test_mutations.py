"""Twenty thousand requests made of valid manifests by small wrongs, and a cluster that has to live with the result.

No answer is a 500 and nothing is raised. In between virtual time goes on, so that every controller, the scheduler
and the kubelets work with what was accepted. The requests are the same each time; ``K8SLEARN_FUZZ=anything`` makes
others.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

REQUESTS = 20_000
SHARES = 8
"""Tests among which they are divided, each with a cluster of its own."""

SCENARIOS = Path(__file__).parent.parent / "parity" / "scenarios"

HOSTILE: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 80, 2**31, 2**63, -(2**63) - 1, 1e300, 0.5, 100_000_000),
    *(
        "",
        " ",
        "a",
        "A",
        "a" * 300,
        "-",
        "x.y/z",
        "a/b/c",
        "0",
        "007",
        "1",
        "50%",
        "-1%",
        "1Ei",
        "100m",
        "1e1000",
    ),
    *(
        "\x00",
        "\ud7ff\u4e2d\u6587",
        "\n",
        "{{.}}",
        "$(A)",
        "../..",
        "*/5 * * * *",
        "@every 1s",
        "true",
        "null",
    ),
    *("2026-11-25T10:00:00Z", "2026-13-45", "10.96.0.300", "::1", "999999999999999999999"),
    *(
        [],
        {},
        [None],
        [{}],
        [[]],
        {"": ""},
        {"a": None},
        {"name": "a"},
        [{"name": "a"}, {"name": "a"}],
        ["a", 1],
    ),
]


@cache
def manifests() -> list[dict[str, Any]]:
    """Every object of the scenarios, without those whose YAML is bad on purpose."""
    files = [
        text
        for path in sorted(SCENARIOS.glob("*.yaml"))
        for text in (yaml.safe_load(path.read_text()).get("files") or {}).values()
    ]
    found = []
    for text in files:
        with suppress(yaml.YAMLError, AttributeError):
            found += [one for one in yaml.safe_load_all(text) if {"apiVersion", "kind"} <= one.keys()]
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all that is in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key)
        yield from places(one, (*path, key))


def damaged(value: Any, chance: random.Random) -> Any:
    """A copy with one to three wrongs: something dropped, replaced, doubled, moved or renamed."""
    copy = _copied(value)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        paths = list(places(copy))
        if paths:
            _damage(copy, chance.choice(paths), chance, paths)
    return copy


def _damage(value: Any, path: tuple[Any, ...], chance: random.Random, others: list[tuple[Any, ...]]) -> None:
    *above, key = path
    parent = _at(value, above)
    match chance.choice(("drop", "hostile", "hostile", "hostile", "double", "move", "rename")):
        case "drop":
            del parent[key]
        case "hostile":
            parent[key] = _copied(chance.choice(HOSTILE))
        case "double" if isinstance(parent, list):
            parent.append(_copied(parent[key]))
        case "rename" if isinstance(parent, dict):
            parent[chance.choice(("", "nonsense", key.upper() if isinstance(key, str) else "x"))] = (
                parent.pop(key)
            )
        case _:
            parent[key] = _copied(_at(value, chance.choice(others)))


def _at(value: Any, path: Any) -> Any:
    for key in path:
        value = value[key]
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


# -- requests -----------------------------------------------------------------------------------------

QUERIES = (
    *(
        "",
        "",
        "",
        "",
        "dryRun=All",
        "dryRun=Some",
        "fieldValidation=Strict",
        "fieldValidation=Ignore",
        "force=true",
    ),
    *("fieldManager=me", "fieldManager=", "limit=1", "limit=-1", "continue=nonsense", "resourceVersion=0"),
    *(
        "resourceVersion=1&resourceVersionMatch=Exact",
        "labelSelector=a in (b,c),!d",
        "labelSelector=((",
        "pretty=true",
    ),
    *(
        "fieldSelector=metadata.name=a",
        "fieldSelector=spec.nodeName!=x,status.phase=Running",
        "fieldSelector=a=b=c",
    ),
    *(
        "propagationPolicy=Orphan",
        "propagationPolicy=Foreground",
        "gracePeriodSeconds=-5",
        "gracePeriodSeconds=0",
    ),
)
PATCHES = ("json", "merge", "strategic-merge", "apply")
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
ONLY_METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
SUBRESOURCES = (
    "",
    "",
    "",
    "",
    "/status",
    "/scale",
    "/resize",
    "/eviction",
    "/ephemeralcontainers",
    "/nonsense",
)


def encoded(value: Any) -> bytes:
    """JSON, with what JSON does not know (Infinity) and numbers of any size."""
    return json.dumps(value).encode()


class Fuzzer:
    """Draws requests from ``chance``. ``paths`` leads from apiVersion and kind to where such objects are."""

    def __init__(self, chance: random.Random, paths: dict[tuple[str, str], str]) -> None:
        self.chance = chance
        self.paths = paths
        self.manifests = [one for one in manifests() if (one["apiVersion"], one["kind"]) in paths]

    def request(self) -> Request:
        chance = self.chance
        manifest = chance.choice(self.manifests)
        collection = self.paths[manifest["apiVersion"], manifest["kind"]].format(
            namespace=chance.choice(("default", "default", "default", "kube-system", "no-such"))
        )
        name = str((manifest.get("metadata") or {}).get("name", "none"))
        obj = manifest if chance.random() < 0.2 else damaged(manifest, chance)
        method = chance.choice(("POST", "POST", "POST", "PUT", "PATCH", "PATCH", "GET", "DELETE"))
        path = collection if method == "POST" else f"{collection}/{name}{chance.choice(SUBRESOURCES)}"
        if method in ("GET", "DELETE") and chance.random() < 0.3:
            path = collection
        headers = {"content-type": "application/json", "user-agent": "fuzz/1"}
        headers["accept"] = chance.choice(
            ("application/json", "application/json", TABLE, ONLY_METADATA, "text/html")
        )
        body = b"" if method in ("GET", "DELETE") else encoded(obj)
        if method == "PATCH":
            kind = chance.choice(PATCHES)
            headers["content-type"] = f"application/{kind}-patch+{'yaml' if kind == 'apply' else 'json'}"
            if kind == "json":
                body = encoded([self._operation(obj) for _ in range(chance.randint(1, 4))])
        if chance.random() < 0.02:
            body = body[: chance.randrange(len(body) + 1)] + bytes(chance.randrange(256) for _ in range(3))
        return Request(method, path, parse_qs(chance.choice(QUERIES), keep_blank_values=True), headers, body)

    def _operation(self, obj: Any) -> dict[str, Any]:
        chance = self.chance
        where = [
            "/" + "/".join(str(key).replace("~", "~0").replace("/", "~1") for key in path)
            for path in places(obj)
        ]
        operation = {
            "op": chance.choice(("add", "replace", "remove", "test", "copy", "move", "nonsense")),
            "path": chance.choice([*where, "", "/", "/metadata/labels/a", "/spec/-"]),
            "from": chance.choice([*where, "/metadata"]),
            "value": _copied(chance.choice(HOSTILE)),
        }
        return damaged(operation, chance) if chance.random() < 0.1 else operation


REAL_ERRORS = (
    "list element types are not identical: ",
    "does not contain declared merge key: ",
    "unknown patch type: ",
    " is not a map",
    "cannot merge lists without merge key",
    "doesn't match $setElementOrder list:",
    "failed to create typed patch object ",
    "failed to convert new object ",
    "target.name: Required value",
)
"""Of these a real server makes a 500 as well: plain errors of its patches that nobody gave a status."""


def says_so_for_real(answer: Response) -> bool:
    return any(text in json.loads(answer.body)["message"] for text in REAL_ERRORS)


@pytest.mark.parametrize("share", range(SHARES))
def test_no_request_made_of_a_damaged_manifest_breaks_anything(share: int) -> None:
    seed = os.environ.get("K8SLEARN_FUZZ", "") + str(share)
    chance = random.Random(seed)
    answers: Counter[int] = Counter()
    with Cluster(2, share) as cluster:
        paths = {}
        for kind in cluster.registry.kinds:
            root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
            scope = "/namespaces/{namespace}" if kind.namespaced else ""
            paths[kind.api_version, kind.kind] = f"{root}{scope}/{kind.plural}"
        fuzzer = Fuzzer(chance, paths)
        for number in range(REQUESTS // SHARES):
            request = fuzzer.request()
            try:
                answer = cluster.handle(request)
                if number % 20 == 0:
                    cluster.clock.advance(chance.choice((0.1, 1, 1, 10)))
            except Exception as error:
                error.add_note(f"seed {seed}, share {share}, request {number}: {request}")
                raise
            if isinstance(answer, Response):
                answers[answer.status] += 1
                assert answer.status < 500 or answer.status == 504 or says_so_for_real(answer), (
                    f"{answer.status} {answer.body[:500]!r} (seed {seed}, share {share}, request {number}: {request})"
                )
    assert answers[201] > 20 and answers[422] > 20, answers
