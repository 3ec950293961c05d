"""The namespaces of a lesson: its own, and those that stand beside it for another team, say.

A neighbour's is called ``NAMESPACE-name`` and bears a label with the lesson's own, so that a reset finds it.
"""

from __future__ import annotations

from typing import Any

from k8slearn.engines.cluster import Cluster

BESIDE_LABEL = "k8slearn.dev/beside"


def exists(cluster: Cluster, name: str) -> bool:
    from kubernetes.client.exceptions import ApiException

    try:
        cluster.core.read_namespace(name)
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True


def make(cluster: Cluster, name: str, beside: str = "") -> None:
    """The namespace, with the ServiceAccount that no pod can be made without; a controller makes that."""
    from kubernetes.client import V1Namespace, V1ObjectMeta

    core = cluster.core
    if not exists(cluster, name):
        labels = {BESIDE_LABEL: beside} if beside else None
        core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name, labels=labels)))
    cluster.wait_until(lambda: core.list_namespaced_service_account(name).items, 30)


def delete(cluster: Cluster, name: str) -> None:
    """Begin to delete the namespace, when it is there."""
    if exists(cluster, name):
        cluster.core.delete_namespace(name)


def beside(cluster: Cluster, name: str) -> list[str]:
    """The namespaces that were made beside ``name``; none for a learner who may not list namespaces."""
    from kubernetes.client.exceptions import ApiException

    label = f"{BESIDE_LABEL}={name}"
    try:
        listed: list[Any] = cluster.core.list_namespace(label_selector=label).items
    except ApiException as error:
        if error.status == 403:
            return []
        raise
    return [one.metadata.name for one in listed]
