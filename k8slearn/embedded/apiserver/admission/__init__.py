"""Admission: what the API server adds to an object, or refuses, before it validates and stores it.

A module is a plugin, named after the one of a real server.
https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/

A pod of a ReplicaSet passes here like any other; 300 of them are made at once, so the parts that never change
are shared dicts (nothing alters them, as nothing alters a stored object).
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.default_toleration_seconds import default_toleration_seconds
from k8slearn.embedded.apiserver.admission.limit_ranger import default_limits, limit_ranger
from k8slearn.embedded.apiserver.admission.namespace_lifecycle import namespace_lifecycle
from k8slearn.embedded.apiserver.admission.node_restriction import node_restriction
from k8slearn.embedded.apiserver.admission.persistent_volume_claim_resize import (
    persistent_volume_claim_resize,
)
from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context, Plugin
from k8slearn.embedded.apiserver.admission.pod_resize import pod_resize
from k8slearn.embedded.apiserver.admission.pod_security import (
    pod_security,
    pod_security_of_namespace,
    pod_security_of_template,
)
from k8slearn.embedded.apiserver.admission.priority import priority, priority_class
from k8slearn.embedded.apiserver.admission.resource_quota import resource_quota
from k8slearn.embedded.apiserver.admission.role_escalation import binding_escalation, role_escalation
from k8slearn.embedded.apiserver.admission.service_account import service_account
from k8slearn.embedded.apiserver.admission.service_addresses import service_addresses
from k8slearn.embedded.apiserver.admission.storage_class_default import storage_class_default
from k8slearn.embedded.apiserver.admission.storage_object_in_use_protection import (
    storage_object_in_use_protection,
)
from k8slearn.embedded.apiserver.kind import Object

__all__ = ["Attributes", "Context", "Plugin", "admit", "check"]

_MUTATING: dict[str, tuple[Plugin, ...]] = {
    "clusterrolebindings.rbac.authorization.k8s.io": (binding_escalation,),
    "clusterroles.rbac.authorization.k8s.io": (role_escalation,),
    "csinodes.storage.k8s.io": (node_restriction,),
    "leases.coordination.k8s.io": (node_restriction,),
    "namespaces": (namespace_lifecycle,),
    "nodes": (node_restriction,),
    "persistentvolumeclaims": (node_restriction, storage_class_default, storage_object_in_use_protection),
    "persistentvolumes": (storage_object_in_use_protection,),
    "pods": (default_limits, service_account, node_restriction, default_toleration_seconds, priority),
    "priorityclasses.scheduling.k8s.io": (priority_class,),
    "rolebindings.rbac.authorization.k8s.io": (binding_escalation,),
    "roles.rbac.authorization.k8s.io": (role_escalation,),
    "services": (service_addresses,),
}
"""In the order of a real server (kubeapiserver/options/plugins.go)."""

_TEMPLATES = dict.fromkeys(
    (
        *("cronjobs.batch", "daemonsets.apps", "deployments.apps", "jobs.batch", "podtemplates"),
        *("replicasets.apps", "replicationcontrollers", "statefulsets.apps"),
    ),
    (pod_security_of_template,),
)
_VALIDATING: dict[str, tuple[Plugin, ...]] = _TEMPLATES | {
    "namespaces": (pod_security_of_namespace,),
    "persistentvolumeclaims": (limit_ranger, persistent_volume_claim_resize),
    "pods": (limit_ranger, pod_security, pod_resize),
}


def admit(attributes: Attributes, new: Object, ctx: Context) -> None:
    """Pass ``new`` through the plugins for its kind. Raises ApiError where one refuses it."""
    for plugin in _MUTATING.get(attributes.kind.resource, ()):
        plugin(attributes, new, ctx)


def check(attributes: Attributes, new: Object, ctx: Context) -> None:
    """Let the plugins that alter nothing see ``new`` once it is valid. Raises ApiError where one refuses it."""
    for plugin in _VALIDATING.get(attributes.kind.resource, ()):
        plugin(attributes, new, ctx)
    resource_quota(attributes, new, ctx)
