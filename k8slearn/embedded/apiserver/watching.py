"""WATCH: a stream of changes, one JSON line each, from now or from a resourceVersion.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

A watch with selectors sees objects come and go as they begin and cease to match: a pod that loses the label
is DELETED for this watcher, though it lives on.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from k8slearn.embedded.apiserver.http import Stream
from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.representation import Form, encoded, partial, row, table
from k8slearn.embedded.apiserver.status import expired
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Change, Compacted, Object, Store, Stored

Matches = Callable[[Object], bool]

BOOKMARK_EVERY = 60.0
"""Virtual seconds between bookmarks for who asked for them."""


class WatchStream:
    """Feeds one client's stream from the store until either goes away.

    ``since`` is a revision to go on from; None begins with the objects as they are now. ``initial_bookmark``
    ends that beginning with a bookmark that says so (``sendInitialEvents``).
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        kind: Kind,
        form: Form,
        matches: Matches,
        *,
        namespace: str | None,
        since: int | None,
        bookmarks: bool,
        initial_bookmark: bool,
        timeout: float | None,
    ) -> None:
        self.stream = Stream("application/json")
        self._store = store
        self._clock = clock
        self._kind = kind
        self._form = form
        self._matches = matches
        self._namespace = namespace
        self._columns_sent = False
        if since is None:
            for stored in store.list(kind.stored.resource, namespace):
                if matches(stored.object):
                    self._send("ADDED", stored)
        else:
            try:
                past = list(store.changes_since(kind.stored.resource, since))
            except Compacted as error:
                asked, oldest = error.args
                status = expired(f"too old resource version: {asked} ({oldest})").status()
                self.stream.send(b'{"type":"ERROR","object":%s}\n' % orjson.dumps(status))
                self.stream.end()
                return
            for change in past:
                self._on_change(change)
        if initial_bookmark:
            self._bookmark({"k8s.io/initial-events-end": "true"})
        self._watch = store.watch(kind.stored.resource, self._on_change)
        self._timers = []
        if bookmarks:
            self._timers.append(clock.call_later(BOOKMARK_EVERY, self._regular_bookmark, background=True))
        if timeout is not None:
            self._timers.append(clock.call_later(timeout, self._time_out, background=True))
        self.stream.on_close = self._stop

    def _on_change(self, change: Change) -> None:
        if self._namespace is not None and change.stored.key.namespace != self._namespace:
            return
        before = change.previous is not None and self._matches(change.previous.object)
        after = change.type != "DELETED" and self._matches(change.object)
        if after:
            self._send("MODIFIED" if before else "ADDED", change.stored)
        elif before:
            self._send("DELETED", change.stored)

    def _send(self, type: str, stored: Stored) -> None:
        if self._form.is_table:
            rows = [row(self._form, self._kind, stored.object, self._clock.now)]
            metadata = {"resourceVersion": str(stored.revision)}
            body = orjson.dumps(table(self._kind, rows, metadata, with_columns=not self._columns_sent))
            self._columns_sent = True
        elif self._form.is_metadata:
            body = orjson.dumps(partial(stored.object))
        else:
            body = encoded(self._kind, stored)
        self.stream.send(b'{"type":"%s","object":%s}\n' % (type.encode(), body))

    def _bookmark(self, annotations: dict[str, str] | None = None) -> None:
        metadata: Object = {"resourceVersion": str(self._store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        obj: Object = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": metadata}
        if self._form.is_table:
            rows = [{"cells": None, "object": {**partial(obj)}}]
            obj = table(self._kind, rows, {"resourceVersion": str(self._store.revision)}, with_columns=False)
        elif self._form.is_metadata:
            obj = partial(obj)
        self.stream.send(b'{"type":"BOOKMARK","object":%s}\n' % orjson.dumps(obj))

    def _regular_bookmark(self) -> None:
        self._bookmark()
        self._timers[0] = self._clock.call_later(BOOKMARK_EVERY, self._regular_bookmark, background=True)

    def _time_out(self) -> None:
        self.stream.end()
        self._stop()

    def _stop(self) -> None:
        self._watch.stop()
        for timer in self._timers:
            timer.cancel()
