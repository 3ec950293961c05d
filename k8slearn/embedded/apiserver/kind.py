"""What a kind of object is: a declaration that the generic path of the API server reads.

Adding a kind is adding a file to ``kinds/`` that ends in ``KIND = Kind(…)``. Nothing in the generic path asks
``if kind == …``; what makes a Pod a Pod is in ``kinds/pod.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from k8slearn.embedded.apiserver import schema
from k8slearn.embedded.apiserver.fieldmanager.types import ObjectType, of_built_in
from k8slearn.embedded.apiserver.status import FieldError

Object = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of ``kubectl get``. ``cell(object, now)`` gives its value: a string, an integer or None.

    ``now`` is virtual time in seconds since 1970, for ages. Columns with ``wide`` show with ``-o wide`` only.
    """

    name: str
    cell: Callable[[Object, float], Any]
    type: str = "string"
    format: str = ""
    description: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Scale:
    """Where the scale subresource finds its numbers: dotted paths, as in a CustomResourceDefinition."""

    spec_replicas: str = "spec.replicas"
    status_replicas: str = "status.replicas"
    selector: Callable[[Object], str] = lambda obj: ""

    def replicas(self, obj: Object) -> int:
        """How many are wanted."""
        found: Any = obj
        for part in self.spec_replicas.split("."):
            found = (found or {}).get(part)
        return found or 0


@dataclass(frozen=True)
class Part:
    """A subresource through which one part of an object is changed: a pod's ``ephemeralcontainers``."""

    prepare: Callable[[Object, Object], Object]
    """``(asked, old)``: ``old`` with the part from ``asked``, a private copy that has its defaults."""

    validate: Callable[[Object, Object], Iterable[FieldError]]
    """``(new, old)``: what this change may not do, besides what holds for every object of the kind."""


def _nothing(*_: Any) -> None:
    return None


def _same(obj: Object) -> Object:
    return obj


def _no_errors(*_: Any) -> Iterable[FieldError]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind in one version: an HorizontalPodAutoscaler of v2, and another one of v1 that is ``stored_as`` it.

    Functions get plain JSON dicts.

    ``default`` and ``prepare_…`` may alter the dict they are given: it is a private copy, not stored yet.
    Objects they read besides it (the old version) must not be altered.
    """

    kind: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    singular_name: str | None = None
    """What discovery gives as the singular; None is the kind in lower case."""

    list_kind: str = ""
    """What a list of them is called; "" is the kind's name and ``List``."""

    message: str
    """The protobuf message, e.g. ``k8s.io.api.core.v1.Pod``: key of the schema (field names and types)."""

    custom_schema: Object | None = None
    """The ``openAPIV3Schema`` of a custom resource, which has no message."""

    decode: Callable[[Any], tuple[Object, list[str]]] | None = None
    """How parsed JSON becomes an object, where the message's fields do not say it all: see ``schema.decode``."""

    custom_type: ObjectType | None = None
    """How the fields of a custom resource are owned (``of_custom``); a built-in kind's table says it."""

    stored_as: Kind | None = None
    """The version of this kind that the store holds, where that is another one. Defaults, validation and columns
    get objects of the stored version, whichever is asked for."""

    to_stored: Callable[[Object], Object] = _same
    from_stored: Callable[[Object], Object] = _same
    """Conversions between this version and the stored one; neither alters what it is given."""

    columns: tuple[Column, ...] = ()
    """What ``kubectl get`` shows. Every kind in ``kinds/`` brings its own."""

    listed_name: Callable[[Object, list[Object]], str] | None = None
    """``(object, all)``: what the first column shows in a list, where that depends on the whole list."""

    default: Callable[[Object], None] = _nothing
    """Fill in the defaults of this version, on create and on update, as upstream's ``SetDefaults_…`` do."""

    prepare_create: Callable[[Object], None] = _nothing
    """The strategy's PrepareForCreate: drop what a client may not set. (Status is dropped generically.)"""

    prepare_update: Callable[[Object, Object], None] = _nothing
    """``(new, old)``: the strategy's PrepareForUpdate: keep what a client may not change."""

    validate: Callable[[Object], Iterable[FieldError]] = _no_errors
    validate_create: Callable[[Object], Iterable[FieldError]] = _no_errors
    """Only what a creation adds to ``validate``."""

    validate_update: Callable[[Object, Object], Iterable[FieldError]] = _no_errors
    """``(new, old)``: only what an update adds to ``validate``, such as immutable fields."""

    validate_status: Callable[[Object, Object], Iterable[FieldError]] = _no_errors
    """``(new, old)``: what holds for a change of the status alone."""

    validate_name: Callable[[str], Iterable[str]] | None = None
    """Sentences on what is wrong with a name; None means a DNS subdomain."""

    prepare_delete: Callable[[Object], None] = _nothing
    """Alter the object that stays for a while because its deletion has to wait (a namespace: its phase)."""

    held: Callable[[Object], bool] = lambda obj: False
    """Whether an object whose deletion was asked for must stay although ``metadata.finalizers`` is empty
    (a namespace: while ``spec.finalizers`` is not)."""

    has_status: bool = False
    """There is a status subresource: create and update ignore ``status``, update_status all but it."""

    counts_generation: bool = False
    """``metadata.generation`` starts at 1 and grows when what is ``wanted`` changes."""

    wanted: Callable[[Object], Any] = lambda obj: obj.get("spec")
    """The part of an object that says what is wanted of it."""

    parts: dict[str, Part] = field(default_factory=dict)
    """By the names of their subresources."""

    scale: Scale | None = None
    subresources: tuple[str, ...] = ()
    """Subresources besides status and scale that discovery lists and the server routes (``log``, ``exec``)."""

    verbs: tuple[str, ...] = (
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    )

    selectable_fields: dict[str, Callable[[Object], str]] = field(default_factory=dict)
    """Field selectors besides ``metadata.name`` and ``metadata.namespace``."""

    delete_answers_object: bool = False
    """DELETE answers the object (pods, services, …) rather than a Status."""

    grace_seconds: Callable[[Object, int | None], int | None] = lambda obj, asked: 0
    """``(object, asked)``: how long a deletion waits; 0 removes at once, None likewise. Pods: their own."""

    orphans_by_default: bool = False
    """A deletion that asks for no propagation leaves what the object owned."""

    orphans_warning: str = ""
    """The text of a Warning header that says so (Jobs)."""

    closed: str = ""
    """Where not empty: no new object is taken, and this says why."""

    deprecation: str = ""
    """A text for a Warning header on every answer."""

    creation_warnings: Callable[[Object], Iterable[str]] = lambda obj: ()
    update_warnings: Callable[[Object, Object], Iterable[str]] = lambda new, old: ()
    """Texts for Warning headers, of an object that is valid; the second gets ``(new, old)``."""

    @cached_property
    def object_type(self) -> ObjectType:
        """How the fields of its objects are owned."""
        return self.custom_type or of_built_in(self.message)

    def decoded(self, raw: Any) -> tuple[Object, list[str]]:
        """``raw`` (parsed JSON) as an object of this kind, and what is wrong but can be left out.

        Raises DecodeError, and ApiError where a custom resource is not what it says.
        """
        return schema.decode(self.message, raw) if self.decode is None else self.decode(raw)

    @cached_property
    def singular(self) -> str:
        return self.kind.lower() if self.singular_name is None else self.singular_name

    @cached_property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def resource(self) -> str:
        """``deployments.apps`` or ``pods``: the name in messages; of a kind that is stored, in the store too."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def stored(self) -> Kind:
        """The version that the store holds."""
        return self.stored_as or self
