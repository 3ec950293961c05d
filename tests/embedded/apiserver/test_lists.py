"""Portions of a list belong together, however the objects change meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from kubernetes import client
from kubernetes.client import ApiException

from k8slearn.embedded.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(1) as cluster:
        core = client.CoreV1Api(cluster.api_client)
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="shop")))
        for name in "abcdef":
            core.create_namespaced_config_map("shop", config_map(name))
        yield cluster


def config_map(name: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"by": "us"}))


def names(found: client.V1ConfigMapList) -> str:
    return "".join(one.metadata.name for one in found.items)


def change_much(core: client.CoreV1Api) -> None:
    core.delete_namespaced_config_map("c", "shop")
    core.create_namespaced_config_map("shop", config_map("bb"))
    core.patch_namespaced_config_map("d", "shop", {"data": {"new": "yes"}})


def test_later_portions_show_what_was_there_at_the_first(cluster: Cluster):
    core = client.CoreV1Api(cluster.api_client)
    first = core.list_namespaced_config_map("shop", limit=2, label_selector="by=us")
    change_much(core)
    second = core.list_namespaced_config_map(
        "shop", limit=2, label_selector="by=us", _continue=first.metadata._continue
    )
    last = core.list_namespaced_config_map(
        "shop", limit=2, label_selector="by=us", _continue=second.metadata._continue
    )
    assert names(first) + names(second) + names(last) == "abcdef"
    assert second.items[1].data is None
    assert first.metadata.resource_version == last.metadata.resource_version
    assert last.metadata._continue is None
    assert names(core.list_namespaced_config_map("shop", label_selector="by=us")) == "abbbdef"


def test_who_comes_too_late_is_told_how_to_go_on_all_the_same(cluster: Cluster):
    core = client.CoreV1Api(cluster.api_client)
    first = core.list_namespaced_config_map("shop", limit=2, label_selector="by=us")
    change_much(core)
    cluster.run(cluster.store.compact)
    with pytest.raises(ApiException) as late:
        core.list_namespaced_config_map(
            "shop", limit=2, label_selector="by=us", _continue=first.metadata._continue
        )
    assert late.value.status == 410
    status = json.loads(late.value.body)
    assert status["reason"] == "Expired"
    rest = core.list_namespaced_config_map(
        "shop", label_selector="by=us", _continue=status["metadata"]["continue"]
    )
    assert names(rest) == "bbdef"


def test_a_version_that_is_still_to_come_cannot_be_read(cluster: Cluster):
    core = client.CoreV1Api(cluster.api_client)
    with pytest.raises(ApiException) as early:
        core.list_namespaced_config_map("shop", resource_version="999999")
    assert early.value.status == 504
    assert json.loads(early.value.body)["details"]["retryAfterSeconds"] == 1
