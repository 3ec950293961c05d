"""Role. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds._rbac import GROUP, MESSAGES, default_rules, role_columns
from k8slearn.embedded.apiserver.validation.rbac import validate_role
from k8slearn.kube.names import path_segment

KIND = Kind(
    kind="Role",
    plural="roles",
    group=GROUP,
    message=f"{MESSAGES}.Role",
    columns=role_columns("roles"),
    default=default_rules,
    validate=validate_role,
    validate_name=path_segment,
)
