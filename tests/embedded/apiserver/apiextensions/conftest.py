"""A cluster with a custom resource, and the requests that a client sends to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

Object = dict[str, Any]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MODELS = "/apis/example.com/v1/namespaces/default/models"
MERGE = "application/merge-patch+json"


def make_definition(schema: Object | None = None, **version: Any) -> Object:
    """One of models.example.com, with that ``spec`` in its schema."""
    described = {"type": "object", "properties": {"spec": schema or {"type": "object"}}}
    first = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": described}}
    return {
        "metadata": {"name": "models.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Model", "plural": "models", "shortNames": ["mdl"], "categories": ["ai"]},
            "versions": [{**first, **version}],
        },
    }


class Api:
    """A client of ``cluster``: each method gives the status code and the object that came back."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.warnings: list[str] = []

    def __call__(
        self, method: str, path: str, body: Any = None, *, type: str = "application/json", **query: str
    ) -> Any:
        sent = json.dumps(body).encode() if body is not None else b""
        asked = {name: [value] for name, value in query.items()}
        answer = self.cluster.handle(Request(method, path, asked, {"content-type": type}, sent))
        assert isinstance(answer, Response)
        self.warnings = [value for name, value in answer.headers if name == "Warning"]
        if answer.content_type.startswith("text/plain"):
            return {"reason": "NotFound", "message": answer.body.decode()}
        return json.loads(answer.body)

    def define(self, crd: Object) -> Object:
        """Create a definition and let it be established."""
        made = self("POST", DEFINITIONS, crd)
        self.cluster.settle()
        return made

    def model(self, name: str, spec: Object | None = None, **more: Any) -> Any:
        obj = {"apiVersion": "example.com/v1", "kind": "Model", "metadata": {"name": name}, **more}
        return self("POST", MODELS, obj if spec is None else {**obj, "spec": spec})


@pytest.fixture
def api() -> Iterator[Api]:
    with Cluster(1) as cluster:
        cluster.settle()
        yield Api(cluster)


@pytest.fixture
def client_of() -> type[Api]:
    return Api


@pytest.fixture
def definition() -> Callable[..., Object]:
    """Makes a definition of models.example.com: ``definition(schema of spec, subresources=…)``."""
    return make_definition
