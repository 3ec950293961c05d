"""A namespace that a teacher gave and all lessons share: what lessons have made in it, and emptying it again.

Quotas, limits, roles and what Kubernetes itself puts into a namespace are the teacher's and stay.
"""

from __future__ import annotations

from k8slearn.engines.cluster import Cluster
from k8slearn.errors import ClusterError

KINDS = (
    "deployments,statefulsets,daemonsets,jobs,cronjobs,replicasets,pods,services,ingresses,"
    "horizontalpodautoscalers,persistentvolumeclaims,configmaps,secrets"
)
"""What lessons make; owners before what they own."""

OF_KUBERNETES = frozenset({"configmap/kube-root-ca.crt", "service/kubernetes"})


def contents(cluster: Cluster, namespace: str) -> list[str]:
    """What is in it of ``KINDS``, as in ``deployment.apps/web``."""
    listed = cluster.kubectl("get", KINDS, "-o", "name", "--ignore-not-found", namespace=namespace)
    tokens = cluster.kubectl(
        *("get", "secrets", "-o", "name", "--field-selector", "type!=Opaque"), namespace=namespace
    )
    return [name for name in listed.stdout.split() if name not in OF_KUBERNETES | set(tokens.stdout.split())]


def clear(cluster: Cluster, namespace: str) -> None:
    """Delete its ``contents``. Raises ClusterError when the cluster refuses."""
    names = contents(cluster, namespace)
    if not names:
        return
    done = cluster.kubectl("delete", "--ignore-not-found", *names, namespace=namespace)
    if done.returncode != 0:
        raise ClusterError(f"The namespace {namespace} could not be emptied: {done.stderr.strip()}")
