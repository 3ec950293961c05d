"""One stored object, several versions of it: autoscaling v1 and v2, events of core and of events.k8s.io."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.apiserver.kinds import version_order
from k8slearn.embedded.cluster import Cluster

V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
V2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
TARGET = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
MEMORY = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(1) as cluster:
        cluster.settle()
        yield cluster


def ask(cluster: Cluster, method: str, path: str, body: Any = None, **query: str) -> Any:
    request = Request(method, path, query={name: [value] for name, value in query.items()})
    request.headers["content-type"] = "application/json"
    sent = json.dumps(body).encode() if body is not None else b""
    answer = cluster.handle(Request(method, path, request.query, request.headers, sent))
    assert isinstance(answer, Response)
    return json.loads(answer.body)


def test_an_autoscaler_made_in_v1_has_its_cpu_target_as_a_metric_in_v2(cluster: Cluster) -> None:
    made = ask(
        cluster, "POST", V1, {"metadata": {"name": "a"}, "spec": {"maxReplicas": 3, "scaleTargetRef": TARGET}}
    )
    assert made["apiVersion"] == "autoscaling/v1"
    assert made["spec"]["targetCPUUtilizationPercentage"] == 80
    metrics = ask(cluster, "GET", f"{V2}/a")["spec"]["metrics"]
    assert metrics[0]["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 80},
    }


def test_what_v1_has_no_field_for_stands_in_annotations_and_survives_the_way_back(cluster: Cluster) -> None:
    spec = {"maxReplicas": 3, "scaleTargetRef": TARGET, "metrics": [MEMORY], "behavior": {"scaleDown": {}}}
    before = ask(cluster, "POST", V2, {"metadata": {"name": "b"}, "spec": spec})
    old = ask(cluster, "GET", f"{V1}/b")
    annotations = old["metadata"]["annotations"]
    assert json.loads(annotations["autoscaling.alpha.kubernetes.io/metrics"]) == [
        {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}}
    ]
    assert (
        '"ScaleDown":{"StabilizationWindowSeconds":null'
        in annotations["autoscaling.alpha.kubernetes.io/behavior"]
    )
    old["spec"]["maxReplicas"] = 4
    ask(cluster, "PUT", f"{V1}/b", old)
    after = ask(cluster, "GET", f"{V2}/b")
    assert after["spec"] == {**before["spec"], "maxReplicas": 4}
    assert "annotations" not in after["metadata"]


def test_annotations_that_cannot_be_read_are_as_good_as_absent(cluster: Cluster) -> None:
    metadata = {"name": "c", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": '[{"type":5}]'}}
    ask(cluster, "POST", V1, {"metadata": metadata, "spec": {"maxReplicas": 3, "scaleTargetRef": TARGET}})
    assert ask(cluster, "GET", f"{V2}/c")["spec"]["metrics"][0]["resource"]["name"] == "cpu"


def test_validation_speaks_of_the_version_that_is_stored(cluster: Cluster) -> None:
    metrics = '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"0"}}]'
    metadata = {"name": "d", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": metrics}}
    spec = {"maxReplicas": 1, "scaleTargetRef": TARGET}
    said = ask(cluster, "POST", V1, {"metadata": metadata, "spec": spec})
    assert "spec.metrics[0].pods.target.averageValue: " in said["message"]


def test_an_event_is_the_same_in_both_groups(cluster: Cluster) -> None:
    core = ask(cluster, "GET", "/api/v1/namespaces/default/events")["items"]
    new = ask(cluster, "GET", "/apis/events.k8s.io/v1/namespaces/default/events")["items"]
    assert [event["metadata"] for event in new] == [event["metadata"] for event in core]
    assert new[0]["note"] == core[0]["message"]
    assert new[0]["regarding"] == core[0]["involvedObject"]
    selected = ask(
        cluster, "GET", "/apis/events.k8s.io/v1/events", fieldSelector="regarding.kind=Node,reason=Starting"
    )
    assert {event["regarding"]["name"] for event in selected["items"]} == {"control-plane"}


def test_a_new_event_must_be_complete_and_an_old_one_need_not(cluster: Cluster) -> None:
    event = {"metadata": {"name": "e"}, "type": "Normal"}
    said = ask(cluster, "POST", "/apis/events.k8s.io/v1/namespaces/default/events", event)
    assert said["message"] == 'Event "e" is invalid: eventTime: Required value'
    assert ask(cluster, "POST", "/api/v1/namespaces/default/events", event)["metadata"]["name"] == "e"


def test_versions_come_as_kubectl_prefers_them() -> None:
    versions = ["v1beta1", "v1", "v2alpha1", "v11", "v2", "other"]
    assert sorted(versions, key=version_order) == ["v11", "v2", "v1", "v1beta1", "v2alpha1", "other"]
