"""metrics-server: the API group metrics.k8s.io, from what the kubelets say their containers use.

Upstream: https://github.com/kubernetes-sigs/metrics-server, ``pkg/storage``. The real one scrapes every kubelet
each 15 s and keeps the last two samples; a rate needs both. So a container has metrics from the second scrape
after its start on, or from the first if it was at least ten seconds old then.

Here nobody scrapes. Containers remember what they had used (``Cpu.used_at``), so an answer can be worked out
when it is asked for, as of the last scrape that would have been. Ten thousand idle pods cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import orjson

from k8slearn.embedded.apiserver import representation
from k8slearn.embedded.apiserver.http import Answer, Request, Response
from k8slearn.embedded.apiserver.kinds._metrics import GROUP, VERSION
from k8slearn.embedded.apiserver.listing import matcher
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, method_not_allowed, not_found
from k8slearn.embedded.client import Client, Key, Object
from k8slearn.embedded.clock import Clock, timestamp
from k8slearn.embedded.kubelet import Kubelet, stats
from k8slearn.embedded.store import Stored
from k8slearn.kube import quantity

RESOLUTION = 15.0
"""Seconds from one scrape to the next (``--metric-resolution``)."""

FRESH = 10.0
"""A container that is younger than RESOLUTION but at least this old is measured from its start."""


class Usage(NamedTuple):
    """``cpu`` in cores, on average over the last ``window`` seconds; ``memory`` in bytes."""

    cpu: float
    memory: float
    window: float


class MetricsServer:
    """``kubelets`` by the names of their nodes."""

    def __init__(self, client: Client, clock: Clock, kubelets: Mapping[str, Kubelet]) -> None:
        self._client = client
        self._clock = clock
        self._kubelets = kubelets
        self._started = clock.now
        self._skews: dict[Key, float] = {}

    # -- what is asked of it ----------------------------------------------------------------------

    def answer(self, request: Request, target: Target) -> Answer:
        """A request for PodMetrics or NodeMetrics. Raises ApiError."""
        kind = target.kind
        if request.method != "GET":
            raise method_not_allowed()
        if request.flag("watch"):
            resource = f"{kind.plural}.{GROUP}"
            text = f'watch is not supported on resources of kind "{resource}"'
            raise ApiError(405, "MethodNotAllowed", text, {"group": GROUP, "kind": kind.plural})
        form = representation.asked_form(request.headers.get("accept", ""), request.param("includeObject"))
        now = self._clock.now
        if target.name:
            stored = _stored(target, self._one(target))
            return Response(200, representation.encode_one(form, kind, stored, now))
        matches = matcher(request, target)
        found = [
            obj for source in self._sources(target) if matches(source) and (obj := self._of(target, source))
        ]
        items = [_stored(target, obj) for obj in found]
        return Response(200, representation.encode_list(form, kind, items, "", now))

    def pod(self, pod: Object) -> Object | None:
        """The PodMetrics of ``pod``, None when it has none (yet)."""
        metadata = pod["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        kubelet = self._kubelets.get(pod["spec"].get("nodeName", ""))
        worker = kubelet.workers.get(key) if kubelet and kubelet.running else None
        if worker is None or worker.uid != metadata["uid"]:
            return None
        factor = self._skews.get(key, 1.0)
        used = {one.name: self._usage(one) for one in stats.running(worker)}
        whole = {name: usage for name, usage in used.items() if usage is not None}
        if not whole or len(whole) < len(used):
            return None
        window = max(usage.window for usage in whole.values())
        containers = [
            {"name": name, "usage": _quantities(usage.cpu * factor, usage.memory * factor)}
            for name, usage in whole.items()
        ]
        return {**self._header("PodMetrics", pod, window), "containers": containers}

    def node(self, node: Object) -> Object | None:
        """The NodeMetrics of ``node``, None before the second scrape and while its kubelet does not answer."""
        kubelet = self._kubelets.get(node["metadata"]["name"])
        if kubelet is None or not kubelet.running or self._last_scrape() - RESOLUTION <= self._started:
            return None
        cpu, memory = stats.overhead(node)
        for worker in kubelet.workers.values():
            for one in stats.running(worker):
                memory += one.container.memory
                if (usage := self._usage(one)) is not None:
                    cpu += usage.cpu
        header = self._header("NodeMetrics", node, RESOLUTION)
        return {**header, "usage": _quantities(cpu, memory)}

    def skew(self, namespace: str, name: str, factor: float) -> None:
        """A fault: from now on say ``factor`` times what the pod really uses; 1 ends it."""
        self._skews[Key(namespace, name)] = factor

    # -- finding it out ---------------------------------------------------------------------------

    def _sources(self, target: Target) -> Iterable[Object]:
        return self._client.list(target.kind.plural, target.namespace)

    def _of(self, target: Target, source: Object) -> Object | None:
        return self.pod(source) if target.kind.namespaced else self.node(source)

    def _one(self, target: Target) -> Object:
        kind = target.kind
        source = self._client.get(kind.plural, target.key_namespace, target.name)
        if source is None:
            raise not_found("pods" if kind.namespaced else "node", target.name)
        found = self._of(target, source)
        if found is None:
            name = f"{target.namespace}/{target.name}" if kind.namespaced else target.name
            raise not_found(f"{kind.kind.lower()}.{GROUP}", name)
        return found

    def _last_scrape(self) -> float:
        scrapes = (self._clock.now - self._started) // RESOLUTION
        return self._started + scrapes * RESOLUTION

    def _usage(self, one: stats.Running) -> Usage | None:
        last = self._last_scrape()
        if one.since <= last - RESOLUTION:
            window = RESOLUTION
        elif last - one.since >= FRESH:
            window = last - one.since
        else:
            return None
        cpu = one.container.cpu
        used = cpu.used_at(last) - cpu.used_at(last - window)
        return Usage(used / window, one.container.memory, window)

    def _header(self, kind: str, source: Object, window: float) -> Object:
        metadata = {
            key: source["metadata"][key] for key in ("name", "namespace") if key in source["metadata"]
        }
        metadata["creationTimestamp"] = self._clock.timestamp()
        if labels := source["metadata"].get("labels"):
            metadata["labels"] = labels
        return {
            "kind": kind,
            "apiVersion": f"{GROUP}/{VERSION}",
            "metadata": metadata,
            "timestamp": timestamp(self._last_scrape()),
            "window": f"{round(window, 3):g}s",
        }


def _quantities(cpu: float, memory: float) -> dict[str, str]:
    """In millionths of a core (finer is noise of the clock) and whole Ki."""
    return {"cpu": _cores(round(cpu * 10**6)), "memory": _kibibytes(int(memory) // 1024)}


@lru_cache(maxsize=4096)
def _cores(millionths: int) -> str:
    return quantity.from_value(Fraction(millionths, 10**6))


@lru_cache(maxsize=4096)
def _kibibytes(count: int) -> str:
    return quantity.from_value(count * 1024, like="1Ki")


def _stored(target: Target, obj: Object) -> Stored:
    metadata = obj["metadata"]
    key = Key(metadata.get("namespace", ""), metadata["name"])
    return Stored(target.resource, key, 0, obj, orjson.dumps(obj))
