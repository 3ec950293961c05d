"""Making and deleting an owner's pods, with the events that tell of it.

Upstream: ``RealPodControl`` in ``pkg/controller/controller_utils.go``. (A StatefulSet words its own events.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Object, Recorder
from k8slearn.embedded.controllers.errors import namespace_is_going
from k8slearn.embedded.controllers.templates import slow_start


class PodControl:
    """``why`` is the reason that the trace gives. Both return the first refusal rather than raise it: what was
    done until then has to go into the owner's status."""

    def __init__(self, client: Client, events: Recorder) -> None:
        self._client = client
        self._events = events

    def create(self, owner: Object, pods: Sequence[Object], why: str) -> ApiError | None:
        """Create ``pods``, more and more at a time; after a batch with a refusal no other is tried."""
        made, batches = iter(pods), list(slow_start(len(pods)))
        if len(batches) > 1:
            why = f"{why} (slow start: {', then '.join(str(batch) for batch in batches)})"
        for batch in batches:
            chosen = [next(made) for _ in range(batch)]
            failures = [error for pod in chosen if (error := self._create(owner, pod, why))]
            if failures:
                return failures[0]
        return None

    def _create(self, owner: Object, pod: Object, why: str) -> ApiError | None:
        try:
            created = self._client.create("pods", pod, why=why)
        except ApiError as error:
            if namespace_is_going(error):
                return None
            self._events.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            return error
        name = created["metadata"]["name"]
        self._events.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {name}")
        return None

    def delete(self, owner: Object, pods: Iterable[Object], why: str) -> ApiError | None:
        """Delete all of ``pods``."""
        failure = None
        for pod in pods:
            try:
                self._client.delete("pods", pod, why=why)
            except ApiError as error:
                self._events.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
                failure = failure or error
            else:
                name = pod["metadata"]["name"]
                self._events.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
        return failure
