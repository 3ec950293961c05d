"""The shape of every controller: told of changes by watches, it queues keys and reconciles one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client.client import Client
from k8slearn.embedded.client.recorder import Recorder
from k8slearn.embedded.client.workqueue import WorkQueue
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Change, Key


class Controller:
    """Subclasses set ``name`` and ``resource``, say in ``start()`` what else they watch, and ``reconcile``.

    Level-triggered: ``reconcile(key)`` gets the key of an object, looks at how things are, and does one step
    towards how they should be. It must not depend on what happened in between. It may raise ApiError: the key
    comes back after a back-off. A number it returns is the seconds after which to look again (a deadline, not
    pending work). Any other exception is a bug, and stops the simulation where it can be seen.
    """

    name: str
    """As the real component is named in events: ``deployment-controller``."""

    resource: str
    """The resource whose keys are reconciled: ``deployments.apps``."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self.clock = clock
        self.events = Recorder(client, clock, self.name)
        self.queue = WorkQueue(clock, self._work, client.change_under_way)

    def start(self) -> None:
        """Watch, and queue what exists already (a controller that starts late catches up by itself)."""
        self.watch(self.resource, lambda change: [change.stored.key])
        for obj in self.client.list(self.resource):
            metadata = obj["metadata"]
            self.queue.add(Key(metadata.get("namespace", ""), metadata["name"]))

    def watch(self, resource: str, keys: Callable[[Change], Iterable[Key]]) -> None:
        """Queue ``keys(change)`` on every change of ``resource``."""

        def notify(change: Change) -> None:
            for key in keys(change):
                self.queue.add(key)

        self.client.watch(resource, notify)

    def reconcile(self, key: Key) -> float | None:
        raise NotImplementedError

    def _work(self, key: Key) -> None:
        try:
            with self.client.working_on(self.resource, key, self.queue.because):
                again = self.reconcile(key)
        except ApiError:
            self.queue.retry(key)
            return
        self.queue.forget(key)
        if again is not None:
            self.queue.add(key, again, background=True)
