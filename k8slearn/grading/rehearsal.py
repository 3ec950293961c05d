"""Do once what lessons do with the Python client, so that no fork has to be the first.

The client loads a kind's classes, and pydantic makes a method's validator, at the first use: a second of a
processor's time for the first pod that is listed. What the forks find made costs them nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from k8slearn.embedded.cluster import Cluster as EmbeddedCluster
from k8slearn.engines import Cluster

_LABELS = {"app": "rehearsal"}
_POD = {"metadata": {"labels": _LABELS}, "spec": {"containers": [{"name": "a", "image": "nginx:1.29"}]}}

_OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("core", "pod"): _POD,
    ("core", "config_map"): {"data": {"a": "b"}},
    ("core", "secret"): {"stringData": {"a": "b"}},
    ("core", "service"): {"spec": {"selector": _LABELS, "ports": [{"port": 80}]}},
    ("apps", "deployment"): {"spec": {"selector": {"matchLabels": _LABELS}, "template": _POD}},
    ("batch", "job"): {"spec": {"template": {"spec": {**_POD["spec"], "restartPolicy": "Never"}}}},
    ("autoscaling", "horizontal_pod_autoscaler"): {
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}
    },
}  # fmt: skip
"""One of each kind that lessons make, by its group and by the name that the client's methods have for it."""


def rehearse() -> None:
    """Make, read, list, change and delete one object of each kind, on a cluster for this only."""
    from kubernetes.client.exceptions import ApiException

    with EmbeddedCluster(1) as embedded:
        embedded.settle()
        cluster = Cluster.of(embedded)
        for (group, kind), content in _OBJECTS.items():
            api = getattr(cluster, group)
            named = {**content, "metadata": {**content.get("metadata", {}), "name": "a"}}
            getattr(api, f"create_namespaced_{kind}")("default", named)
            embedded.settle()
            read = getattr(api, f"read_namespaced_{kind}")("a", "default")
            with suppress(ApiException):  # a conflict, say: the way is the same
                getattr(api, f"replace_namespaced_{kind}")("a", "default", read)
            getattr(api, f"patch_namespaced_{kind}")("a", "default", {"metadata": {"labels": {"b": "c"}}})
            getattr(api, f"list_namespaced_{kind}")("default", label_selector="", field_selector="")
        core: Any = cluster.core
        core.read_namespaced_pod_log("a", "default")
        core.list_node()
        core.list_namespace()
        core.list_namespaced_event("default")
        core.list_namespaced_endpoints("default")
        cluster.apps.list_namespaced_replica_set("default")
        cluster.discovery.list_namespaced_endpoint_slice("default")
        for (group, kind), _ in _OBJECTS.items():
            getattr(getattr(cluster, group), f"delete_namespaced_{kind}")("a", "default")
