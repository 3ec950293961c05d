"""The namespace controller: a namespace that is being deleted goes when everything in it has gone.

Upstream: ``pkg/controller/namespace/deletion/namespaced_resources_deleter.go``. Pods go first, with their
grace; then everything else; then the finalizer ``kubernetes`` in ``spec.finalizers``, which held the
namespace. What holds it up is said in its conditions.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from k8slearn.embedded.client import Change, Controller, Key, Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers import conditions

FINALIZER = "kubernetes"


GRACE = 5.0
"""Seconds from the deletion to the first look, for every API server to know (namespaceDeletionGracePeriod)."""

LAST_RETRY = 60.0
"""Seconds between tries when pods stay that should be gone: their node is lost, say."""

FINALIZER_SECONDS = 15
"""How long whoever set a finalizer is expected to take (finalizerEstimateSeconds)."""


class NamespaceController(Controller):
    """Looks at a namespace that is being deleted 5 s after each of its changes, and again after half of the time
    that its content should take; it does not watch the content.

    With a pod that takes its 30 s grace that is after 5, 10, 26 and 42 s: why deleting a namespace takes a while
    although everything in it is gone.
    """

    name = "namespace-controller"
    resource = "namespaces"

    def start(self) -> None:
        self.client.watch("namespaces", self._notice)
        for namespace in self.client.list("namespaces"):
            self._look_later(namespace)

    def _notice(self, change: Change) -> None:
        if change.type != "DELETED":
            self._look_later(change.object)

    def _look_later(self, namespace: Object) -> None:
        if "deletionTimestamp" in namespace["metadata"]:
            # Who holds a finalizer may never let go: settling waits for the first look only.
            looked = bool(namespace.get("status", {}).get("conditions"))
            self.queue.add(Key("", namespace["metadata"]["name"]), GRACE, background=looked)

    def reconcile(self, key: Key) -> None:
        namespace = self.client.get("namespaces", *key)
        if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
            return
        if FINALIZER not in namespace["spec"].get("finalizers", ()):
            return
        if pods := self._delete_all("pods", key.name):
            self._wait_for_pods(namespace, pods)
            return
        remaining = self._delete_content(key.name)
        self._write_conditions(namespace, _conditions(self.clock.timestamp(), remaining))
        if remaining:
            self.queue.add(key, FINALIZER_SECONDS // 2 + 1, background=True)
        else:
            self._finalize(key)

    def _wait_for_pods(self, namespace: Object, pods: list[Object]) -> None:
        """Nothing else is deleted while there are pods."""
        key, now = Key("", namespace["metadata"]["name"]), self.clock.timestamp()
        estimate = max(pod["metadata"].get("deletionGracePeriodSeconds") or 0 for pod in pods)
        if self.clock.now - parse_timestamp(namespace["metadata"]["deletionTimestamp"]) < estimate:
            self._write_conditions(namespace, _conditions(now, {}))
            self.queue.add(key, estimate // 2 + 1)
        elif any(pod["metadata"].get("finalizers") for pod in pods):
            self._write_conditions(namespace, _conditions(now, {}))
            self.queue.add(key, FINALIZER_SECONDS // 2 + 1, background=True)
        else:
            why = f"unexpected items still remain in namespace: {key.name} for gvr: /v1, Resource=pods"
            self._write_conditions(namespace, _conditions(now, {}, failure=why))
            self.queue.add(key, LAST_RETRY, background=True)

    def _delete_content(self, name: str) -> dict[str, list[Object]]:
        """Ask for the deletion of everything but pods. Returns, by resource, what is not gone at once."""
        remaining = {}
        for kind in self.client.registry.kinds.stored():
            if kind.namespaced and "delete" in kind.verbs and (left := self._delete_all(kind.resource, name)):
                remaining[kind.resource] = left
        return remaining

    def _delete_all(self, resource: str, namespace: str) -> list[Object]:
        for obj in self.client.list(resource, namespace):
            if "deletionTimestamp" not in obj["metadata"]:
                self.client.delete(resource, obj, why=f"its namespace {namespace} is being deleted")
        return self.client.list(resource, namespace)

    def _write_conditions(self, namespace: Object, wanted: list[dict[str, Any]]) -> None:
        status = namespace.get("status", {})
        found = status.get("conditions", [])
        for new in wanted:
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


def _conditions(now: str, remaining: dict[str, list[Object]], failure: str = "") -> list[dict[str, Any]]:
    """What is said of a namespace: what of its content is left, or why deleting it failed."""

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
            bool(failure),
            "ContentDeletionFailed" if failure else "ContentDeleted",
            f"Failed to delete all resource types, 1 remaining: {failure}"
            if failure
            else "All content successfully deleted, may be waiting on finalization",
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
