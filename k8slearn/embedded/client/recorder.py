"""Records events as client-go's ``tools/record`` does: equal ones are counted, similar ones combined.

* An event like one before (same object, type, reason, message, source) raises that one's ``count``.
* From the tenth event on that differs from the others in its message only, within ten minutes, the message
  becomes ``(combined from similar events): …`` and these are counted as one.
"""

from __future__ import annotations

from typing import Any, TypeVar

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client.client import Client
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Object

V = TypeVar("V")

SIMILAR = 10
WINDOW = 600.0

REMEMBERED = 4096
"""Events of which a recorder knows that it has written them (client-go's ``maxLruCacheEntries``): of ten thousand
pods one would else keep some thirty thousand for ever."""


class Recorder:
    """Writes events of one component; ``host`` is the node of a kubelet."""

    def __init__(self, client: Client, clock: Clock, component: str, host: str = "") -> None:
        self._client = client
        self._clock = clock
        self._component = component
        self._host = host
        self._names: dict[tuple[Any, ...], str] = {}
        self._similar: dict[tuple[Any, ...], tuple[float, set[str]]] = {}

    def event(self, obj: Object, type: str, reason: str, message: str, field_path: str = "") -> None:
        """``type`` is Normal or Warning; ``field_path`` e.g. ``spec.containers{web}``.

        Of ``obj`` kind, apiVersion and names are needed; some components know no more of an object.

        An event that cannot be written (its namespace is going) is dropped, as in reality.
        """
        metadata = obj["metadata"]
        involved = {
            "kind": obj["kind"],
            **({"namespace": metadata["namespace"]} if metadata.get("namespace") else {}),
            "name": metadata["name"],
            **({"uid": metadata["uid"]} if "uid" in metadata else {}),
            "apiVersion": obj["apiVersion"],
            **({"resourceVersion": metadata["resourceVersion"]} if "resourceVersion" in metadata else {}),
            **({"fieldPath": field_path} if field_path else {}),
        }
        who = metadata.get("uid") or (obj["kind"], metadata.get("namespace"), metadata["name"])
        similar = (who, field_path, type, reason)
        since, messages = self._similar.get(similar, (self._clock.now, set()))
        if self._clock.now - since > WINDOW:
            since, messages = self._clock.now, set()
        messages.add(message)
        _remember(self._similar, similar, (since, messages))
        kind: tuple[Any, ...] = (*similar, message)
        if len(messages) >= SIMILAR:
            message, kind = f"(combined from similar events): {message}", (*similar, None)
        namespace = metadata.get("namespace") or "default"
        name = self._names.get(kind)
        before = self._client.get("events", namespace, name) if name else None
        try:
            if before is None:
                name = f"{metadata['name']}.{self._clock.stamp():x}"
                _remember(self._names, kind, name)
                self._client.create("events", self._new(namespace, name, involved, type, reason, message))
            else:
                now = self._clock.timestamp()
                counted = {"count": before["count"] + 1, "lastTimestamp": now, "message": message}
                self._client.update("events", {**before, **counted})
        except ApiError:
            self._names.pop(kind, None)

    def _new(
        self, namespace: str, name: str, involved: dict[str, Any], type: str, reason: str, message: str
    ) -> Object:
        now = self._clock.timestamp()
        source = {"component": self._component, **({"host": self._host} if self._host else {})}
        return {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }


def _remember(memory: dict[tuple[Any, ...], V], key: tuple[Any, ...], value: V) -> None:
    """Note ``value`` as the youngest, and forget the oldest when there are too many."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
