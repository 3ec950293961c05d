"""RoleBinding. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#rolebinding-and-clusterrolebinding"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds._rbac import GROUP, MESSAGES, binding_columns, default_binding
from k8slearn.embedded.apiserver.validation.rbac import validate_binding_update, validate_role_binding
from k8slearn.kube.names import path_segment

KIND = Kind(
    kind="RoleBinding",
    plural="rolebindings",
    group=GROUP,
    message=f"{MESSAGES}.RoleBinding",
    columns=binding_columns("rolebindings"),
    default=default_binding,
    validate=validate_role_binding,
    validate_update=validate_binding_update,
    validate_name=path_segment,
)
