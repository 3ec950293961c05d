"""What all open views of one cluster share: its nodes and pods, kept fresh by one watch thread per kind.

Changes reach the views in batches, because JupyterLab needs some 8 ms for each message, however small: a
change after a quiet time leaves after 50 ms (and is painted well within 300 ms), then at most five batches a
second follow. Worked example: changes at 0, 10, 60 and 70 ms leave at 50 ms (two) and 250 ms (two).
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kubernetes import client

from k8slearn.lab.reflector import ApiSource, Object, Reflector, Source

GATHER = 0.05
"""Seconds that the first change after a quiet time waits for its companions."""

INTERVAL = 0.2
"""Seconds between two batches at the least."""


@dataclass(frozen=True)
class Changes:
    """``objects[kind][uid]`` is the object as it is now, or None when it is gone. ``problem`` is "" while all
    watches are live, else what is wrong, in a few words."""

    objects: Mapping[str, Mapping[str, Object | None]] = field(default_factory=dict)
    problem: str = ""


Listener = Callable[[Changes], None]


def due(first_change: float, last_batch: float) -> float:
    """When the batch that began with a change at ``first_change`` leaves."""
    return max(first_change + GATHER, last_batch + INTERVAL)


class Store:
    """The objects of one cluster by kind and uid. Threads run from the first listener to the last."""

    def __init__(self, sources: Callable[[], Mapping[str, Source]]) -> None:
        self._sources = sources
        self._changed = threading.Condition()
        self._listeners: list[Listener] = []
        self._close()

    def _close(self) -> None:
        self._objects: dict[str, dict[str, Object]] = {}
        self._problems: dict[str, str] = {}
        self._dirty: dict[tuple[str, str], None] = {}
        self._first_change: float | None = None
        self._reflectors: list[Reflector] = []
        self._running: threading.Event | None = None

    # -- for views ------------------------------------------------------------------------------

    def subscribe(self, listener: Listener, timeout: float = 5.0) -> None:
        """Call ``listener`` with all objects now and then with every batch, from a thread of the store.

        Waits up to ``timeout`` seconds until every kind was listed once, so that a first picture is whole.
        """
        with self._changed:
            if self._running is None:
                self._open()
            self._changed.wait_for(lambda: len(self._problems) == len(self._reflectors), timeout)
            self._listeners.append(listener)
            listener(
                Changes({kind: dict(objects) for kind, objects in self._objects.items()}, self._problem())
            )

    def unsubscribe(self, listener: Listener) -> None:
        """No more calls. The last one to leave ends the threads. Unknown listeners are ignored."""
        with self._changed:
            if listener not in self._listeners:
                return
            self._listeners.remove(listener)
            if self._listeners or self._running is None:
                return
            reflectors = self._reflectors
            self._running.set()
            self._changed.notify_all()
            self._close()
        for reflector in reflectors:
            reflector.stop()

    def close(self) -> None:
        """End the threads. Views keep their last picture."""
        for listener in list(self._listeners):
            self.unsubscribe(listener)

    # -- for reflectors: the Sink ---------------------------------------------------------------

    def replace(self, kind: str, objects: list[Object]) -> None:
        with self._changed:
            fresh = {obj["metadata"]["uid"]: obj for obj in objects}
            before = self._objects.get(kind, {})
            self._objects[kind] = fresh
            for uid in before.keys() | fresh.keys():
                if before.get(uid) != fresh.get(uid):
                    self._mark(kind, uid)

    def apply(self, kind: str, event: str, obj: Object) -> None:
        with self._changed:
            uid = obj["metadata"]["uid"]
            if event == "DELETED":
                self._objects.setdefault(kind, {}).pop(uid, None)
            else:
                self._objects.setdefault(kind, {})[uid] = obj
            self._mark(kind, uid)

    def state(self, kind: str, problem: str) -> None:
        with self._changed:
            if self._problems.get(kind) != problem:
                self._problems[kind] = problem
                self._mark("", "")

    # -- batches --------------------------------------------------------------------------------

    def _open(self) -> None:
        self._running = threading.Event()
        sources = self._sources()
        for kind, source in sources.items():
            self._reflectors.append(Reflector(kind, source, _Session(self, self._running)))
        for reflector in self._reflectors:
            reflector.start()
        threading.Thread(
            target=self._publish, args=(self._running,), name="k8slearn-publish", daemon=True
        ).start()

    def _mark(self, kind: str, uid: str) -> None:
        self._dirty[kind, uid] = None
        if self._first_change is None:
            self._first_change = time.monotonic()
        self._changed.notify_all()

    def _problem(self) -> str:
        return next((problem for problem in self._problems.values() if problem), "")

    def _take(self) -> Changes:
        """Everything that changed since the last batch."""
        objects: dict[str, dict[str, Object | None]] = {}
        for kind, uid in self._dirty:
            if kind:
                objects.setdefault(kind, {})[uid] = self._objects.get(kind, {}).get(uid)
        self._dirty = {}
        self._first_change = None
        return Changes(objects, self._problem())

    def _publish(self, ended: threading.Event) -> None:
        last_batch = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._first_change is not None or ended.is_set())
                if ended.is_set():
                    return
                assert self._first_change is not None
                when = due(self._first_change, last_batch)
            if ended.wait(max(0.0, when - time.monotonic())):
                return
            with self._changed:
                if ended.is_set():
                    return
                changes, listeners = self._take(), list(self._listeners)
                last_batch = time.monotonic()
                # Inside the lock, so that no view gets a batch after it has unsubscribed or before it has
                # its first picture. Listeners only draw and send.
                for listener in listeners:
                    listener(changes)


class _Session:
    """The store as one generation of reflectors sees it: a thread that ends late tells nothing any more."""

    def __init__(self, store: Store, ended: threading.Event) -> None:
        self._store = store
        self._ended = ended

    def replace(self, kind: str, objects: list[Object]) -> None:
        if not self._ended.is_set():
            self._store.replace(kind, objects)

    def apply(self, kind: str, event: str, obj: Object) -> None:
        if not self._ended.is_set():
            self._store.apply(kind, event, obj)

    def state(self, kind: str, problem: str) -> None:
        if not self._ended.is_set():
            self._store.state(kind, problem)


_stores: weakref.WeakValueDictionary[int, Store] = weakref.WeakValueDictionary()
"""By ``id`` of the client, which the store keeps alive: no other client has that id meanwhile."""


def sources_of(api_client: client.ApiClient) -> dict[str, Source]:
    """Where each kind that views show comes from."""
    core = client.CoreV1Api(api_client)
    return {"nodes": ApiSource(core.list_node), "pods": ApiSource(core.list_pod_for_all_namespaces)}


def store_of(api_client: client.ApiClient) -> Store:
    """The store that all views of this client's cluster share."""
    store = _stores.get(id(api_client))
    if store is None:
        store = Store(lambda: sources_of(api_client))
        _stores[id(api_client)] = store
    return store


@atexit.register
def _close_all() -> None:
    """A thread that still writes to its log while the interpreter ends can abort it."""
    for store in list(_stores.values()):
        store.close()
