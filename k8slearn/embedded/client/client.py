"""The API as a component inside the cluster sees it: no HTTP, the same rules.

Writes go through the same registry as everybody's: defaults, admission, optimistic concurrency. Errors are
``apiserver.status.ApiError``; ``error.reason`` tells NotFound, Conflict, AlreadyExists, Forbidden apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from k8slearn.embedded.apiserver import scale
from k8slearn.embedded.apiserver.authentication.service_accounts import request_token
from k8slearn.embedded.apiserver.kind import Scale
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.status import ApiError, path_not_found
from k8slearn.embedded.client.trace import NOTHING_READ, Acting, Actor, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Change, Key, Object, Stored, Watch

_MANAGERS = {"kubelet": "kubelet", "default-scheduler": "kube-scheduler", "k8slearn": "kube-apiserver"}
"""The programs that components are part of, by which managedFields name them; the others are controllers."""


class Client:
    """One component's way to the cluster. ``component``, and the ``node`` of a kubelet, name it in the trace.

    ``why`` of a write is a clause for the trace, on what the written object does not tell by itself: ``3 are
    wanted, and there are 0``. ``reconciling`` is what it works on, ``because`` the revisions of the changes
    that made it look; whoever drives the component sets both by ``working_on`` (``Controller`` does).
    While ``connected`` is False, as on a node that is cut off, it knows what it knew: writes raise ApiError 503.
    """

    def __init__(
        self, registry: Registry, clock: Clock, component: str, trace: Trace, *, node: str = ""
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.component = component
        self.manager = _MANAGERS.get(component, "kube-controller-manager")
        """Whose fields its writes become."""
        self.node = node
        self.reconciling = ""
        self.because: tuple[int, ...] = ()
        self.connected = True
        self._trace = trace
        self._read: dict[str, int] | None = None

    @contextmanager
    def working_on(self, resource: str, key: Key, because: tuple[int, ...] = ()) -> Iterator[None]:
        """What is written meanwhile is written for that object, and because of those changes.

        An exception that is no ApiError is a bug in the component; the trace tells of it.
        """
        self.reconciling, self.because, self._read = f"{resource} {key}", because, {}
        try:
            yield
        except ApiError:
            raise
        except Exception as error:
            error.add_note(f"{self.component} was working on {self.reconciling}")
            self._trace.befell(
                self.component, "failed at", resource, key, why=f"a mistake in k8slearn, {error!r}"
            )
            raise
        finally:
            self.reconciling, self.because, self._read = "", (), None

    # -- reading: cached objects, never to be altered ------------------------------------------

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """The object, or None. ``resource`` is ``pods`` or ``deployments.apps``; namespace "" for none."""
        stored = self.registry.store.find(resource, namespace, name)
        if self._read is not None:
            self._read[resource] = self._read.get(resource, 0) + (stored is not None)
        return stored.object if stored else None

    def list(self, resource: str, namespace: str | None = None) -> list[Object]:
        return self._listed(resource, self.registry.store.list(resource, namespace))

    def by_index(self, resource: str, index: str, value: str) -> list[Object]:
        """The objects that an index made with ``add_index`` keeps under ``value``: cheap where a list is not."""
        return self._listed(resource, self.registry.store.by_index(resource, index, value))

    def _listed(self, resource: str, found: list[Stored]) -> list[Object]:
        if self._read is not None:
            self._read[resource] = self._read.get(resource, 0) + len(found)
        return [stored.object for stored in found]

    def add_index(self, resource: str, name: str, index: Callable[[Object], list[str]]) -> None:
        self.registry.store.add_index(resource, name, index)

    def watch(
        self, resource: str, notify: Callable[[Change], None], *, only: tuple[str, str] | None = None
    ) -> Watch:
        """Be told of every change, inside the write that makes it: take note only, do not write.

        ``only=("node", "worker-1")`` narrows it to what an index has under a value, as a field selector does.
        """
        return self.registry.store.watch(resource, notify, only=only)

    def change_under_way(self) -> int:
        """The revision of the change that watches are just being told of, 0 outside of that."""
        return self.registry.store.announcing

    def get_scale(self, resource: str, namespace: str, name: str) -> Object:
        """The Scale of an object of any kind that has one. Raises ApiError."""
        declared = self._scale(resource)
        return scale.read(declared, self.registry.get(resource, namespace, name).object)

    # -- writing --------------------------------------------------------------------------------

    def create(self, resource: str, obj: Object, *, why: str = "") -> Object:
        """Create ``obj`` (``metadata.name`` or ``generateName``) and return it as stored."""
        metadata = obj["metadata"]
        key = Key(metadata.get("namespace", ""), metadata.get("name") or metadata.get("generateName", ""))
        with self._writing("create", resource, key, why):
            return self.registry.create(resource, obj, trusted=True, manager=self.manager)

    def update(self, resource: str, obj: Object, *, why: str = "") -> Object:
        """Replace everything but status. With ``metadata.resourceVersion`` the write fails with Conflict
        when the object has changed since; an update that changes nothing writes nothing."""
        with self._writing("update", resource, _key(obj), why):
            return self.registry.update(resource, obj, trusted=True, manager=self.manager)

    def update_status(self, resource: str, obj: Object, *, why: str = "") -> Object:
        """Replace ``status`` (and nothing else)."""
        with self._writing("update status", resource, _key(obj), why):
            return self.registry.update(
                resource, obj, subresource="status", trusted=True, manager=self.manager
            )

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
        with self._writing("update", resource, _key(obj), why):
            self.registry.update(resource, new, subresource="scale", trusted=True, manager=self.manager)

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
        with self._writing("delete", resource, Key(namespace, name), why):
            self.registry.delete(resource, namespace, name, options)

    def create_token(self, namespace: str, account: str, request: Object, *, issued: float) -> str:
        """A token for a service account, as the ``TokenRequest`` says, made at ``issued``. Raises ApiError."""
        if not self.connected:
            raise ApiError(503, "ServiceUnavailable", "the API server cannot be reached: no route to host")
        answer = request_token(self.registry, namespace, account, request, issued=issued)
        return answer["status"]["token"]

    def bind(self, pod: Object, node: str, *, why: str = "") -> None:
        """The scheduler's binding: sets ``spec.nodeName`` and the condition PodScheduled."""
        with self._writing("bind", "pods", _key(pod), why):
            self.registry.bind(_key(pod), node)

    def _writing(self, verb: str, resource: str, key: Key, why: str) -> Acting:
        """Around a write: it is this component's. Raises ApiError when the API server cannot be reached."""
        if not self.connected:
            raise ApiError(503, "ServiceUnavailable", "the API server cannot be reached: no route to host")
        read: Mapping[str, int] = NOTHING_READ if self._read is None else self._read
        actor = Actor(self.component, self.node, "", "", self.reconciling, self.because, read, why)
        return Acting(self._trace, actor, verb, resource, key)


def _key(obj: Object) -> Key:
    metadata = obj["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])
