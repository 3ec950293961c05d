"""Admission: what the API server adds to an object, or refuses, before it validates and stores it.

A module is a plugin, named after the one of a real server.
https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/

A pod of a ReplicaSet passes here like any other; 300 of them are made at once, so the parts that never change
are shared dicts (nothing alters them, as nothing alters a stored object).
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.default_toleration_seconds import default_toleration_seconds
from k8slearn.embedded.apiserver.admission.namespace_lifecycle import namespace_lifecycle
from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context, Plugin
from k8slearn.embedded.apiserver.admission.priority import priority
from k8slearn.embedded.apiserver.admission.service_account import service_account
from k8slearn.embedded.apiserver.admission.service_addresses import service_addresses
from k8slearn.embedded.apiserver.kind import Object

__all__ = ["Attributes", "Context", "Plugin", "admit"]

_PLUGINS: dict[str, tuple[Plugin, ...]] = {
    "namespaces": (namespace_lifecycle,),
    "pods": (service_account, default_toleration_seconds, priority),
    "services": (service_addresses,),
}
"""In the order of a real server (kubeapiserver/options/plugins.go)."""


def admit(attributes: Attributes, new: Object, ctx: Context) -> None:
    """Pass ``new`` through the plugins for its kind. Raises ApiError where one refuses it."""
    for plugin in _PLUGINS.get(attributes.kind.resource, ()):
        plugin(attributes, new, ctx)
