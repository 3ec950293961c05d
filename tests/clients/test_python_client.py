"""The official Python client, unmodified: in the same process without a socket, and over TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

from k8slearn.embedded.cluster import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        cluster.settle()
        yield cluster


@pytest.fixture(params=["in process", "over TLS"])
def api(request: pytest.FixtureRequest, cluster: Cluster) -> client.ApiClient:
    if request.param == "in process":
        return cluster.api_client
    return config.new_client_from_config(str(cluster.kubeconfig))


@pytest.fixture
def namespace(api: client.ApiClient) -> Iterator[str]:
    core = client.CoreV1Api(api)
    made = core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(generate_name="test-")))
    yield made.metadata.name
    core.delete_namespace(made.metadata.name)


def pod(name: str) -> client.V1Pod:
    container = client.V1Container(name="web", image="nginx:1.29")
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels={"app": name}),
        spec=client.V1PodSpec(containers=[container]),
    )


def test_every_kind_that_is_served_comes_back_typed(cluster: Cluster, api: client.ApiClient):
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    assert core.list_node().items[0].metadata.name == "control-plane"
    for read in (
        core.list_namespace,
        core.list_service_for_all_namespaces,
        core.list_service_account_for_all_namespaces,
        core.list_event_for_all_namespaces,
        core.list_config_map_for_all_namespaces,
        core.list_endpoints_for_all_namespaces,
        client.DiscoveryV1Api(api).list_endpoint_slice_for_all_namespaces,
        client.CoordinationV1Api(api).list_lease_for_all_namespaces,
        apps.list_deployment_for_all_namespaces,
    ):
        assert read().metadata.resource_version
    assert client.VersionApi(api).get_code().major == "1"


def test_a_pod_is_created_watched_until_it_runs_and_deleted(
    cluster: Cluster, api: client.ApiClient, namespace: str
):
    core = client.CoreV1Api(api)
    created = core.create_namespaced_pod(namespace, pod("web"))
    phases = []
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_pod,
        namespace,
        resource_version=created.metadata.resource_version,
        timeout_seconds=30,
    ):
        phases.append(event["object"].status.phase)
        if phases[-1] == "Running":
            stream.stop()
    assert phases[-1] == "Running" and set(phases) == {"Pending", "Running"}
    deleted = core.delete_namespaced_pod("web", namespace)
    assert deleted.metadata.deletion_timestamp is not None
    cluster.settle()
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_pod("web", namespace)
    assert gone.value.status == 404


def test_patches_of_every_kind_and_scale(api: client.ApiClient, namespace: str):
    apps = client.AppsV1Api(api)
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": "web"}), spec=pod("web").spec
    )
    spec = client.V1DeploymentSpec(
        replicas=1, selector=client.V1LabelSelector(match_labels={"app": "web"}), template=template
    )
    apps.create_namespaced_deployment(
        namespace, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    )
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:1.28"}]}}}}
    patched = apps.patch_namespaced_deployment("web", namespace, strategic)
    assert [c.image for c in patched.spec.template.spec.containers] == ["nginx:1.28"]
    json_patch = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
    assert apps.patch_namespaced_deployment("web", namespace, json_patch).spec.replicas == 3
    scale = apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 2}})
    assert scale.spec.replicas == 2
    assert apps.read_namespaced_deployment("web", namespace).spec.replicas == 2


def test_errors_come_as_the_api_words_them(api: client.ApiClient, namespace: str):
    core = client.CoreV1Api(api)
    core.create_namespaced_pod(namespace, pod("one"))
    with pytest.raises(ApiException) as twice:
        core.create_namespaced_pod(namespace, pod("one"))
    assert twice.value.status == 409 and 'pods \\"one\\" already exists' in twice.value.body
    with pytest.raises(ApiException) as wrong:
        core.create_namespaced_pod(namespace, pod("Not_A_Name"))
    assert wrong.value.status == 422


def test_a_stale_update_is_a_conflict(api: client.ApiClient, namespace: str):
    core = client.CoreV1Api(api)
    made = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="c"), data={"n": "0"})
    )
    made.data = {"n": "1"}
    core.replace_namespaced_config_map("c", namespace, made)
    with pytest.raises(ApiException) as stale:
        core.replace_namespaced_config_map("c", namespace, made)
    assert stale.value.status == 409


def test_lists_come_in_portions_and_selected(api: client.ApiClient, namespace: str):
    core = client.CoreV1Api(api)
    for number in range(5):
        metadata = client.V1ObjectMeta(name=f"c{number}", labels={"even": str(number % 2 == 0)})
        core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=metadata))
    first = core.list_namespaced_config_map(
        namespace, limit=2, field_selector="metadata.name!=kube-root-ca.crt"
    )
    rest = core.list_namespaced_config_map(
        namespace, _continue=first.metadata._continue, field_selector="metadata.name!=kube-root-ca.crt"
    )
    assert [c.metadata.name for c in (*first.items, *rest.items)] == [f"c{n}" for n in range(5)]
    even = core.list_namespaced_config_map(namespace, label_selector="even=True")
    assert [c.metadata.name for c in even.items] == ["c0", "c2", "c4"]


def test_the_dynamic_client_finds_its_way(api: client.ApiClient, namespace: str):
    from kubernetes.dynamic import DynamicClient

    deployments = DynamicClient(api).resources.get(api_version="apps/v1", kind="Deployment")
    assert deployments.get(namespace=namespace).items == []
