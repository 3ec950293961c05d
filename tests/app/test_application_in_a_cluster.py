"""The lessons' application in simulated containers: rollouts under traffic, slow starts, memory, batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import AppsV1Api, BatchV1Api, CoreV1Api, CustomObjectsApi

import k8slearn
from k8slearn.embedded.cluster import Cluster
from k8slearn.kube.quantity import parse

NAMESPACE = "default"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with k8slearn.embedded(nodes=3, seed=11) as cluster:
        cluster.settle()
        yield cluster


def container(tag: str, *args: str, **env: str) -> dict[str, Any]:
    variables = [{"name": name, "value": value} for name, value in env.items()]
    ready = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}
    found = {"name": "app", "image": f"k8slearn/app:{tag}", "args": list(args), "env": variables}
    return {**found, "readinessProbe": ready} if args[:1] in ((), ("web",), ("model",)) else found


def deploy(cluster: Cluster, replicas: int, template_container: dict[str, Any]) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [template_container]}}
    AppsV1Api(cluster.api_client).create_namespaced_deployment(
        NAMESPACE,
        {
            "metadata": {"name": "web"},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        },
    )
    CoreV1Api(cluster.api_client).create_namespaced_service(
        NAMESPACE,
        {
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    )
    cluster.settle()


def run_pod(cluster: Cluster, name: str, *args: str, **env: str) -> None:
    CoreV1Api(cluster.api_client).create_namespaced_pod(
        NAMESPACE,
        {
            "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "containers": [container("1.0", *args, **env)]},
        },
    )


def release(cluster: Cluster, tag: str, **env: str) -> None:
    patch = {"spec": {"template": {"spec": {"containers": [container(tag, **env)]}}}}
    AppsV1Api(cluster.api_client).patch_namespaced_deployment("web", NAMESPACE, patch)


def log(cluster: Cluster, pod: str) -> str:
    return CoreV1Api(cluster.api_client).read_namespaced_pod_log(pod, NAMESPACE)


def test_a_rollout_under_traffic_answers_with_both_versions_and_readiness_keeps_it_whole(cluster: Cluster):
    deploy(cluster, 3, container("1.0", WORK_SECONDS="0.004"))
    run_pod(cluster, "load", "load", "http://web/", "--rate", "20", "--seconds", "30")
    cluster.clock.advance("5s")
    release(cluster, "2.0")
    cluster.clock.advance("40s")
    report = log(cluster, "load")
    pods = CoreV1Api(cluster.api_client).list_namespaced_pod(NAMESPACE, label_selector="app=web").items
    assert all(pod.metadata.name in report for pod in pods)
    assert "requests 600" in report


def test_a_rude_program_drops_what_is_in_flight_and_a_graceful_one_does_not(cluster: Cluster):
    failed = {}
    for stop in ("rude", "graceful"):
        deploy(cluster, 1, container("1.0", DELAY_SECONDS="2", STOP=stop))
        run_pod(cluster, f"load-{stop}", "load", "http://web/", "--rate", "2", "--seconds", "4")
        cluster.clock.advance("3s")
        CoreV1Api(cluster.api_client).delete_collection_namespaced_pod(NAMESPACE, label_selector="app=web")
        cluster.clock.advance("30s")
        failed[stop] = "connection reset" in log(cluster, f"load-{stop}")
        AppsV1Api(cluster.api_client).delete_namespaced_deployment("web", NAMESPACE)
        CoreV1Api(cluster.api_client).delete_namespaced_service("web", NAMESPACE)
        cluster.settle()
    assert failed == {"rude": True, "graceful": False}


def test_load_says_meanwhile_who_answered_and_what_failed_when_it_is_asked_to(cluster: Cluster):
    deploy(cluster, 2, container("1.0"))
    run_pod(cluster, "load", "load", "http://web/", "--rate", "10", "--seconds", "3", "--every", "1")
    run_pod(cluster, "lost", "load", "http://web:81/", "--rate", "10", "--seconds", "2", "--every", "1")
    cluster.clock.advance("10s")
    second = log(cluster, "load").splitlines()[1]
    assert second.startswith("2 s  ok 20  failed 0  p50 ")
    assert second.partition("answered by ")[2].count("web-") == 2
    assert "  failed with connection refused 1" in log(cluster, "lost").splitlines()[0]


def test_a_kept_alive_connection_stays_at_one_pod(cluster: Cluster):
    deploy(cluster, 3, container("1.0"))
    run_pod(cluster, "load", "load", "http://web/", "--rate", "10", "--seconds", "3", "--keep-alive")
    cluster.clock.advance("10s")
    assert log(cluster, "load").count("web-") == 1


def test_a_version_with_a_bug_never_takes_over(cluster: Cluster):
    deploy(cluster, 3, container("1.0"))
    for bad in ("2.1", "2.2"):
        release(cluster, bad)
        cluster.clock.advance("2m")
        status = AppsV1Api(cluster.api_client).read_namespaced_deployment("web", NAMESPACE).status
        assert (status.available_replicas, status.updated_replicas) == (3, 1), bad


def test_a_model_that_loads_slowly_is_not_ready_meanwhile(cluster: Cluster):
    deploy(cluster, 1, container("1.0", "model", LOAD_SECONDS="60"))
    cluster.clock.advance("65s")
    pod = CoreV1Api(cluster.api_client).list_namespaced_pod(NAMESPACE).items[0]
    ready = next(condition for condition in pod.status.conditions if condition.type == "Ready")
    loading = ready.last_transition_time - pod.status.container_statuses[0].state.running.started_at
    assert ready.status == "True"
    assert 60 <= loading.total_seconds() <= 63
    assert "model loaded" in log(cluster, pod.metadata.name)


def test_a_program_that_hangs_runs_on_and_answers_nothing_until_a_liveness_probe_finds_out(cluster: Cluster):
    alive = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    deploy(cluster, 1, {**container("1.0", STOP="rude"), "livenessProbe": alive})
    pod = CoreV1Api(cluster.api_client).list_namespaced_pod(NAMESPACE).items[0]
    hang = ["wget", "-qO-", "--post-data", "x", f"http://{pod.status.pod_ip}:8080/hang"]
    body = {"metadata": {"name": "saboteur"}, "spec": {"restartPolicy": "Never"}}
    body["spec"]["containers"] = [{"name": "wget", "image": "busybox:1.37", "command": hang}]
    CoreV1Api(cluster.api_client).create_namespaced_pod(NAMESPACE, body)
    cluster.clock.advance("10s")
    pod = CoreV1Api(cluster.api_client).read_namespaced_pod(pod.metadata.name, NAMESPACE)
    status = pod.status.container_statuses[0]
    assert (status.restart_count, status.ready, status.state.running is not None) == (0, False, True)
    cluster.clock.advance("20s")
    pod = CoreV1Api(cluster.api_client).read_namespaced_pod(pod.metadata.name, NAMESPACE)
    status = pod.status.container_statuses[0]
    assert (status.restart_count, status.ready) == (1, True)


def test_a_model_without_its_weights_says_so_and_ends(cluster: Cluster):
    run_pod(cluster, "model", "model", MODEL_PATH="/models/weights.json")
    cluster.clock.advance("5s")
    pod = CoreV1Api(cluster.api_client).read_namespaced_pod("model", NAMESPACE)
    assert pod.status.container_statuses[0].state.terminated.exit_code == 1
    assert "/models/weights.json: No such file or directory" in log(cluster, "model")


def test_a_leak_is_killed_at_the_limit(cluster: Cluster):
    leaky = container("1.0", "model", LEAK_BYTES=str(4 << 20))
    deploy(cluster, 1, {**leaky, "resources": {"limits": {"memory": "32Mi"}}})
    arguments = ("--rate", "2", "--seconds", "10", "--data", '{"text": "hello"}')
    run_pod(cluster, "load", "load", "http://web/predict", *arguments)
    cluster.clock.advance("20s")
    pods = CoreV1Api(cluster.api_client).list_namespaced_pod(NAMESPACE, label_selector="app=web").items
    assert pods[0].status.container_statuses[0].last_state.terminated.reason == "OOMKilled"


def test_an_indexed_job_divides_a_batch(cluster: Cluster):
    template = {"spec": {"restartPolicy": "Never", "containers": [container("1.0", "worker", WORKERS="4")]}}
    job = {"completions": 4, "parallelism": 4, "completionMode": "Indexed", "template": template}
    BatchV1Api(cluster.api_client).create_namespaced_job(
        NAMESPACE, {"metadata": {"name": "batch"}, "spec": job}
    )
    cluster.clock.advance("20s")
    pods = CoreV1Api(cluster.api_client).list_namespaced_pod(NAMESPACE, label_selector="job-name=batch").items
    logs = sorted(log(cluster, pod.metadata.name) for pod in pods)
    assert [line.split(":")[0] for line in logs] == [f"worker {index} of 4" for index in range(4)]


def test_requests_cost_cpu_that_metrics_show(cluster: Cluster):
    deploy(cluster, 1, container("1.0", WORK_SECONDS="0.05"))
    run_pod(cluster, "load", "load", "http://web/", "--rate", "10", "--seconds", "120")
    cluster.clock.advance("90s")
    metrics = CustomObjectsApi(cluster.api_client)
    answer = metrics.list_namespaced_custom_object("metrics.k8s.io", "v1beta1", NAMESPACE, "pods")
    usage = {item["metadata"]["name"]: item["containers"][0]["usage"]["cpu"] for item in answer["items"]}
    web = next(value for name, value in usage.items() if name.startswith("web"))
    assert 0.4 < parse(web) < 0.6
