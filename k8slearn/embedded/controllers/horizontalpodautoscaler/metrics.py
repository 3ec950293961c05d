"""One metric of an autoscaler: what it is now, how many replicas it asks for, or what is wrong with it.

Upstream: ``computeReplicasForMetric`` in ``horizontal.go``, and ``metrics/client.go``. Resource metrics come from
metrics.k8s.io. Nobody serves custom.metrics.k8s.io and external.metrics.k8s.io here, as in a cluster without an
adapter, so metrics of types Pods, Object and External fail in that cluster's words.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers.horizontalpodautoscaler.replica_calculator import (
    CalculationError,
    PodMetric,
    Tolerances,
    by_average,
    by_utilization,
    milli,
)
from k8slearn.kube import quantity
from k8slearn.kube.duration import parse_duration

NO_CUSTOM_METRICS = (
    "unable to fetch metrics from custom metrics API: "
    "no custom metrics API (custom.metrics.k8s.io) registered"
)


class MetricError(Exception):
    """The metric is not known. ``reason`` and ``why`` go into an event and the condition ScalingActive; ``str()``
    is the longer sentence of the event FailedComputeMetricsReplicas."""

    def __init__(self, reason: str, why: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.why = why


class Measured(NamedTuple):
    replicas: int
    name: str
    """As the condition names the metric: ``cpu resource utilization (percentage of request)``."""
    status: Object
    """An entry of ``status.currentMetrics``."""


class Scene(NamedTuple):
    """What a metric is measured on. ``pod_metrics(pod)`` is the pod's PodMetrics, None when it has none."""

    namespace: str
    current: int
    pods: list[Object]
    pod_metrics: Callable[[Object], Object | None]
    tolerances: Tolerances
    now: float


def measure(metric: Object, scene: Scene) -> Measured:
    """Raises MetricError."""
    match metric["type"]:
        case "Resource":
            return _resource(metric["resource"], scene)
        case "ContainerResource":
            return _container_resource(metric["containerResource"], scene)
        case "Pods":
            why = f"unable to get metric {metric['pods']['metric']['name']}: {NO_CUSTOM_METRICS}"
            raise MetricError("FailedGetPodsMetric", why, f"failed to get pods metric value: {why}")
        case "Object":
            raise _object_error(metric["object"], scene.namespace)
        case _:
            raise _external_error(metric["external"], scene.namespace)


def _resource(source: Object, scene: Scene) -> Measured:
    resource = source["name"]
    try:
        replicas, described, current = _usage(source, scene, container="")
    except CalculationError as error:
        sentence = f"failed to get {resource} resource metric value: {error}"
        raise MetricError("FailedGetResourceMetric", str(error), sentence) from None
    name = f"{resource} resource{described}"
    status = {"type": "Resource", "resource": {"name": resource, "current": current}}
    return Measured(replicas, name, status)


def _container_resource(source: Object, scene: Scene) -> Measured:
    resource, container = source["name"], source["container"]
    try:
        replicas, described, current = _usage(source, scene, container=container)
    except CalculationError as error:
        sentence = f"failed to get {container} container metric value: {error}"
        raise MetricError("FailedGetContainerResourceMetric", str(error), sentence) from None
    name = f"{resource} {'container ' if described else ''}resource{described}"
    found = {"name": resource, "container": container, "current": current}
    return Measured(replicas, name, {"type": "ContainerResource", "containerResource": found})


def _usage(source: Object, scene: Scene, *, container: str) -> tuple[int, str, Object]:
    """Replicas, what the name says of a utilization, and ``current``. Raises CalculationError."""
    resource, target = source["name"], source["target"]
    sort = "usage" if "averageValue" in target else "utilization"
    options: dict[str, Any] = {"tolerances": scene.tolerances, "now": scene.now}
    try:
        metrics = _pod_metrics(scene, resource, container)
        if sort == "usage":
            goal = milli(target["averageValue"])
            proposal = by_average(scene.current, goal, scene.pods, metrics, resource, **options)
        else:
            goal = target["averageUtilization"]
            options["container"] = container
            proposal = by_utilization(scene.current, goal, scene.pods, metrics, resource, **options)
    except CalculationError as error:
        raise CalculationError(f"failed to get {resource} {sort}: {error}") from None
    like = "1Ki" if resource == "memory" else "1"
    current: Object = {"averageValue": quantity.from_value(Fraction(proposal.average, 1000), like)}
    if proposal.utilization is None:
        return proposal.replicas, "", current
    current["averageUtilization"] = proposal.utilization
    return proposal.replicas, " utilization (percentage of request)", current


def _pod_metrics(scene: Scene, resource: str, container: str) -> dict[str, PodMetric]:
    """By the names of the pods. Raises CalculationError when no pod has any."""
    found = [metrics for pod in scene.pods if (metrics := scene.pod_metrics(pod)) is not None]
    if not found:
        why = "no metrics returned from resource metrics API"
        raise CalculationError(f"unable to get metrics for resource {resource}: {why}")
    result = {}
    for metrics in found:
        usages = [one["usage"] for one in metrics["containers"] if container in ("", one["name"])]
        if usages and all(resource in usage for usage in usages):
            value = sum(milli(usage[resource]) for usage in usages)
            when, window = parse_timestamp(metrics["timestamp"]), parse_duration(metrics["window"])
            result[metrics["metadata"]["name"]] = PodMetric(value, when, window)
    return result


def _object_error(source: Object, namespace: str) -> MetricError:
    name, described = source["metric"]["name"], source["describedObject"]
    where = f"{described['kind']} {namespace}/{described['name']}"
    why = f"unable to get metric {name} on {where}: {NO_CUSTOM_METRICS}"
    sentence = why if source["target"]["type"] == "Value" else f"failed to get {name} object metric: {why}"
    return MetricError("FailedGetObjectMetric", why, f"failed to get object metric value: {sentence}")


def _external_error(source: Object, namespace: str) -> MetricError:
    name, target = source["metric"]["name"], source["target"]
    missing = f"the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
    which = f"{namespace}/{name}/{_go_selector(source['metric'].get('selector'))}"
    why = (
        f"unable to get external metric {which}: unable to fetch metrics from external metrics API: {missing}"
    )
    what = f"{name} external metric" if "averageValue" in target else f"external metric {name}"
    sentence = f"failed to get {name} external metric value: failed to get {what}: {why}"
    return MetricError("FailedGetExternalMetric", why, sentence)


def _go_selector(selector: Object | None) -> str:
    """A label selector as Go prints a generated type: ``&LabelSelector{MatchLabels:map[string]string{q: a,},…}``."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},"
        f"Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
