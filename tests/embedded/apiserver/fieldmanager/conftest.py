"""An API server to write to under a manager's name; what it says of who owns what, a line for each owner."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.fieldmanager.fieldset import path_text, paths
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.kinds import load
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Store

Object = dict[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
CONFIG_MAPS = "/api/v1/namespaces/ns/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/ns/deployments"


class Server:
    """One object at a time, at ``path``; a second passes between two requests."""

    def __init__(self) -> None:
        self.clock = Clock(seed=1)
        self.registry = Registry(Store(), self.clock, load())
        self.registry.create("namespaces", {"metadata": {"name": "ns"}})
        self.apiserver = APIServer(self.registry)

    def ask(
        self, method: str, path: str, body: Any = None, media: str = "application/json", **query: str
    ) -> tuple[int, Object]:
        self.clock.advance(1)
        agent = query.pop("agent", "tests/1")
        encoded = body if isinstance(body, bytes) else orjson.dumps(body)
        request = Request(
            method,
            path,
            {name: [value] for name, value in query.items()},
            {"content-type": media, "user-agent": agent},
            encoded,
        )
        answer = self.apiserver.handle(request)
        assert isinstance(answer, Response)
        return answer.status, orjson.loads(answer.body)

    def apply(self, path: str, config: Object, manager: str = "kubectl", **query: str) -> Object:
        """What the object is after it; it must be well."""
        status, answer = self.ask("PATCH", path, config, APPLY, fieldManager=manager, **query)
        assert status in (200, 201), answer
        return answer

    def refused(self, path: str, config: Any, manager: str = "kubectl", **query: str) -> str:
        status, answer = self.ask("PATCH", path, config, APPLY, fieldManager=manager, **query)
        assert status >= 400
        return answer["message"]


def owners(obj: Object) -> dict[str, list[str]]:
    """``{"kubectl Apply": [".data.a"]}``"""
    found = {}
    for entry in obj["metadata"].get("managedFields", []):
        words = [entry["manager"], entry["operation"], entry.get("subresource", "")]
        found[" ".join(filter(None, words))] = [path_text(path) for path in paths(entry["fieldsV1"])]
    return found


def config_map(**data: str) -> Object:
    what = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    return {**what, "data": data} if data else what


def deployment(*containers: Object, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": list(containers)}},
            **spec,
        },
    }


def container(name: str = "web", **fields: Any) -> Object:
    return {"name": name, "image": "nginx:1.29", **fields}


@pytest.fixture
def server() -> Server:
    return Server()
