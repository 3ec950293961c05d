"""OpenAPI v3 documents: what kubectl needs from them. That explain prints the same is in tests/parity."""

from __future__ import annotations

import orjson
import pytest

from k8slearn.embedded.apiserver.kind import Kind, Scale
from k8slearn.embedded.apiserver.kinds import Kinds
from k8slearn.embedded.apiserver.openapi import OpenAPI

KINDS = [
    Kind(kind="Pod", plural="pods", message="k8s.io.api.core.v1.Pod", has_status=True),
    Kind(kind="Node", plural="nodes", message="k8s.io.api.core.v1.Node", namespaced=False),
    Kind(
        kind="Deployment",
        plural="deployments",
        group="apps",
        message="k8s.io.api.apps.v1.Deployment",
        has_status=True,
        scale=Scale(),
    ),
]


@pytest.fixture(scope="module")
def openapi() -> OpenAPI:
    return OpenAPI(Kinds(KINDS))


@pytest.fixture(scope="module")
def apps(openapi: OpenAPI) -> dict:
    document = openapi.document("apps", "v1")
    assert document is not None
    return orjson.loads(document)


def test_the_index_names_each_document_with_a_hash(openapi: OpenAPI) -> None:
    paths = openapi.index()["paths"]
    assert sorted(paths) == ["api/v1", "apis/apps/v1"]
    assert paths["apis/apps/v1"]["serverRelativeURL"].startswith("/openapi/v3/apis/apps/v1?hash=")
    assert OpenAPI(Kinds(KINDS)).index() == openapi.index()
    assert OpenAPI(Kinds(KINDS[1:])).index()["paths"]["api/v1"] != paths["api/v1"]


def test_there_is_no_document_of_a_group_that_is_not_served(openapi: OpenAPI) -> None:
    assert openapi.document("batch", "v1") is None


def test_every_reference_leads_somewhere(openapi: OpenAPI) -> None:
    for group in ("", "apps"):
        document = openapi.document(group, "v1") or b""
        schemas = orjson.loads(document)["components"]["schemas"]
        references = {part.split(b'"')[0].decode() for part in document.split(b"#/components/schemas/")[1:]}
        assert references <= schemas.keys()


def test_a_kind_says_which_it_is(apps: dict) -> None:
    deployment = apps["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    expected = [{"group": "apps", "kind": "Deployment", "version": "v1"}]
    assert deployment["x-kubernetes-group-version-kind"] == expected


def test_lists_say_how_they_merge(apps: dict) -> None:
    containers = apps["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]


def test_patch_lists_its_types_and_takes_field_validation(apps: dict) -> None:
    patch = apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert sorted(patch["requestBody"]["content"]) == [
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ]
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]


def test_subresources_and_cluster_scope_have_their_paths(openapi: OpenAPI, apps: dict) -> None:
    single = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    assert {f"{single}/status", f"{single}/scale", "/apis/apps/v1/deployments"} <= apps["paths"].keys()
    core = orjson.loads(openapi.document("", "v1") or b"")
    assert "/api/v1/nodes/{name}" in core["paths"]
    assert "/api/v1/nodes/{name}/status" not in core["paths"]
