"""NamespaceLifecycle: the namespaces that a cluster cannot do without stay."""

from __future__ import annotations

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import forbidden

IMMORTAL = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def namespace_lifecycle(attributes: Attributes, namespace: Object, ctx: Context) -> None:
    """The namespaces that a cluster cannot do without stay. (Content of a dying one the registry refuses.)"""
    name = namespace["metadata"]["name"]
    if attributes.operation == "DELETE" and name in IMMORTAL:
        raise forbidden("namespaces", name, "this namespace may not be deleted")
