"""Create, update, delete: what every kind's objects go through on their way into the store.

In a real API server this is ``k8s.io/apiserver/pkg/registry/generic/registry`` with the strategies of
``rest``. It reads what a kind declares and asks for no kind by name. The order on create: system fields, the
strategy's ``prepare_create``, defaults, admission, validation, admission's checks, store.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import orjson

from k8slearn.embedded.apiserver import admission
from k8slearn.embedded.apiserver.apiextensions.serving import CustomResources
from k8slearn.embedded.apiserver.authentication import Issuer, User
from k8slearn.embedded.apiserver.authorization.rbac import Authorizer
from k8slearn.embedded.apiserver.binding import bound
from k8slearn.embedded.apiserver.deletion import begin_deletion, finished, set_propagation
from k8slearn.embedded.apiserver.fieldmanager import tracking
from k8slearn.embedded.apiserver.fieldmanager.managers import Entry, Manager
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds import Kinds
from k8slearn.embedded.apiserver.preconditions import check_preconditions, other_object
from k8slearn.embedded.apiserver.status import (
    FieldError,
    already_exists,
    conflict,
    forbidden,
    invalid,
    not_found,
)
from k8slearn.embedded.apiserver.validation.metadata import (
    validate_fixed_metadata,
    validate_metadata,
    validate_metadata_update,
)
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import AlreadyExists, Conflict, Key, NotFound, Object, Store, Stored
from k8slearn.kube.names import random_suffix

GENERATE_NAME_TRIES = 8
LONGEST_GENERATED_BASE = 58
"""A generated name is cut so that it fits a label with its five random characters (names.generate.go)."""

_KEPT_ON_UPDATE = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
)
_SET_BY_SERVER = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
)


class Registry:
    """The one door to the store for objects. All methods raise ``ApiError``.

    ``trusted`` is for the cluster's own components, whose objects come from ones that were validated: it
    leaves validation out, nothing else. ``dry_run`` goes all the way but for the write. ``user`` is who asks, as
    admission sees it; None is a component of the cluster. ``issuer`` signs the tokens of service accounts.

    ``manager`` names whose fields it are that are written, in ``metadata.managedFields``; "" is the API server
    itself, which owns none. Who has applied knows the ``entries`` of managedFields beforehand.
    """

    def __init__(self, store: Store, clock: Clock, kinds: Kinds, issuer: Issuer | None = None) -> None:
        self.store = store
        self.clock = clock
        self.kinds = kinds
        self.issuer = issuer or Issuer("")
        self.authorizer = Authorizer(store)
        CustomResources(store, kinds)
        self._admission = admission.Context(store=store, clock=clock, authorizer=self.authorizer)

    def get(self, resource: str, namespace: str, name: str, *, called: str = "") -> Stored:
        """``called`` is the resource that was asked for, where that is another version's name."""
        try:
            return self.store.get(resource, namespace, name)
        except NotFound:
            raise not_found(called or resource, name) from None

    # -- create ---------------------------------------------------------------------------------

    def create(
        self,
        resource: str,
        obj: Object,
        *,
        namespace: str | None = None,
        version: Kind | None = None,
        trusted: bool = False,
        dry_run: bool = False,
        user: User | None = None,
        manager: str = "",
        entries: list[Entry] | None = None,
        warn: Callable[[str], None] = lambda text: None,
    ) -> Object:
        """Store a new object and return it. ``obj`` stays as it is; ``namespace`` overrides a missing one.

        ``version`` is the one that was asked for, whose rules apply; objects are of the stored one all the same.
        """
        kind = version or self.kinds[resource]
        new = _private_copy(obj, kind)
        metadata = new["metadata"]
        for name in _SET_BY_SERVER:
            metadata.pop(name, None)
        self._place(kind, metadata, namespace)
        if kind.closed:
            raise forbidden(resource, metadata.get("name", ""), kind.closed)
        generated = not metadata.get("name") and metadata.get("generateName")
        if generated:
            metadata["name"] = self._generate_name(generated)
        metadata["uid"] = str(uuid.UUID(int=self.clock.random.getrandbits(128), version=4))
        metadata["creationTimestamp"] = self.clock.timestamp()
        if kind.counts_generation:
            metadata["generation"] = 1
        if kind.has_status:
            new.pop("status", None)
        kind.default(new)
        if manager:
            who = Manager(manager, api_version=kind.stored.api_version)
            entries = tracking.created(kind, obj, new, who, self.clock.timestamp())
        if entries:
            metadata["managedFields"] = entries
        kind.prepare_create(new)
        attributes = admission.Attributes("CREATE", kind.stored, None, dry_run=dry_run, user=user, warn=warn)
        admission.admit(attributes, new, self._admission)
        if not trusted:
            errors = [*validate_metadata(kind, new), *kind.validate(new), *kind.validate_create(new)]
            self._check(kind, new, errors)
            for text in kind.creation_warnings(new):
                warn(text)
        admission.check(attributes, new, self._admission)
        for _ in range(GENERATE_NAME_TRIES):
            try:
                if dry_run:
                    if self.store.find(resource, metadata.get("namespace", ""), metadata["name"]):
                        raise AlreadyExists
                    return new
                return self.store.create(resource, new).object
            except AlreadyExists:
                if not generated:
                    break
                metadata["name"] = self._generate_name(generated)
        raise already_exists(resource, metadata["name"])

    def _place(self, kind: Kind, metadata: dict[str, Any], namespace: str | None) -> None:
        """Set the namespace, and see that it takes new objects (the NamespaceLifecycle admission plugin)."""
        if not kind.namespaced:
            metadata.pop("namespace", None)
            return
        place: str = namespace or metadata.get("namespace") or "default"
        metadata["namespace"] = place
        home = self.store.find("namespaces", "", place)
        if home is None:
            raise not_found("namespaces", place)
        if "deletionTimestamp" in home.object["metadata"]:
            raise _terminating(kind, metadata, place)

    def _generate_name(self, base: str) -> str:
        return base[:LONGEST_GENERATED_BASE] + random_suffix(self.clock.random)

    # -- update ---------------------------------------------------------------------------------

    def update(
        self,
        resource: str,
        obj: Object,
        *,
        subresource: str = "",
        trusted: bool = False,
        dry_run: bool = False,
        version: Kind | None = None,
        user: User | None = None,
        manager: str = "",
        entries: list[Entry] | None = None,
        uid_chooses: bool = True,
        warn: Callable[[str], None] = lambda text: None,
    ) -> Object:
        """Replace an object and return it as it stands then.

        With ``subresource`` only that part changes: ``status``, ``finalize`` (a namespace's spec), or one of the
        kind's ``parts``; what comes through ``scale`` is a whole object. With
        ``metadata.resourceVersion`` the object must be at that version still, with ``metadata.uid`` be that very
        object; where not ``uid_chooses`` (a patch), the uid is a field that cannot change, like others. An
        update that changes nothing writes nothing. One that takes the last finalizer from an object that is
        being deleted removes it. ``warn`` gets what to tell the client besides.
        """
        kind = version or self.kinds[resource]
        through, subresource = subresource, "" if subresource == "scale" else subresource
        asked = obj["metadata"]
        namespace = asked.get("namespace") or ("default" if kind.namespaced else "")
        stored = self.get(resource, namespace if kind.namespaced else "", asked["name"])
        old = stored.object
        if uid_chooses and asked.get("uid") not in ("", None, old["metadata"]["uid"]):
            raise conflict(resource, asked["name"], other_object(kind, old, asked["uid"]))
        if asked.get("resourceVersion") not in ("", "0", None, old["metadata"]["resourceVersion"]):
            raise conflict(resource, asked["name"])
        part = kind.parts.get(subresource)
        if subresource == "status":
            # A client's object is given its defaults as it is read: a claim's phase, for one.
            new = _with_status(obj if trusted else _defaulted(obj, kind), old)
        elif subresource == "finalize":
            new = {**old, "spec": obj.get("spec", {})}
        elif part is not None:
            new = {**part.prepare(_defaulted(obj, kind), old), "metadata": dict(old["metadata"])}
        else:
            new = self._updated(kind, obj, old)
        applied = entries is not None
        if manager:
            who = Manager(manager, api_version=kind.stored.api_version, subresource=through)
            entries = tracking.changed(kind, obj, old, new, who, self.clock.timestamp())
        new = tracking.with_entries(new, tracking.entries_of(old) if entries is None else entries)
        attributes = admission.Attributes("UPDATE", kind.stored, old, subresource, dry_run, user, warn)
        if not subresource or not trusted:
            admission.admit(attributes, new, self._admission)
        if (not subresource or part) and kind.counts_generation and kind.wanted(new) != kind.wanted(old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if not trusted:
            errors = [*validate_metadata(kind, new), *validate_fixed_metadata(asked, old["metadata"])]
            errors += validate_metadata_update(new, old)
            if not subresource:
                errors += [*kind.validate(new), *kind.validate_update(new, old)]
            elif subresource == "status":
                errors += kind.validate_status(new, old)
            elif part is not None:
                errors += [*kind.validate(new), *part.validate(new, old)]
            self._check(kind, new, errors)
            for text in () if subresource else kind.update_warnings(new, old):
                warn(text)
        if not subresource or part is not None:
            admission.check(attributes, new, self._admission)
        if applied:
            new = tracking.without_new_times(new, old)
        if new == old or dry_run:
            return new
        if finished(kind, new):
            return self.store.delete(resource, *stored.key).object
        return self._replace(resource, new, stored)

    def _updated(self, kind: Kind, obj: Object, old: Object) -> Object:
        """``obj`` as an update of ``old``: what the server owns stays, the rest is the client's."""
        new = _private_copy(obj, kind)
        metadata, kept = new["metadata"], old["metadata"]
        for name in (*_KEPT_ON_UPDATE, "resourceVersion"):
            if name in kept:
                metadata[name] = kept[name]
            else:
                metadata.pop(name, None)
        if kind.has_status:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        kind.prepare_update(new, old)
        kind.default(new)
        return new

    def _replace(self, resource: str, new: Object, stored: Stored) -> Object:
        try:
            return self.store.update(resource, new, stored.revision).object
        except (Conflict, NotFound):
            raise conflict(resource, stored.key.name) from None

    # -- delete ---------------------------------------------------------------------------------

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        options: dict[str, Any] | None = None,
        *,
        dry_run: bool = False,
        user: User | None = None,
    ) -> tuple[Object, bool]:
        """Delete an object, or begin to: returns it as it stands then, and whether it is gone.

        ``options`` is a ``metav1.DeleteOptions``: gracePeriodSeconds, propagationPolicy, preconditions.
        """
        kind = self.kinds[resource]
        options = options or {}
        stored = self.get(resource, namespace, name)
        old = stored.object
        check_preconditions(kind, old, options.get("preconditions") or {})
        admission.admit(admission.Attributes("DELETE", kind, old, user=user), old, self._admission)
        new = set_propagation(kind, old, options)
        new = begin_deletion(kind, new, options.get("gracePeriodSeconds"), self.clock.now)
        if finished(kind, new):
            return (old, True) if dry_run else (self.store.delete(resource, *stored.key).object, True)
        if dry_run or new == old:
            return new, False
        return self._replace(resource, new, stored), False

    # -- binding --------------------------------------------------------------------------------

    def bind(self, key: Key, node: str) -> None:
        """Give a pod its node, once: the ``binding`` subresource (registry/core/pod/storage)."""
        stored = self.get("pods", *key)
        self._replace("pods", bound(stored.object, node, self.clock.timestamp()), stored)

    def _check(self, kind: Kind, obj: Object, errors: list[FieldError]) -> None:
        if errors:
            raise invalid(kind.kind, kind.stored.group, obj["metadata"].get("name", ""), errors)


def _defaulted(obj: Object, kind: Kind) -> Object:
    copied = _private_copy(obj, kind)
    kind.default(copied)
    return copied


def _private_copy(obj: Object, kind: Kind) -> Object:
    """A copy that shares nothing, with kind and apiVersion in front, where lists can cut them off.

    It has no managedFields: whose fields they are is worked out for what is written.
    """
    metadata = {name: value for name, value in obj.get("metadata", {}).items() if name != "managedFields"}
    copied = orjson.loads(orjson.dumps({**obj, "metadata": metadata}))
    copied.pop("kind", None)
    copied.pop("apiVersion", None)
    return {
        "kind": kind.kind,
        "apiVersion": kind.stored.api_version,
        "metadata": copied.pop("metadata", {}),
        **copied,
    }


def _with_status(obj: Object, old: Object) -> Object:
    """``old`` with the status of ``obj``, and its annotations: a Deployment's revision is written so, since
    upstream's status strategies keep the spec and let metadata pass."""
    new = {**old, "status": obj.get("status", {})}
    annotations = obj["metadata"].get("annotations")
    if annotations != old["metadata"].get("annotations"):
        metadata = {name: value for name, value in old["metadata"].items() if name != "annotations"}
        new["metadata"] = {**metadata, "annotations": annotations} if annotations else metadata
    return new


def _terminating(kind: Kind, metadata: dict[str, Any], namespace: str) -> Exception:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    error = forbidden(kind.resource, metadata.get("name", ""), why)
    assert error.details is not None
    error.details["causes"] = [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]
    return error
