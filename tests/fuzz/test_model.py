"""Several clients write, patch, delete and watch ConfigMaps at once; a model of thirty lines says what each sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from k8slearn.embedded.apiserver.http import Request, Response, Stream
from k8slearn.embedded.cluster import Cluster

PATH = "/api/v1/namespaces/model/configmaps"
NAMES = st.sampled_from(("a", "b", "c"))
VALUES = st.sampled_from(("1", "2", "3"))
CLIENTS = st.sampled_from(("mary", "john", "li"))

Data = dict[str, str]
Change = tuple[str, str, int, Data]
"""ADDED, MODIFIED or DELETED; the name; the resource version; the data."""


class Model:
    """What a Kubernetes is, as far as one kind without any rules of its own goes."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.objects: dict[str, tuple[int, Data]] = {}
        self.changes: list[Change] = []

    def write(self, name: str, data: Data, version: int) -> None:
        """A write that changes nothing makes no version."""
        old = self.objects.get(name)
        if old is None or old[1] != data:
            assert version > self.version
            self._happened("MODIFIED" if old else "ADDED", name, version, data)
            self.objects[name] = version, data
        else:
            assert version == old[0]

    def delete(self, name: str, version: int) -> None:
        _, data = self.objects.pop(name)
        self._happened("DELETED", name, version, data)

    def since(self, version: int) -> list[Change]:
        return [change for change in self.changes if change[2] > version]

    def _happened(self, what: str, name: str, version: int, data: Data) -> None:
        self.version = version
        self.changes.append((what, name, version, data))


class Clients(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.cluster = Cluster(1)
        made = self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "model"}})
        self.cluster.settle()  # its controllers put kube-root-ca.crt there
        self.model = Model(int(self.ask("GET", PATH)[1]["metadata"]["resourceVersion"]))
        self.read: dict[tuple[str, str], tuple[str, Data]] = {}
        self.watches: list[tuple[int, Stream, list[Change]]] = []
        assert made[0] == 201

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        path, _, query = path.partition("?")
        parameters = {name: [value] for name, _, value in (part.partition("=") for part in query.split("&"))}
        sent = b"" if body is None else orjson.dumps(body)
        kinds = {"content-type": headers.get("kind", "application/json")}
        answer = self.cluster.handle(Request(method, path, parameters, kinds, sent))
        assert isinstance(answer, Response)
        return answer.status, orjson.loads(answer.body)

    # -- what a client does -----------------------------------------------------------------------

    @rule(client=CLIENTS, name=NAMES)
    def get(self, client: str, name: str) -> None:
        status, obj = self.ask("GET", f"{PATH}/{name}")
        if name not in self.model.objects:
            assert status == 404
            return
        assert (status, seen(obj)) == (200, self.model.objects[name])
        self.read[client, name] = obj["metadata"]["resourceVersion"], obj.get("data", {})

    @rule(name=NAMES, value=VALUES)
    def create(self, name: str, value: str) -> None:
        status, obj = self.ask("POST", PATH, {"metadata": {"name": name}, "data": {"x": value}})
        assert status == (409 if name in self.model.objects else 201)
        if status == 201:
            self.model.write(name, {"x": value}, seen(obj)[0])

    @rule(client=CLIENTS, name=NAMES, value=VALUES)
    def update_what_was_read(self, client: str, name: str, value: str) -> None:
        if (client, name) not in self.read:
            return
        version, data = self.read[client, name]
        metadata = {"name": name, "resourceVersion": version}
        status, obj = self.ask("PUT", f"{PATH}/{name}", {"metadata": metadata, "data": {**data, "x": value}})
        current = self.model.objects.get(name)
        if current is None:
            assert status == 404
        elif str(current[0]) != version:
            assert (status, obj["reason"]) == (409, "Conflict")
        else:
            assert status == 200
            self.model.write(name, {**data, "x": value}, seen(obj)[0])

    @rule(client=CLIENTS, name=NAMES, value=st.none() | VALUES)
    def patch_a_key_of_its_own(self, client: str, name: str, value: str | None) -> None:
        kind = "application/merge-patch+json"
        status, obj = self.ask("PATCH", f"{PATH}/{name}", {"data": {client: value}}, kind=kind)
        if name not in self.model.objects:
            assert status == 404
            return
        data = {key: old for key, old in self.model.objects[name][1].items() if key != client}
        self.model.write(name, data if value is None else {**data, client: value}, seen(obj)[0])

    @rule(client=CLIENTS, name=NAMES, certain=st.booleans())
    def delete(self, client: str, name: str, certain: bool) -> None:
        version = self.read.get((client, name), ("0",))[0]
        options = {} if certain else {"preconditions": {"resourceVersion": version}}
        status, _ = self.ask("DELETE", f"{PATH}/{name}", options)
        current = self.model.objects.get(name)
        if current is None:
            assert status == 404
        elif not certain and version != str(current[0]):
            assert status == 409
        else:
            assert status == 200
            self.model.delete(name, int(self.ask("GET", PATH)[1]["metadata"]["resourceVersion"]))

    @rule(data=st.data())
    def watch_from_a_version_that_was(self, data: st.DataObject) -> None:
        versions = [self.model.version, *(change[2] for change in self.model.changes)]
        since = data.draw(st.sampled_from(versions))
        query = {"watch": ["1"], "resourceVersion": [str(since)]}
        stream = self.cluster.handle(Request("GET", PATH, query, {}, b""))
        assert isinstance(stream, Stream)
        self.watches.append((since, stream, []))

    @rule(limit=st.integers(1, 2))
    def list_in_portions(self, limit: int) -> None:
        found, token = [], ""
        while True:
            _, answer = self.ask("GET", f"{PATH}?limit={limit}&continue={token}")
            found += answer["items"]
            token = answer["metadata"].get("continue", "")
            if not token:
                break
        assert listed(found) == self.model.objects

    @rule()
    def list_not_older_than_the_last_change(self) -> None:
        query = f"resourceVersion={self.model.version}&resourceVersionMatch=NotOlderThan"
        status, answer = self.ask("GET", f"{PATH}?{query}")
        assert status == 200
        assert listed(answer["items"]) == self.model.objects
        assert int(answer["metadata"]["resourceVersion"]) >= self.model.version

    # -- what holds at any time -------------------------------------------------------------------

    @invariant()
    def every_watch_has_seen_each_change_in_order(self) -> None:
        for since, stream, heard in self.watches:
            heard += [change for change in changes(stream.take()) if change[1] in ("a", "b", "c")]
            assert heard == self.model.since(since)

    def teardown(self) -> None:
        if hasattr(self, "cluster"):
            self.cluster.close()


def seen(obj: Any) -> tuple[int, Data]:
    return int(obj["metadata"]["resourceVersion"]), obj.get("data", {})


def listed(items: list[Any]) -> dict[str, tuple[int, Data]]:
    named = {item["metadata"]["name"]: seen(item) for item in items}
    return {name: found for name, found in named.items() if name in ("a", "b", "c")}


def changes(text: bytes) -> Iterator[Change]:
    for line in text.splitlines():
        event = orjson.loads(line)
        yield event["type"], event["object"]["metadata"]["name"], *seen(event["object"])


TestClients = Clients.TestCase
TestClients.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True)
