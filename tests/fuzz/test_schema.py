"""What our own OpenAPI says is valid is accepted, or refused with a reason: never a 500, and nothing is raised."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

REQUESTS = 16
"""For each group and version."""

VERSIONS = [
    "api/v1",
    *(
        f"apis/{version}"
        for version in (
            *("apps/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1", "coordination.k8s.io/v1"),
            *("discovery.k8s.io/v1", "events.k8s.io/v1", "networking.k8s.io/v1", "policy/v1"),
            *("rbac.authorization.k8s.io/v1", "scheduling.k8s.io/v1", "storage.k8s.io/v1"),
            *("apiextensions.k8s.io/v1", "authentication.k8s.io/v1", "authorization.k8s.io/v1"),
        )
    ),
]
PATCHES = [
    {"metadata": {"labels": {"a": "b"}}},
    {"spec": None},
    {"spec": {"replicas": 2}},
    {"status": {}},
    {},
]
"""The document does not say what a patch is; a JSON patch is always a list, and these are refused as one."""

NAMES = st.sampled_from(("a", "web", "kube-root-ca.crt", "default"))


@pytest.fixture(scope="module")
def cluster() -> Any:
    with Cluster(1) as made:
        made.settle()
        yield made


def test_every_group_and_version_is_tried(cluster: Cluster) -> None:
    index = orjson.loads(_get(cluster, "/openapi/v3"))
    assert {*index["paths"]} == {*VERSIONS, "apis/metrics.k8s.io/v1beta1"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_request_that_the_schema_allows_breaks_nothing(cluster: Cluster, version: str) -> None:
    document = schemathesis.openapi.from_dict(orjson.loads(_get(cluster, f"/openapi/v3/{version}")))
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]

    @given(st.data())
    @settings(
        max_examples=REQUESTS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    def ask(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        case = data.draw(operation.as_strategy())
        path = case.path.format(
            namespace=data.draw(st.sampled_from(("default", "none"))), name=data.draw(NAMES)
        )
        body = b""
        if operation.method == "patch":
            body = orjson.dumps(data.draw(st.sampled_from(PATCHES)))
        elif not isinstance(case.body, NotSet):
            body = json.dumps(case.body).encode()  # numbers of any size
        query = {name: [str(value)] for name, value in (case.query or {}).items()}
        headers = {"content-type": case.media_type or "application/json", "accept": "application/json"}
        answer = cluster.handle(Request(case.method.upper(), path, query, headers, body))
        cluster.clock.advance(0.1)
        assert isinstance(answer, Response)
        assert answer.status < 500, (answer.body, path, body)

    ask()


def _get(cluster: Cluster, path: str) -> bytes:
    answer = cluster.handle(Request("GET", path, {}, {"accept": "application/json"}, b""))
    assert isinstance(answer, Response)
    return answer.body
