"""kopf, kr8s and lightkube, unmodified: what people write operators and scripts with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kr8s
import lightkube
import pytest
from kr8s.objects import ConfigMap as Kr8sConfigMap
from kr8s.objects import Deployment as Kr8sDeployment
from kr8s.objects import new_class
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap as LightConfigMap

from k8slearn.embedded.cluster import Cluster

PATIENCE = 30.0

MODELS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "models.learn.example"},
    "spec": {
        "group": "learn.example",
        "scope": "Namespaced",
        "names": {"plural": "models", "singular": "model", "kind": "Model", "shortNames": ["mdl"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["replicas"],
                                "properties": {"replicas": {"type": "integer", "minimum": 0}},
                            },
                            "status": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                                "properties": {"ready": {"type": "integer"}},
                            },
                        },
                    }
                },
            }
        ],
    },
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(2) as cluster:
        cluster.settle()
        cluster.serve()
        api = config.new_client_from_config(str(cluster.kubeconfig))
        client.ApiextensionsV1Api(api).create_custom_resource_definition(MODELS)  # type: ignore[arg-type]
        cluster.clock.advance(2)
        yield cluster


@pytest.fixture
def api(cluster: Cluster) -> client.ApiClient:
    return config.new_client_from_config(str(cluster.kubeconfig))


def until(what: Callable[[], Any]) -> Any:
    """What ``what`` returns once that is true; what is not there yet is not true yet."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if found := what():
                return found
        except ApiException as error:
            if error.status != 404:
                raise
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture
def operator(cluster: Cluster) -> Iterator[None]:
    """The operator of ``operator_example.py``, until the test ends."""
    example = Path(__file__).with_name("operator_example.py")
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace=default", str(example)]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        yield
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "Traceback" not in said, said


def test_an_operator_of_kopf_creates_scales_reports_and_says_farewell(
    api: client.ApiClient, operator: None, cluster: Cluster
) -> None:
    custom, apps, core = client.CustomObjectsApi(api), client.AppsV1Api(api), client.CoreV1Api(api)
    where = ("learn.example", "v1", "default", "models")
    model = {
        "apiVersion": "learn.example/v1",
        "kind": "Model",
        "metadata": {"name": "digits"},
        "spec": {"replicas": 1},
    }
    custom.create_namespaced_custom_object(*where, model)

    def found() -> Any:
        return custom.get_namespaced_custom_object(*where, "digits")

    until(lambda: found().get("status", {}).get("ready") == 1)
    assert found()["metadata"]["finalizers"] == ["kopf.zalando.org/KopfFinalizerMarker"]
    assert found()["status"]["create"] == {"deployment": "digits"}
    custom.patch_namespaced_custom_object(*where, "digits", {"spec": {"replicas": 3}})
    until(lambda: found()["status"]["ready"] == 3)
    custom.delete_namespaced_custom_object(*where, "digits")
    until(lambda: core.read_namespaced_config_map("digits-was-here", "default"))
    until(lambda: not custom.list_namespaced_custom_object(*where)["items"])
    until(lambda: not apps.list_namespaced_deployment("default").items)  # adopted, so collected


@pytest.fixture
def kr8s_api(cluster: Cluster) -> Any:
    return kr8s.api(kubeconfig=str(cluster.kubeconfig))


def test_kr8s_makes_waits_for_scales_execs_and_deletes(kr8s_api: Any) -> None:
    deployment = Kr8sDeployment(
        {
            "metadata": {"name": "by-kr8s", "namespace": "default"},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"app": "by-kr8s"}},
                "template": {
                    "metadata": {"labels": {"app": "by-kr8s"}},
                    "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
                },
            },
        },
        api=kr8s_api,
    )
    deployment.create()
    deployment.wait("condition=Available", timeout=PATIENCE)
    deployment.scale(2)
    until(lambda: len([pod for pod in deployment.pods() if pod.ready()]) == 2)
    pod = deployment.pods()[0]
    assert pod.exec(["echo", "hello"]).stdout == b"hello\n"
    until(lambda: list(pod.logs()))
    deployment.label({"tier": "front"})
    assert [one.name for one in kr8s_api.get("deployments", label_selector="tier=front")] == ["by-kr8s"]
    deployment.delete(propagation_policy="Foreground")
    until(lambda: not deployment.exists())
    assert not [pod for pod in kr8s_api.get("pods", namespace="default") if pod.name.startswith("by-kr8s")]


def test_kr8s_knows_custom_objects_and_hears_of_changes(kr8s_api: Any) -> None:
    model_class = new_class("Model", "learn.example/v1", namespaced=True)
    model = model_class(
        {"metadata": {"name": "by-kr8s", "namespace": "default"}, "spec": {"replicas": 1}}, api=kr8s_api
    )
    model.create()
    model.patch({"spec": {"replicas": 2}})
    model.refresh()
    assert model.spec.replicas == 2
    with pytest.raises(
        kr8s.ServerError, match=r"spec\.replicas in body should be greater than or equal to 0"
    ):
        model.patch({"spec": {"replicas": -1}})
    config_map = Kr8sConfigMap({"metadata": {"name": "seen", "namespace": "default"}}, api=kr8s_api)
    config_map.create()
    events = kr8s_api.watch("configmaps", namespace="default", field_selector="metadata.name=seen")
    assert next(events)[0] == "ADDED"
    config_map.patch({"data": {"a": "1"}})
    kind, changed = next(events)
    assert (kind, changed.data.a) == ("MODIFIED", "1")
    model.delete()


def test_lightkube_applies_lists_watches_and_deletes(cluster: Cluster) -> None:
    lighthouse = lightkube.Client(
        config=lightkube.KubeConfig.from_file(str(cluster.kubeconfig)), field_manager="lightkube"
    )
    made = lighthouse.create(
        LightConfigMap(metadata=ObjectMeta(name="light", namespace="default"), data={"a": "1"})
    )
    assert made.metadata and made.metadata.uid
    lighthouse.patch(LightConfigMap, "light", {"data": {"b": "2"}}, namespace="default")
    assert lighthouse.get(LightConfigMap, "light", namespace="default").data == {"a": "1", "b": "2"}
    applied = lighthouse.apply(
        LightConfigMap(metadata=ObjectMeta(name="applied", namespace="default"), data={"a": "1"})
    )
    assert applied.data == {"a": "1"}
    kind, seen = next(
        iter(lighthouse.watch(LightConfigMap, namespace="default", fields={"metadata.name": "applied"}))
    )
    assert (kind, seen.data) == ("ADDED", {"a": "1"})
    model_class = create_namespaced_resource("learn.example", "v1", "Model", "models")
    lighthouse.create(
        model_class(metadata=ObjectMeta(name="light", namespace="default"), spec={"replicas": 1})
    )
    assert [one.metadata.name for one in lighthouse.list(model_class, namespace="default")] == ["light"]
    lighthouse.delete(model_class, "light", namespace="default")
    with pytest.raises(ApiError, match=r'models\.learn\.example "light" not found'):
        lighthouse.get(model_class, "light", namespace="default")
