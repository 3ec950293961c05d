"""What a learner may do on a cluster: all that an administrator of the lesson's namespaces may; elsewhere, look.

The learner asks as a service account that lives in a namespace out of its own reach, and has one role there is of a
real cluster's own: ``admin``, which gives no power over quotas, the namespace itself or anybody's rights but its own.
Beside it, what is not in a namespace and lessons look at (nodes, volumes, classes) may be read.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from k8slearn.course import namespaces
from k8slearn.engines.cluster import Cluster

ACCOUNT_NAMESPACE = "k8slearn"
ACCOUNT = "learner"

_SUBJECT = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": ACCOUNT_NAMESPACE}
_RBAC = "rbac.authorization.k8s.io"

_READ = ["get", "list", "watch"]
_LOOK = [
    {"apiGroups": [""], "resources": ["nodes", "namespaces", "persistentvolumes"], "verbs": _READ},
    {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": _READ},
    {"apiGroups": ["scheduling.k8s.io"], "resources": ["priorityclasses"], "verbs": _READ},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": _READ},
    {"apiGroups": ["metrics.k8s.io"], "resources": ["nodes", "pods"], "verbs": ["get", "list"]},
]
"""Pods' metrics of all namespaces are read along: a real cluster's role ``admin`` has them by aggregation."""


def prepare(cluster: Cluster) -> None:
    """Make the account and what it may look at, once in a cluster."""
    from kubernetes import client

    rights: Any = client.RbacAuthorizationV1Api(cluster.api_client)
    core: Any = cluster.core
    namespaces.make(cluster, ACCOUNT_NAMESPACE)
    core.create_namespaced_service_account(ACCOUNT_NAMESPACE, {"metadata": {"name": ACCOUNT}})
    name = {"metadata": {"name": "k8slearn:learner"}}
    rights.create_cluster_role({**name, "rules": _LOOK})
    rights.create_cluster_role_binding({**name, **_binds("ClusterRole", "k8slearn:learner")})


def open_namespaces(cluster: Cluster, lesson: str) -> None:
    """Give the learner the lesson's namespace and those beside it. Again: those that have come since."""
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException

    rights: Any = client.RbacAuthorizationV1Api(cluster.api_client)
    for namespace in (lesson, *namespaces.beside(cluster, lesson)):
        binding = {"metadata": {"name": "k8slearn-learner"}, **_binds("ClusterRole", "admin")}
        try:
            rights.create_namespaced_role_binding(namespace, binding)
        except ApiException as error:
            if error.status != 409:
                raise


def kubeconfig(cluster: Cluster, server: str, ca: bytes, namespace: str) -> str:
    """By which the learner reaches the cluster at ``server``, in ``namespace`` unless a command names another."""
    long = {"spec": {"expirationSeconds": 365 * 24 * 3600}}  # of virtual time, which a lesson may let fly
    core: Any = cluster.core
    token = core.create_namespaced_service_account_token(ACCOUNT, ACCOUNT_NAMESPACE, long)
    authority = base64.b64encode(ca).decode()
    context = {"cluster": "lesson", "user": ACCOUNT, "namespace": namespace}
    return json.dumps(  # which is YAML, too, and quickly made
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "lesson", "cluster": {"server": server, "certificate-authority-data": authority}}
            ],
            "users": [{"name": ACCOUNT, "user": {"token": token.status.token}}],
            "contexts": [{"name": "lesson", "context": context}],
            "current-context": "lesson",
        },
        indent=2,
    )


def _binds(kind: str, role: str) -> dict[str, Any]:
    return {"subjects": [_SUBJECT], "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": role}}
