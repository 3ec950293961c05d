"""The API as a component inside the cluster sees it: no HTTP, the same rules.

Writes go through the same registry as everybody's: defaults, admission, optimistic concurrency. Errors are
``apiserver.status.ApiError``; ``error.reason`` tells NotFound, Conflict, AlreadyExists, Forbidden apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.apiserver import scale
from k8slearn.embedded.apiserver.kind import Scale
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.status import ApiError, path_not_found
from k8slearn.embedded.client.trace import Trace, TraceEntry
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Change, Key, Object, Watch


class Client:
    """One component's way to the cluster. ``component`` names it in the trace and in managed writes.

    ``reconciling`` is set by whoever drives the component (``Controller`` does) and goes into the trace.
    While ``connected`` is False, as on a node that is cut off, it knows what it knew: writes raise ApiError 503.
    """

    def __init__(self, registry: Registry, clock: Clock, component: str, trace: Trace) -> None:
        self.registry = registry
        self.clock = clock
        self.component = component
        self.reconciling = ""
        self.connected = True
        self._trace = trace

    # -- reading: cached objects, never to be altered ------------------------------------------

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """The object, or None. ``resource`` is ``pods`` or ``deployments.apps``; namespace "" for none."""
        stored = self.registry.store.find(resource, namespace, name)
        return stored.object if stored else None

    def list(self, resource: str, namespace: str | None = None) -> list[Object]:
        return [stored.object for stored in self.registry.store.list(resource, namespace)]

    def by_index(self, resource: str, index: str, value: str) -> list[Object]:
        """The objects that an index made with ``add_index`` keeps under ``value``: cheap where a list is not."""
        return [stored.object for stored in self.registry.store.by_index(resource, index, value)]

    def add_index(self, resource: str, name: str, index: Callable[[Object], list[str]]) -> None:
        self.registry.store.add_index(resource, name, index)

    def watch(
        self, resource: str, notify: Callable[[Change], None], *, only: tuple[str, str] | None = None
    ) -> Watch:
        """Be told of every change, inside the write that makes it: take note only, do not write.

        ``only=("node", "worker-1")`` narrows it to what an index has under a value, as a field selector does.
        """
        return self.registry.store.watch(resource, notify, only=only)

    def get_scale(self, resource: str, namespace: str, name: str) -> Object:
        """The Scale of an object of any kind that has one. Raises ApiError."""
        declared = self._scale(resource)
        return scale.read(declared, self.registry.get(resource, namespace, name).object)

    # -- writing --------------------------------------------------------------------------------

    def create(self, resource: str, obj: Object, *, why: str = "") -> Object:
        """Create ``obj`` (``metadata.name`` or ``generateName``) and return it as stored."""
        created = self._writing().create(resource, obj, trusted=True)
        self._note("create", resource, created, why)
        return created

    def update(self, resource: str, obj: Object, *, why: str = "") -> Object:
        """Replace everything but status. With ``metadata.resourceVersion`` the write fails with Conflict
        when the object has changed since; an update that changes nothing writes nothing."""
        updated = self._writing().update(resource, obj, trusted=True)
        self._note("update", resource, updated, why)
        return updated

    def update_status(self, resource: str, obj: Object, *, why: str = "") -> Object:
        """Replace ``status`` (and nothing else)."""
        updated = self._writing().update(resource, obj, subresource="status", trusted=True)
        self._note("update status", resource, updated, why)
        return updated

    def set_status(self, resource: str, obj: Object, status: dict[str, Any], *, why: str = "") -> Object:
        """``update_status`` of the object as it is now, whatever else changed since ``obj`` was read.

        For components that alone own a status, such as the kubelet of a pod. Raises NotFound.
        """
        current = self.registry.get(resource, *_key(obj)).object
        return self.update_status(resource, {**current, "status": status}, why=why)

    def update_scale(self, resource: str, wanted: Object, *, why: str = "") -> None:
        """Give an object the replicas of a Scale that ``get_scale`` gave. Raises ApiError."""
        obj = self.registry.get(resource, *_key(wanted)).object
        new = scale.write(self._scale(resource), obj, wanted)
        self._note("update scale", resource, self.registry.update(resource, new, trusted=True), why)

    def _scale(self, resource: str) -> Scale:
        declared = self.registry.kinds[resource].scale
        if declared is None:
            raise path_not_found()
        return declared

    def delete(
        self,
        resource: str,
        obj: Object,
        *,
        grace_seconds: int | None = None,
        propagation: str = "Background",
        why: str = "",
    ) -> None:
        """Delete this very object (its uid is a precondition). Gone already: no error."""
        namespace, name = _key(obj)
        options = {
            "propagationPolicy": propagation,
            "preconditions": {"uid": obj["metadata"]["uid"]},
        }
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if self.registry.store.find(resource, namespace, name) is None:
            return
        self._writing().delete(resource, namespace, name, options)
        self._note("delete", resource, obj, why)

    def bind(self, pod: Object, node: str, *, why: str = "") -> None:
        """The scheduler's binding: sets ``spec.nodeName`` and the condition PodScheduled."""
        self._writing().bind(_key(pod), node)
        self._note("bind", "pods", pod, why)

    def _writing(self) -> Registry:
        if not self.connected:
            raise ApiError(503, "ServiceUnavailable", "the API server cannot be reached: no route to host")
        return self.registry

    def _note(self, verb: str, resource: str, obj: Object, why: str) -> None:
        entry = TraceEntry(self.clock.now, self.component, self.reconciling, verb, resource, _key(obj), why)
        self._trace.add(entry)


def _key(obj: Object) -> Key:
    metadata = obj["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])
