"""How many replicas a metric asks for: pure functions. Upstream: ``replica_calculator.go``.

    wanted = ceil(replicas * usage / target)

One pod at 198 % of its request where 50 % is the target: ceil(1 * 198 / 50) = 4. Within the tolerance (a tenth of
the target, either way) nothing changes. What is not known for sure counts so that the step gets smaller: a pod
without metrics counts as full when the others ask for less and as idle when they ask for more, and one that is
not ready, as idle.

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details
Values are whole thousandths, of cores or of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers.pods import is_going, ready_condition
from k8slearn.kube import quantity
from k8slearn.kube.resources import requests as pod_requests

CPU_INITIALIZATION = 300.0
"""Seconds after a pod's start in which its CPU counts only while it is ready: starting up is no load."""

READINESS_DELAY = 30.0
"""A pod that was not ready any more within these seconds of its start has never been."""


class CalculationError(Exception):
    """The metrics do not give a number of replicas; ``str()`` says why."""


class PodMetric(NamedTuple):
    value: int
    timestamp: float
    window: float


class Tolerances(NamedTuple):
    down: float = 0.1
    up: float = 0.1

    def cover(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Proposal(NamedTuple):
    """``average`` is the value of a pod on average; ``utilization`` that in percent of the requests."""

    replicas: int
    average: int
    utilization: int | None = None


class _Groups(NamedTuple):
    ready: int
    unready: set[str]
    missing: set[str]
    """Pods that have no metrics."""
    ignored: set[str]


def by_utilization(
    current: int,
    target: int,
    pods: list[Object],
    metrics: Mapping[str, PodMetric],
    resource: str,
    *,
    container: str = "",
    tolerances: Tolerances,
    now: float,
) -> Proposal:
    """``target`` is a percentage of the pods' requests, or of those of one container. Raises CalculationError."""
    groups, values = _usable(pods, metrics, resource, now)
    asked = {pod["metadata"]["name"]: _request(pod, container, resource) for pod in pods}

    def measure(values: Mapping[str, int]) -> tuple[int, int]:
        known = {name: value for name, value in values.items() if name in asked}
        total = sum(asked[name] for name in known)
        if total == 0:
            raise CalculationError("no metrics returned matched known pods")
        used = sum(known.values())
        return used * 100 // total, used // len(known)

    utilization, average = measure(values)
    replicas = _replicas(
        current,
        groups,
        values,
        ratio=lambda values: measure(values)[0] / target,
        full=lambda name: asked[name] * max(100, target) // 100,
        tolerances=tolerances,
    )
    return Proposal(replicas, average, utilization)


def by_average(
    current: int,
    target: int,
    pods: list[Object],
    metrics: Mapping[str, PodMetric],
    resource: str,
    *,
    tolerances: Tolerances,
    now: float,
) -> Proposal:
    """``target`` is what a pod should use on average. Raises CalculationError."""
    groups, values = _usable(pods, metrics, resource, now)

    def average(values: Mapping[str, int]) -> int:
        return sum(values.values()) // len(values)

    replicas = _replicas(
        current,
        groups,
        values,
        ratio=lambda values: average(values) / target,
        full=lambda name: target,
        tolerances=tolerances,
    )
    return Proposal(replicas, average(values))


def _replicas(
    current: int,
    groups: _Groups,
    values: dict[str, int],
    *,
    ratio: Callable[[Mapping[str, int]], float],
    full: Callable[[str], int],
    tolerances: Tolerances,
) -> int:
    """``ratio`` of usage to target for given values; ``full(pod)`` is what a pod counts as in doubt."""
    first = ratio(values)
    doubtful = groups.unready if first > 1.0 else set[str]()
    if not groups.missing and not doubtful:
        return current if tolerances.cover(first) else ceil(first * groups.ready)
    values = dict(values)
    if first < 1.0:
        values |= {name: full(name) for name in groups.missing}
    elif first > 1.0:
        values |= dict.fromkeys(groups.missing | doubtful, 0)
    second = ratio(values)
    turned = (first < 1.0 < second) or (second < 1.0 < first)
    if tolerances.cover(second) or turned:
        return current
    wanted = ceil(second * len(values))
    if (second < 1.0 and wanted > current) or (second > 1.0 and wanted < current):
        return current
    return wanted


def _usable(
    pods: list[Object], metrics: Mapping[str, PodMetric], resource: str, now: float
) -> tuple[_Groups, dict[str, int]]:
    """The pods in groups, and the values of those that count."""
    if not pods:
        raise CalculationError("no pods returned by selector while calculating replica count")
    groups = _group(pods, metrics, resource, now)
    left_out = groups.ignored | groups.unready
    values = {name: metric.value for name, metric in metrics.items() if name not in left_out}
    if not values:
        raise CalculationError("did not receive metrics for targeted pods (pods might be unready)")
    return groups, values


def _group(pods: Iterable[Object], metrics: Mapping[str, PodMetric], resource: str, now: float) -> _Groups:
    groups = _Groups(0, set(), set(), set())
    ready = 0
    for pod in pods:
        name, phase = pod["metadata"]["name"], pod.get("status", {}).get("phase")
        if is_going(pod) or phase == "Failed":
            groups.ignored.add(name)
        elif phase == "Pending":
            groups.unready.add(name)
        elif name not in metrics:
            groups.missing.add(name)
        elif resource == "cpu" and not _settled(pod, metrics[name], now):
            groups.unready.add(name)
        else:
            ready += 1
    return groups._replace(ready=ready)


def _settled(pod: Object, metric: PodMetric, now: float) -> bool:
    """Whether the pod's CPU is that of a pod at work, and not of one that starts."""
    condition, start = ready_condition(pod), pod["status"].get("startTime")
    if condition is None or start is None:
        return False
    changed, unready = parse_timestamp(condition["lastTransitionTime"]), condition["status"] == "False"
    began = parse_timestamp(start)
    if began + CPU_INITIALIZATION > now:
        return not unready and metric.timestamp >= changed + metric.window
    return not (unready and began + READINESS_DELAY > changed)


def _request(pod: Object, container: str, resource: str) -> int:
    """What the pod, or one container of it, requests. Raises CalculationError when that is not said."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    if not container and (spec.get("resources") or {}).get("requests"):
        whole = pod_requests(pod)
        if resource not in whole:
            raise CalculationError(f"missing pod-level request for {resource} in Pod {name}")
        return whole[resource] if resource == "cpu" else whole[resource] * 1000
    running = [*spec["containers"], *filter(_is_sidecar, spec.get("initContainers") or ())]
    if container:
        running = [one for one in running if one["name"] == container]
        if not running:
            raise CalculationError(f"container {container} not found in Pod {name}")
    total = 0
    for one in running:
        asked = ((one.get("resources") or {}).get("requests") or {}).get(resource)
        if asked is None:
            where = f"container {one['name']} of Pod {name}"
            raise CalculationError(f"missing request for {resource} in {where}")
        total += milli(asked)
    return total


@lru_cache(maxsize=4096)
def milli(text: str) -> int:
    """A quantity in thousandths, rounded up: ``milli("1100u") == 2``."""
    return ceil(quantity.parse(text) * 1000)


def _is_sidecar(container: dict[str, Any]) -> bool:
    return container.get("restartPolicy") == "Always"
