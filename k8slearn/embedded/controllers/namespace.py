"""The namespace controller: a namespace that is being deleted goes when everything in it has gone.

Upstream: ``pkg/controller/namespace/deletion/namespaced_resources_deleter.go``. Pods go first, with their
grace; then everything else; then the finalizer ``kubernetes`` in ``spec.finalizers``, which held the
namespace. What holds it up is said in its conditions.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from k8slearn.embedded.client import Change, Controller, Key, Object
from k8slearn.embedded.controllers import conditions

FINALIZER = "kubernetes"


class NamespaceController(Controller):
    """Looks when a namespace changes, and whenever something is gone from one that is being deleted."""

    name = "namespace-controller"
    resource = "namespaces"

    def start(self) -> None:
        super().start()
        for kind in self.client.registry.kinds:
            if kind.namespaced:
                self.watch(kind.resource, self._of_content)

    def _of_content(self, change: Change) -> list[Key]:
        if change.type != "DELETED":
            return []
        key = Key("", change.stored.key.namespace)
        namespace = self.client.get("namespaces", *key)
        return [key] if namespace and "deletionTimestamp" in namespace["metadata"] else []

    def reconcile(self, key: Key) -> None:
        namespace = self.client.get("namespaces", *key)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return
        if FINALIZER not in namespace["spec"].get("finalizers", ()):
            return
        remaining = self._delete_content(key.name)
        self._write_status(namespace, remaining)
        if not remaining:
            self._finalize(key)

    def _delete_content(self, name: str) -> dict[str, list[Object]]:
        """Ask for the deletion of what is there. Returns, by resource, what is not gone at once."""
        if pods := self._delete_all("pods", name):
            return {"pods": pods}
        remaining = {}
        for kind in self.client.registry.kinds:
            if kind.namespaced and (left := self._delete_all(kind.resource, name)):
                remaining[kind.resource] = left
        return remaining

    def _delete_all(self, resource: str, namespace: str) -> list[Object]:
        for obj in self.client.list(resource, namespace):
            if "deletionTimestamp" not in obj["metadata"]:
                self.client.delete(resource, obj, why=f"its namespace {namespace} is being deleted")
        return self.client.list(resource, namespace)

    def _write_status(self, namespace: Object, remaining: dict[str, list[Object]]) -> None:
        status = namespace.get("status", {})
        found = status.get("conditions", [])
        for new in _conditions(remaining, self.clock.timestamp()):
            current = conditions.find(found, new["type"])
            if current and {**new, "lastTransitionTime": current["lastTransitionTime"]} == current:
                continue
            found = [*conditions.without(found, new["type"]), new]
        status = {**status, "phase": "Terminating", "conditions": found}
        self.client.update_status("namespaces", {**namespace, "status": status})

    def _finalize(self, key: Key) -> None:
        namespace = self.client.get("namespaces", *key)
        assert namespace is not None
        finalizers = [name for name in namespace["spec"]["finalizers"] if name != FINALIZER]
        spec = {**namespace["spec"], "finalizers": finalizers}
        finalized = {**namespace, "spec": spec}
        self.client.registry.update("namespaces", finalized, subresource="finalize", trusted=True)


def _conditions(remaining: dict[str, list[Object]], now: str) -> list[dict[str, Any]]:
    def condition(type: str, problem: bool, reason: str, message: str) -> dict[str, Any]:
        return {
            "type": f"Namespace{type}",
            "status": str(problem),
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }

    everything = [
        condition(
            "DeletionDiscoveryFailure", False, "ResourcesDiscovered", "All resources successfully discovered"
        ),
        condition(
            "DeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        condition(
            "DeletionContentFailure",
            False,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
    ]
    # A resource of the core group is written with the dot before its empty group: ``configmaps.``
    left = [
        f"{resource if '.' in resource else resource + '.'} has {len(objects)} resource instances"
        for resource, objects in sorted(remaining.items())
    ]
    finalizers = Counter(
        name
        for objects in remaining.values()
        for obj in objects
        for name in obj["metadata"].get("finalizers", ())
    )
    held = [f"{name} in {count} resource instances" for name, count in sorted(finalizers.items())]
    if left:
        message = f"Some resources are remaining: {', '.join(left)}"
        everything.append(condition("ContentRemaining", True, "SomeResourcesRemain", message))
    else:
        message = "All content successfully removed"
        everything.append(condition("ContentRemaining", False, "ContentRemoved", message))
    if held:
        message = f"Some content in the namespace has finalizers remaining: {', '.join(held)}"
        everything.append(condition("FinalizersRemaining", True, "SomeFinalizersRemain", message))
    else:
        message = "All content-preserving finalizers finished"
        everything.append(condition("FinalizersRemaining", False, "ContentHasNoFinalizers", message))
    return everything
