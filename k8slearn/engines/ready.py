"""Waits until a real cluster can be worked with: its nodes, its DNS, its storage; and says what is missing yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from k8slearn.engines.cluster import Cluster
from k8slearn.engines.engine import Progress
from k8slearn.errors import ClusterError

TIMEOUT = 300.0
LOOK_EVERY = 1.0

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def wait(cluster: Cluster, nodes: int, progress: Progress, timeout: float = TIMEOUT) -> None:
    """Raises ClusterError, which says what was missing last, after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    for look in (lambda: unready_nodes(cluster, nodes), lambda: _dns(cluster), lambda: _storage(cluster)):
        while missing := _look(look):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"The cluster is not ready after {timeout:.0f} s: still {missing}. "
                    "See what happens: k8slearn kubectl get pods,events -A. Restarting the nodes often helps, "
                    "after a laptop's sleep for example: k8slearn down --keep && k8slearn up. "
                    "What this machine lacks, if anything: k8slearn doctor --engine kind"
                )
            progress.say(f"Waiting for the cluster: {missing}")
            time.sleep(LOOK_EVERY)


def _look(look: Callable[[], str]) -> str:
    """What ``look`` finds missing; a server that does not answer yet is missing itself."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        return look()
    except ApiException as error:
        return f"the API server, which answers {error.status} {error.reason}"
    except (HTTPError, OSError):
        return "the API server, which does not answer"


def unready_nodes(cluster: Cluster, nodes: int) -> str:
    """The nodes that are not ready, "" when all ``nodes`` are."""
    found: list[Any] = cluster.core.list_node(_request_timeout=5).items
    ready = {
        node.metadata.name
        for node in found
        if any(one.type == "Ready" and one.status == "True" for one in node.status.conditions or ())
    }
    if len(ready) >= nodes:
        return ""
    lacking = sorted({node.metadata.name for node in found} - ready)
    return f"nodes, {len(ready)} of {nodes} ready" + (f", not yet {', '.join(lacking)}" if lacking else "")


def _dns(cluster: Cluster) -> str:
    return "" if _available(cluster, "kube-system", "coredns") else "DNS (coredns in kube-system)"


def _storage(cluster: Cluster) -> str:
    from kubernetes import client

    classes: list[Any] = client.StorageV1Api(cluster.api_client).list_storage_class().items
    default = [
        one.provisioner for one in classes if (one.metadata.annotations or {}).get(DEFAULT_CLASS) == "true"
    ]
    if not default:
        return "storage, no default StorageClass"
    available = _available(cluster, "local-path-storage", "local-path-provisioner")
    return "" if available else f"storage ({default[0]} in local-path-storage)"


def _available(cluster: Cluster, namespace: str, deployment: str) -> bool:
    found: Any = cluster.apps.read_namespaced_deployment_status(deployment, namespace)
    return bool(found.status.available_replicas)
