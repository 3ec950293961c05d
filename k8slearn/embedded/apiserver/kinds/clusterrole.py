"""ClusterRole. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds._rbac import GROUP, MESSAGES, default_rules, role_columns
from k8slearn.embedded.apiserver.validation.rbac import validate_cluster_role
from k8slearn.kube.names import path_segment

KIND = Kind(
    kind="ClusterRole",
    plural="clusterroles",
    group=GROUP,
    namespaced=False,
    message=f"{MESSAGES}.ClusterRole",
    columns=role_columns("clusterroles"),
    default=default_rules,
    validate=validate_cluster_role,
    validate_name=path_segment,
)
