"""``k8slearn watch`` on a cluster that is served: every picture once, and what it says of what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from kubernetes.client import AppsV1Api, CoreV1Api

from k8slearn.cli import main
from k8slearn.embedded.cluster import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(2, start=datetime.now(UTC).timestamp()) as cluster:
        labels = {"app": "web"}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]},
        }
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        AppsV1Api(cluster.api_client).create_namespaced_deployment(
            "default", {"metadata": {"name": "web"}, "spec": spec}
        )
        ports = {"selector": labels, "ports": [{"port": 80}]}
        CoreV1Api(cluster.api_client).create_namespaced_service(
            "default", {"metadata": {"name": "web"}, "spec": ports}
        )
        cluster.settle()
        cluster.serve(paused=True)
        yield cluster


@pytest.fixture
def watch(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("K8SLEARN_KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("COLUMNS", "140")

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["watch", *words, "--once"])

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("map",), "worker-1"),
        (("rollout", "web"), "All pods run the wanted version and are available."),
        (("traffic", "web"), "service/web: 2 ready; 0 answered, 0 failed"),
        (("timeline",), "SuccessfulCreate (a controller made an object)"),
        (("autoscaler", "web"), "There is no hpa/web."),
        (("tree", "deploy/web"), "Service web  app=web  selects (labels): web-"),
        (("diff", "deployment/web"), "readyReplicas 2 of 2"),
        (("rollout", "nowhere"), "There is no Deployment nowhere."),
        (("rollout", "web", "-n", "elsewhere"), "There is no Deployment web."),
    ],
)
def test_a_picture_is_printed_once(watch, words, said):
    done = watch(*words)
    assert done.exit_code == 0, done.output
    assert said in done.output


def test_an_object_of_no_kind_is_refused_with_what_to_write(watch):
    done = watch("tree", "web")
    assert done.exit_code == 1
    assert "Write KIND/NAME, with KIND one of node, pod" in done.output
