"""The namespaces of a lesson: its own, and those that stand beside it for another team, say.

A neighbour's is called ``NAMESPACE-name`` and bears a label with the lesson's own, so that a reset finds it.
"""

from __future__ import annotations

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
