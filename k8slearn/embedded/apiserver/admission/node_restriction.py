"""NodeRestriction: a kubelet may change its own Node and the pods on it, and no others.

Upstream: ``plugin/pkg/admission/noderestriction``.
https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import ApiError, forbidden

NODES_GROUP = "system:nodes"
USER_PREFIX = "system:node:"
MIRROR = "kubernetes.io/config.mirror"

_OWN_LABELS = frozenset(
    (
        *("kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os"),
        *("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
        *("beta.kubernetes.io/os", "beta.kubernetes.io/arch", "failure-domain.beta.kubernetes.io/zone"),
        *("failure-domain.beta.kubernetes.io/region", "failure-domain.kubernetes.io/zone"),
        *(
            "failure-domain.kubernetes.io/region",
            "topology.kubernetes.io/zone",
            "topology.kubernetes.io/region",
        ),
    )
)
_OWN_NAMESPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")


def node_restriction(attributes: Attributes, obj: Object, ctx: Context) -> None:
    """Refuse what a kubelet asks for and may not. Raises ApiError."""
    user = attributes.user
    if user is None or NODES_GROUP not in user.groups or not user.name.startswith(USER_PREFIX):
        return
    node = user.name.removeprefix(USER_PREFIX)
    check = _CHECKS.get(attributes.kind.resource)
    why = check(attributes, obj, node, ctx) if check else ""
    if why:
        raise _refused(attributes, obj, why)


def _refused(attributes: Attributes, obj: Object, why: str) -> ApiError:
    return forbidden(attributes.kind.resource, obj["metadata"].get("name", ""), why)


def _pod(attributes: Attributes, pod: Object, node: str, ctx: Context) -> str:
    on_node = ((attributes.old or pod)["spec"].get("nodeName") or "") == node
    match attributes.subresource, attributes.operation:
        case "", "CREATE":
            return _new_pod(pod, node, ctx)
        case "", "DELETE":
            return "" if on_node else f'node "{node}" can only delete pods with spec.nodeName set to itself'
        case "", _:
            return f'unexpected operation "UPDATE", node "{node}" can only create and delete mirror pods'
        case "status", _ if not on_node:
            return f'node "{node}" can only update pod status for pods with spec.nodeName set to itself'
        case "status", _:
            labels = [(held or {}).get("metadata", {}).get("labels") or {} for held in (pod, attributes.old)]
            return "" if labels[0] == labels[1] else f'node "{node}" cannot update labels through pod status'
    return (
        f"unexpected pod subresource \"{attributes.subresource}\", only 'status' and 'eviction' are allowed"
    )


def _new_pod(pod: Object, node: str, ctx: Context) -> str:
    """Only the mirrors of static pods, which its Node owns."""
    metadata = pod["metadata"]
    if MIRROR not in (metadata.get("annotations") or {}):
        return f'pod does not have "{MIRROR}" annotation, node "{node}" can only create mirror pods'
    if (pod["spec"].get("nodeName") or "") != node:
        return f'node "{node}" can only create pods with spec.nodeName set to itself'
    owners: list[dict[str, Any]] = metadata.get("ownerReferences") or []
    if len(owners) > 1:
        return f'node "{node}" can only create pods with a single owner reference set to itself'
    owner = owners[0] if owners else {}
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        return f'node "{node}" can only create pods with an owner reference set to itself'
    if not owner.get("controller"):
        return f'node "{node}" can only create pods with a controller owner reference set to itself'
    if owner.get("blockOwnerDeletion"):
        return f'node "{node}" must not set blockOwnerDeletion on an owner reference'
    found = ctx.store.find("nodes", "", node)
    uid = found.object["metadata"]["uid"] if found else ""
    if owner.get("uid") != uid:
        return f"node {node} UID mismatch: expected {owner.get('uid')} got {uid}"
    for sort in ("secret", "configMap", "persistentVolumeClaim"):
        if any(volume.get(sort) for volume in pod["spec"].get("volumes") or ()):
            plural = {"secret": "secrets", "configMap": "configmaps"}.get(sort, "persistentvolumeclaims")
            return f'node "{node}" can not create pods that reference {plural}'
    if pod["spec"].get("serviceAccountName"):
        return f'node "{node}" can not create pods that reference serviceaccounts'
    return ""


def _node(attributes: Attributes, obj: Object, node: str, ctx: Context) -> str:
    name = obj["metadata"]["name"]
    if name != node:
        return f'node "{node}" is not allowed to modify node "{name}"'
    labels = obj["metadata"].get("labels") or {}
    if attributes.operation == "CREATE":
        reserved = sorted(key for key in labels if _is_restricted(key))
        if reserved:
            return f'node "{node}" is not allowed to set the following labels: {", ".join(reserved)}'
    if attributes.operation == "UPDATE" and attributes.old is not None:
        old = attributes.old
        if (obj["spec"].get("taints") or []) != (old["spec"].get("taints") or []):
            return f'node "{node}" is not allowed to modify taints'
        owners = [held["metadata"].get("ownerReferences") or [] for held in (obj, old)]
        if owners[0] != owners[1]:
            return f'node "{node}" is not allowed to modify ownerReferences'
        before = old["metadata"].get("labels") or {}
        changed = {key for key in {*labels, *before} if labels.get(key) != before.get(key)}
        if reserved := sorted(key for key in changed if _is_restricted(key)):
            return f"is not allowed to modify labels: {', '.join(reserved)}"
    return ""


def _is_restricted(key: str) -> bool:
    """Labels under kubernetes.io that say where a node belongs are not for the node to say."""
    namespace, slash, _ = key.partition("/")
    if not slash or not (namespace + ".").endswith(("kubernetes.io.", "k8s.io.")):
        return False
    if namespace == "node-restriction.kubernetes.io" or namespace.endswith(".node-restriction.kubernetes.io"):
        return True
    if key in _OWN_LABELS or namespace in _OWN_NAMESPACES:
        return False
    return not namespace.endswith(tuple(f".{own}" for own in _OWN_NAMESPACES))


def _lease(attributes: Attributes, obj: Object, node: str, ctx: Context) -> str:
    if obj["metadata"].get("namespace") != "kube-node-lease":
        return 'can only access leases in the "kube-node-lease" system namespace'
    if obj["metadata"].get("name") != node:
        return "can only access node lease with the same name as the requesting node"
    return ""


def _csi_node(attributes: Attributes, obj: Object, node: str, ctx: Context) -> str:
    same = obj["metadata"].get("name") == node
    return "" if same else "can only access CSINode with the same name as the requesting node"


def _claim(attributes: Attributes, obj: Object, node: str, ctx: Context) -> str:
    return "" if attributes.subresource == "status" else "may only update PVC status"


_CHECKS = {
    "csinodes.storage.k8s.io": _csi_node,
    "leases.coordination.k8s.io": _lease,
    "nodes": _node,
    "persistentvolumeclaims": _claim,
    "pods": _pod,
}
