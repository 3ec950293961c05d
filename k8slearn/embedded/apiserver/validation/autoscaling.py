"""What may be wrong with a HorizontalPodAutoscaler. Upstream: ``pkg/apis/autoscaling/validation``.

Limits of single fields come last, as from a real server, which checks those by declarations in the types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    NEGATIVE,
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.resources import STANDARD, validate_resource_name
from k8slearn.kube import quantity

SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
"""The types of metrics, and the field that describes one of each."""

LONGEST_PERIOD, LONGEST_WINDOW = 1800, 3600


def validate_autoscaler(spec: dict[str, Any]) -> Iterator[FieldError]:
    least, most = spec["minReplicas"], spec.get("maxReplicas") or 0
    if most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from _validate_reference("spec.scaleTargetRef", spec.get("scaleTargetRef") or {})
    metrics = spec.get("metrics") or []
    for index, metric in enumerate(metrics):
        yield from _validate_metric(f"spec.metrics[{index}]", metric)
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        why = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden("spec.metrics", why)
    for direction in ("scaleUp", "scaleDown"):
        if rules := (spec.get("behavior") or {}).get(direction):
            yield from _validate_rules(f"spec.behavior.{direction}", rules)
    if least < 0:
        yield invalid("spec.minReplicas", least, NEGATIVE)
    if most == 0:
        yield required("spec.maxReplicas")
    elif most < 0:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to 1")


def _validate_reference(path: str, ref: dict[str, Any], *, core: bool = False) -> Iterator[FieldError]:
    """``core``: whether an object of the core group, whose apiVersion names no group, will do."""
    for field in ("kind", "name"):
        if not ref.get(field):
            yield required(f"{path}.{field}")
        else:
            yield from each_invalid(f"{path}.{field}", ref[field], formats.path_segment(ref[field]))
    api_version = ref.get("apiVersion", "")
    if api_version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", api_version, f"unexpected GroupVersion string: {api_version}")
    elif not core and "/" not in api_version:
        yield invalid(f"{path}.apiVersion", api_version, "apiVersion must specify API group")


def _validate_metric(path: str, metric: dict[str, Any]) -> Iterator[FieldError]:
    sort = metric.get("type", "")
    if not sort:
        yield required(f"{path}.type", "must specify a metric source type")
    present = [field for field in _SOURCE_CHECKS if field in metric]
    expected = SOURCES.get(sort)
    if expected is None:
        yield not_supported(f"{path}.type", sort, SOURCES)
    if present:
        yield from _SOURCE_CHECKS[present[0]](f"{path}.{present[0]}", metric[present[0]])
    if expected and expected not in metric:
        yield required(f"{path}.{expected}", "must populate information for the given metric source")
    if len(present) > 1:
        for field in present:
            if field != expected:
                yield forbidden(f"{path}.{field}", "must populate the given metric source only")


def _validate_object(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    yield from _validate_reference(f"{path}.describedObject", source.get("describedObject") or {}, core=True)
    target = yield from _validate_named(path, source)
    if "value" not in target and "averageValue" not in target:
        yield required(f"{path}.target.averageValue", "must set either a target value or averageValue")


def _validate_external(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    target = yield from _validate_named(path, source)
    if "value" not in target and "averageValue" not in target:
        why = "must set either a target value for metric or a per-pod target"
        yield required(f"{path}.target.averageValue", why)
    if "value" in target and "averageValue" in target:
        why = "may not set both a target value for metric and a per-pod target"
        yield forbidden(f"{path}.target.value", why)


def _validate_pods(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    target = yield from _validate_named(path, source)
    if "averageValue" not in target:
        yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")


def _validate_container_resource(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    name, container = source.get("name"), source.get("container")
    if not name:
        yield required(f"{path}.name", "must specify a resource name")
    else:
        why = "must be a standard resource for containers"
        yield from validate_resource_name(f"{path}.name", name, STANDARD, why)
    if not container:
        yield required(f"{path}.container", "must specify a container")
    else:
        yield from each_invalid(f"{path}.container", container, formats.dns_label(container))
    yield from _validate_usage_target(f"{path}.target", source.get("target") or {})


def _validate_resource(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    if not source.get("name"):
        yield required(f"{path}.name", "must specify a resource name")
    yield from _validate_usage_target(f"{path}.target", source.get("target") or {})


_SOURCE_CHECKS: dict[str, Callable[[str, dict[str, Any]], Iterator[FieldError]]] = {
    "object": _validate_object,
    "external": _validate_external,
    "pods": _validate_pods,
    "resource": _validate_resource,
    "containerResource": _validate_container_resource,
}


def _validate_named(path: str, source: dict[str, Any]) -> Any:
    """A metric with a name, and its target, which is returned."""
    name, target = (source.get("metric") or {}).get("name"), source.get("target") or {}
    if not name:
        yield required(f"{path}.metric.name", "must specify a metric name")
    else:
        yield from each_invalid(f"{path}.metric.name", name, formats.path_segment(name))
    yield from _validate_target(f"{path}.target", target)
    return target


def _validate_usage_target(path: str, target: dict[str, Any]) -> Iterator[FieldError]:
    yield from _validate_target(path, target)
    if "averageUtilization" not in target and "averageValue" not in target:
        why = "must set either a target raw value or a target utilization"
        yield required(f"{path}.averageUtilization", why)
    if "averageUtilization" in target and "averageValue" in target:
        why = "may not set both a target raw value and a target utilization"
        yield forbidden(f"{path}.averageValue", why)


def _validate_target(path: str, target: dict[str, Any]) -> Iterator[FieldError]:
    sort = target.get("type", "")
    if not sort:
        yield required(f"{path}.type", "must specify a metric target type")
    if sort not in ("Utilization", "Value", "AverageValue"):
        yield invalid(f"{path}.type", sort, "must be either Utilization, Value, or AverageValue")
    for field in ("value", "averageValue"):
        if field in target and quantity.parse(target[field]) <= 0:
            yield invalid(f"{path}.{field}", target[field], "must be positive")
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        yield invalid(f"{path}.averageUtilization", utilization, "must be greater than 0")


def _validate_rules(path: str, rules: dict[str, Any]) -> Iterator[FieldError]:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        yield invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
    if window is not None and window > LONGEST_WINDOW:
        why = f"must be less than or equal to {LONGEST_WINDOW}"
        yield invalid(f"{path}.stabilizationWindowSeconds", window, why)
    if (select := rules["selectPolicy"]) not in (known := ("Disabled", "Max", "Min")):
        yield not_supported(f"{path}.selectPolicy", select, known)
    policies = rules.get("policies") or []
    if not policies:
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(policies):
        yield from _validate_policy(f"{path}.policies[{index}]", policy)
    if (tolerance := rules.get("tolerance")) is not None and quantity.parse(tolerance) < 0:
        yield invalid(f"{path}.tolerance", tolerance, NEGATIVE)


def _validate_policy(path: str, policy: dict[str, Any]) -> Iterator[FieldError]:
    sort, value, period = policy.get("type", ""), policy.get("value", 0), policy.get("periodSeconds", 0)
    if sort not in (known := ("Percent", "Pods")):
        yield not_supported(f"{path}.type", sort, known)
    for field, number in (("value", value), ("periodSeconds", period)):
        if number <= 0:
            yield invalid(f"{path}.{field}", number, "must be greater than zero")
    if period > LONGEST_PERIOD:
        yield invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {LONGEST_PERIOD}")
