"""NodeRestriction: a kubelet changes its own node and what is on it."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.authentication import user
from k8slearn.embedded.apiserver.kinds import load
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Store

KUBELET = user("system:node:worker-1", ("system:nodes",), "")


@pytest.fixture
def registry() -> Registry:
    registry = Registry(Store(), Clock(seed=1), load())
    registry.create("namespaces", {"metadata": {"name": "default"}})
    registry.create("namespaces", {"metadata": {"name": "kube-node-lease"}})
    registry.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
    for name in ("worker-1", "worker-2"):
        registry.create("nodes", {"metadata": {"name": name}})
    return registry


def refusal(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(ApiError) as raised:
        call(*args, user=KUBELET, **options)
    assert raised.value.code == 403
    return raised.value.message


def node(registry: Registry, name: str, **labels: str) -> dict[str, Any]:
    found = registry.get("nodes", "", name).object
    return {**found, "metadata": {**found["metadata"], "labels": labels}}


def test_it_changes_its_own_node_and_no_other(registry: Registry) -> None:
    registry.update("nodes", node(registry, "worker-1", mine="yes"), user=KUBELET)
    said = refusal(registry.update, "nodes", node(registry, "worker-2", mine="yes"))
    assert said == 'nodes "worker-2" is forbidden: node "worker-1" is not allowed to modify node "worker-2"'


def test_it_does_not_say_where_it_belongs(registry: Registry) -> None:
    registry.update("nodes", node(registry, "worker-1", **{"topology.kubernetes.io/zone": "a"}), user=KUBELET)
    labels = {"node-role.kubernetes.io/db": "", "topology.kubernetes.io/zone": "a"}
    said = refusal(registry.update, "nodes", node(registry, "worker-1", **labels))
    assert said.endswith("is not allowed to modify labels: node-role.kubernetes.io/db")
    tainted = {**node(registry, "worker-1"), "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
    assert "is not allowed to modify taints" in refusal(registry.update, "nodes", tainted)


def test_it_makes_only_mirrors_of_static_pods(registry: Registry) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    said = refusal(registry.create, "pods", pod, namespace="default")
    assert 'pod does not have "kubernetes.io/config.mirror" annotation' in said


def test_it_renews_its_own_lease(registry: Registry) -> None:
    leases = "leases.coordination.k8s.io"
    registry.create(leases, {"metadata": {"name": "worker-1"}}, namespace="kube-node-lease", user=KUBELET)
    said = refusal(registry.create, leases, {"metadata": {"name": "worker-2"}}, namespace="kube-node-lease")
    assert said.endswith("can only access node lease with the same name as the requesting node")
