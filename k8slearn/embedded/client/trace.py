"""Who did what, because of what: every write in the cluster, with who made it and which change moved them to it.

The trace listens to the store, so nothing that is written can be forgotten; who writes says beforehand who it is.
It is no part of the cluster: nothing of it is stored, and nothing in the cluster reads it. What is said of an
entry in words is made when somebody asks (``sentences.py``).

    entry.by.component     deployment-controller
    entry.by.reconciling   deployments.apps default/web         what it was working on
    entry.by.because       (51,)                                the revisions of the changes that it had seen
    entry.by.read          {"deployments.apps": 1, "replicasets.apps": 0}
    entry.verb, .resource  create replicasets.apps
    entry.facts            (("replicas", None, 3),)             what of the object changed
    entry.by.why           no ReplicaSet has the template of revision 1
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import NamedTuple

from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, insufficient_storage
from k8slearn.embedded.client.facts import Fact, told
from k8slearn.embedded.store import Change, Key
from k8slearn.errors import StorageError

KEPT = 20_000
"""Entries; older ones are forgotten. Some ten thousand are a rollout of two thousand pods."""

SILENT = ("events", "events.events.k8s.io", "leases.coordination.k8s.io")
"""Of these nothing is told: an event tells itself what another entry tells, and a lease that somebody lives."""

MOOT = (404, 409, 503)
"""Refusals that only say that something else happened meanwhile; whoever gets one looks again."""

NOTHING_READ: Mapping[str, int] = MappingProxyType({})


class Actor(NamedTuple):
    """Who writes, and what moved them to it."""

    component: str
    """``deployment-controller``, ``kubelet``, ``teacher``, or the program of a request: ``kubectl``, ``python``."""
    node: str = ""
    """Where a kubelet runs."""
    user: str = ""
    """Who asks, for a request from outside; "" for the cluster's own components."""
    command: str = ""
    """``kubectl set image``, which kubectl tells with its requests."""
    reconciling: str = ""
    """What the component works on: ``deployments.apps default/web``."""
    because: tuple[int, ...] = ()
    """The revisions of the changes that made it look, in their order."""
    read: Mapping[str, int] = NOTHING_READ
    """How many objects of each resource it has read on the way."""
    why: str = ""
    """A clause where the component gave a reason: ``3 are wanted, and there are 0``."""


class TraceEntry(NamedTuple):
    """One write. ``time`` is virtual, seconds since 1970; ``revision`` that of the write, 0 for what wrote nothing.

    ``verb``: create, bind, update, update status, delete (asked to go), remove (gone); a teacher's are the
    faults (crashed, recovered, …); a component with a bug ``failed at`` an object. ``refused`` is what the API
    server said when it did not come to the write.
    """

    time: float
    by: Actor
    verb: str
    resource: str
    key: Key
    facts: tuple[Fact, ...] = ()
    revision: int = 0
    refused: str = ""

    @property
    def object(self) -> str:
        """``pods default/web-1``, ``nodes worker-1``."""
        return f"{self.resource} {self.key}"


_UNKNOWN = Actor("somebody")


class Trace:
    """The last ``KEPT`` writes to what ``registry`` holds, oldest first. ``added`` counts all there ever were."""

    def __init__(self, registry: Registry) -> None:
        self._clock = registry.clock
        self._store = registry.store
        self._entries: deque[TraceEntry] = deque(maxlen=KEPT)
        self.actor = _UNKNOWN
        """Who writes at this moment; ``Acting`` sets it."""
        self.added = 0
        registry.kinds.watch(self._tell_of)

    def __iter__(self) -> Iterator[TraceEntry]:
        return iter(self._entries)

    def _tell_of(self, kind: Kind) -> None:
        if kind.resource not in SILENT:
            self._store.watch(kind.resource, self._changed)

    def last(self, count: int) -> list[TraceEntry]:
        """The youngest ``count`` entries, oldest first."""
        first = max(0, len(self._entries) - count)
        return [entry for number, entry in enumerate(self._entries) if number >= first]

    def befell(self, component: str, verb: str, resource: str, key: Key, why: str = "") -> None:
        """Something happened to an object past the API: a node crashed, a component failed at it."""
        self._add(TraceEntry(self._clock.now, Actor(component, why=why), verb, resource, key))

    def refused(self, actor: Actor, verb: str, resource: str, key: Key, error: ApiError) -> None:
        """The API server said no. What is moot, or of a resource of which nothing is told, is left out."""
        if error.code not in MOOT and resource not in SILENT:
            self._add(TraceEntry(self._clock.now, actor, verb, resource, key, refused=error.message))

    def asking(self, request: Request, target: Target) -> AbstractContextManager[None]:
        """Around a request from outside: what is written meanwhile was asked for by who sent it."""
        verb = _VERBS.get(request.method)
        if verb is None:
            return nullcontext()
        agent = request.headers.get("user-agent", "").partition("/")
        component = "python" if agent[0] == "OpenAPI-Generator" else agent[0] or "a client"
        actor = Actor(component, user=request.user, command=request.headers.get("kubectl-command", ""))
        return Acting(self, actor, verb, target.resource, Key(target.key_namespace, target.name))

    def _changed(self, change: Change) -> None:
        verb, facts = told(change)
        if facts or not verb.startswith("update"):
            stored = change.stored
            self._add(
                TraceEntry(
                    self._clock.now, self.actor, verb, stored.resource, stored.key, facts, stored.revision
                )
            )

    def _add(self, entry: TraceEntry) -> None:
        self._entries.append(entry)
        self.added += 1


class Acting:
    """Around a write: it is ``actor``'s; ``verb`` and the rest say what it tries, should it be refused.

    A disk that takes no more is a refusal as well: ApiError 507, so that who writes tries again later.
    """

    __slots__ = ("_actor", "_before", "_trace", "_what")

    def __init__(self, trace: Trace, actor: Actor, verb: str, resource: str, key: Key) -> None:
        self._trace = trace
        self._actor = actor
        self._what = (verb, resource, key)

    def __enter__(self) -> None:
        self._before, self._trace.actor = self._trace.actor, self._actor

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._trace.actor = self._before
        refusal = insufficient_storage(error) if isinstance(error, StorageError) else error
        if isinstance(refusal, ApiError):
            self._trace.refused(self._actor, *self._what, refusal)
            if refusal is not error:
                raise refusal from error


_VERBS = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
