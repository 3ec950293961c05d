"""What all open views of one cluster share: its objects, kept fresh by one watch thread per kind.

A kind is watched from the first view that wants it to the last.

Changes reach the views in batches, because JupyterLab needs some 8 ms for each message, however small: a
change after a quiet time leaves after 50 ms (and is painted well within 300 ms), then at most five batches a
second follow. Worked example: changes at 0, 10, 60 and 70 ms leave at 50 ms (two) and 250 ms (two).
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kubernetes import client

from k8slearn.lab.views.reflector import Object, Reflector, Source

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


class Wanted(Protocol):
    """What a listener may want: a hashable description that knows its ``kind``."""

    @property
    def kind(self) -> str: ...


Listener = Callable[[Changes], None]


def due(first_change: float, last_batch: float) -> float:
    """When the batch that began with a change at ``first_change`` leaves."""
    return max(first_change + GATHER, last_batch + INTERVAL)


class Feed:
    """One watch: its objects by uid, what changed in it since the last batch, and its thread."""

    def __init__(self, watch: Wanted, source: Source, lock: threading.Condition, wake: Callable[[], None]):
        self.watch = watch
        self.objects: dict[str, Object] = {}
        self.problem: str | None = None
        """None before the first list, "" while the watch is live."""
        self.dirty: dict[str, None] = {}
        self.told = ""
        """The problem that was in the last batch."""
        self.users = 0
        self._lock = lock
        self._wake = wake
        self._ended = False
        self._thread = Reflector(watch.kind, source, self)
        self._thread.start()

    def end(self) -> None:
        """A thread that ends late tells nothing any more."""
        self._ended = True
        self._thread.stop()

    # -- for the reflector: the Sink ------------------------------------------------------------

    def replace(self, kind: str, objects: list[Object]) -> None:
        with self._lock:
            before, self.objects = self.objects, {obj["metadata"]["uid"]: obj for obj in objects}
            self._mark(
                uid for uid in before.keys() | self.objects.keys() if before.get(uid) != self.objects.get(uid)
            )

    def apply(self, kind: str, event: str, obj: Object) -> None:
        with self._lock:
            uid = obj["metadata"]["uid"]
            if event == "DELETED":
                self.objects.pop(uid, None)
            else:
                self.objects[uid] = obj
            self._mark([uid])

    def state(self, kind: str, problem: str) -> None:
        with self._lock:
            if self.problem != problem:
                self.problem = problem
                self._mark([])

    def _mark(self, uids: Iterable[str]) -> None:
        if not self._ended:
            self.dirty.update(dict.fromkeys(uids))
            self._wake()


class Store:
    """The objects of one cluster by what is watched. Threads run from the first listener to the last."""

    def __init__(self, source: Callable[[Any], Source]) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._listeners: dict[Listener, tuple[Wanted, ...]] = {}
        self._feeds: dict[Wanted, Feed] = {}
        self._first_change: float | None = None
        self._running: threading.Event | None = None

    def subscribe(self, listener: Listener, watches: Sequence[Wanted], timeout: float = 5.0) -> None:
        """Call ``listener`` with all objects now and then with every batch, from a thread of the store.

        Waits up to ``timeout`` seconds until every kind was listed once, so that a first picture is whole.
        """
        with self._changed:
            if self._running is None:
                self._running = threading.Event()
                threading.Thread(
                    target=self._publish, args=(self._running,), name="k8slearn-publish", daemon=True
                ).start()
            for watch in watches:
                if watch not in self._feeds:
                    self._feeds[watch] = Feed(watch, self._source(watch), self._changed, self._wake)
                self._feeds[watch].users += 1
            feeds = [self._feeds[watch] for watch in watches]
            self._changed.wait_for(lambda: all(feed.problem is not None for feed in feeds), timeout)
            self._listeners[listener] = tuple(watches)
            listener(Changes({feed.watch.kind: dict(feed.objects) for feed in feeds}, _problem(feeds)))

    def unsubscribe(self, listener: Listener) -> None:
        """No more calls. A watch that nobody wants any more ends. Unknown listeners are ignored."""
        with self._changed:
            for watch in self._listeners.pop(listener, ()):
                feed = self._feeds[watch]
                feed.users -= 1
                if not feed.users:
                    del self._feeds[watch]
                    feed.end()
            if not self._listeners and self._running is not None:
                self._running.set()
                self._running = None
                self._first_change = None
                self._changed.notify_all()

    def close(self) -> None:
        """End the threads. Views keep their last picture."""
        for listener in list(self._listeners):
            self.unsubscribe(listener)

    # -- batches --------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._first_change is None:
            self._first_change = time.monotonic()
        self._changed.notify_all()

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
                last_batch = time.monotonic()
                # Inside the lock, so that no view gets a batch after it has unsubscribed or before it has
                # its first picture. Listeners only draw and send.
                self._tell()

    def _tell(self) -> None:
        """Everything that changed since the last batch, to each listener what it wants."""
        self._first_change = None
        changed = {
            watch: {uid: feed.objects.get(uid) for uid in feed.dirty}
            for watch, feed in self._feeds.items()
            if feed.dirty or feed.told != (feed.problem or "")
        }
        for watch in changed:
            feed = self._feeds[watch]
            feed.dirty, feed.told = {}, feed.problem or ""
        for listener, watches in list(self._listeners.items()):
            if any(watch in changed for watch in watches):
                problem = _problem([self._feeds[watch] for watch in watches])
                objects = {watch.kind: changed[watch] for watch in watches if changed.get(watch)}
                listener(Changes(objects, problem))


def _problem(feeds: list[Feed]) -> str:
    return next((feed.problem for feed in feeds if feed.problem), "")


_stores: weakref.WeakValueDictionary[int, Store] = weakref.WeakValueDictionary()
"""By ``id`` of the client, which the store keeps alive: no other client has that id meanwhile."""


def store_of(api_client: client.ApiClient) -> Store:
    """The store that all views of this client's cluster share."""
    store = _stores.get(id(api_client))
    if store is None:
        store = _stores[id(api_client)] = Store(lambda watch: watch.source(api_client))
    return store


@atexit.register
def _close_all() -> None:
    """A thread that still writes to its log while the interpreter ends can abort it."""
    for store in list(_stores.values()):
        store.close()
