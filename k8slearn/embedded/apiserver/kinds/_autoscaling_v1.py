"""HorizontalPodAutoscalers of autoscaling/v1 and of v2, which is stored: each becomes the other.

Upstream: ``pkg/apis/autoscaling/v1/conversion.go``. v1 knows one metric, CPU as a percentage; whatever else v2 has it
carries in annotations, so that nothing is lost on the way there and back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from k8slearn.embedded.apiserver import schema
from k8slearn.embedded.apiserver.decoding import DecodeError
from k8slearn.embedded.apiserver.kind import Object

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_ANNOTATIONS = (
    METRICS,
    CURRENT_METRICS,
    CONDITIONS,
    BEHAVIOR,
    "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
)

_V2 = "k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler"
_TARGET = ("scaleTargetRef", "minReplicas", "maxReplicas")
_COUNTS = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
_RULES = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")


def from_v2(obj: Object) -> Object:
    spec, status = obj["spec"], obj.get("status") or {}
    metrics, current = spec.get("metrics") or [], status.get("currentMetrics") or []
    in_annotations = {
        METRICS: [_metric_to_v1(metric) for metric in metrics if _cpu_target(metric) is None],
        CURRENT_METRICS: [_current_to_v1(metric) for metric in current],
        BEHAVIOR: _renamed(spec["behavior"], _go_name) if spec.get("behavior") else None,
        CONDITIONS: status.get("conditions"),
    }
    texts = {key: orjson.dumps(value).decode() for key, value in in_annotations.items() if value}
    v1_spec = {field: spec[field] for field in _TARGET if field in spec}
    if targets := [target for metric in metrics if (target := _cpu_target(metric)) is not None]:
        v1_spec["targetCPUUtilizationPercentage"] = targets[0]
    v1_status = {"currentReplicas": 0, "desiredReplicas": 0}
    v1_status |= {field: status[field] for field in _COUNTS if field in status}
    for metric in current:
        used = ((metric.get("resource") or {}).get("current") or {}).get("averageUtilization")
        if metric["type"] == "Resource" and metric["resource"]["name"] == "cpu" and used is not None:
            v1_status["currentCPUUtilizationPercentage"] = used
    metadata = _with_annotations(obj["metadata"], texts)
    return {**obj, "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": v1_spec, "status": v1_status}


def to_v2(obj: Object) -> Object:
    annotations = obj["metadata"].get("annotations") or {}
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    metrics = _read(annotations, METRICS, lambda found: {"spec": {"metrics": _each(found, _metric_to_v2)}})
    behavior = _read(annotations, BEHAVIOR, lambda found: {"spec": {"behavior": _renamed(found, _json_name)}})
    kept = _read(
        annotations,
        CURRENT_METRICS,
        lambda found: {"status": {"currentMetrics": _each(found, _current_to_v2)}},
    )
    conditions = _read(annotations, CONDITIONS, lambda found: {"status": {"conditions": found}})
    listed: list[Object] = list(metrics["spec"].get("metrics") or ())
    if (percentage := spec.get("targetCPUUtilizationPercentage")) is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        listed.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    v2_spec = {field: spec[field] for field in _TARGET if field in spec}
    if listed:
        v2_spec["metrics"] = listed
    if behavior["spec"].get("behavior"):
        v2_spec["behavior"] = behavior["spec"]["behavior"]
    v2_status = {field: status[field] for field in _COUNTS if field in status}
    current = kept["status"].get("currentMetrics")
    if not current and (used := status.get("currentCPUUtilizationPercentage")) is not None:
        current = [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": used}}}]
    v2_status["currentMetrics"] = current or None
    if conditions["status"].get("conditions"):
        v2_status["conditions"] = conditions["status"]["conditions"]
    metadata = _with_annotations(obj["metadata"], {})
    return {**obj, "apiVersion": "autoscaling/v2", "metadata": metadata, "spec": v2_spec, "status": v2_status}


def _with_annotations(metadata: Object, texts: dict[str, str]) -> Object:
    """``metadata`` with ``texts`` and without what the annotations held before."""
    found = metadata.get("annotations") or {}
    if not texts and not any(key in found for key in _ANNOTATIONS):
        return metadata
    annotations = {key: text for key, text in found.items() if key not in _ANNOTATIONS} | texts
    rest = {field: value for field, value in metadata.items() if field != "annotations"}
    return {**rest, "annotations": annotations} if annotations else rest


def _read(annotations: Object, key: str, of_v2: Callable[[Any], Object]) -> Object:
    """What an annotation holds, as a part of an object of v2. What cannot be read is as good as absent."""
    empty: Object = {"spec": {}, "status": {}}
    if key not in annotations:
        return empty
    try:
        return {**empty, **schema.decode(_V2, of_v2(orjson.loads(annotations[key])))[0]}
    except (ValueError, DecodeError, AttributeError, TypeError):
        return empty


def _each(found: Any, convert: Callable[[Object], Object]) -> list[Object]:
    return [convert(entry) for entry in found]


# -- metrics --------------------------------------------------------------------------------------


def _cpu_target(metric: Object) -> int | None:
    """The percentage of a metric that v1 has a field for."""
    resource = metric.get("resource") or {}
    if metric["type"] != "Resource" or resource.get("name") != "cpu":
        return None
    return resource["target"].get("averageUtilization")


def _metric_to_v1(metric: Object) -> Object:
    sort = metric["type"]
    field = sort[0].lower() + sort[1:]
    source = metric[field]
    target, named = source["target"], source.get("metric") or {}
    average, value = target.get("averageValue"), target.get("value")
    match sort:
        case "Resource" | "ContainerResource":
            utilization = target.get("averageUtilization")
            found = {"name": source["name"], "targetAverageUtilization": utilization}
            found |= {"targetAverageValue": average, "container": source.get("container")}
        case "Pods":
            found = {"metricName": named["name"], "targetAverageValue": average or "0"}
            found |= {"selector": named.get("selector")}
        case "Object":
            found = {"target": source["describedObject"], "metricName": named["name"]}
            found |= {"targetValue": value or "0", "selector": named.get("selector"), "averageValue": average}
        case _:
            found = {"metricName": named["name"], "metricSelector": named.get("selector")}
            found |= {"targetValue": value, "targetAverageValue": average}
    return {"type": sort, field: _present(found)}


def _metric_to_v2(metric: Object) -> Object:
    sort = metric["type"]
    field = sort[0].lower() + sort[1:]
    source = metric[field]
    average, value = source.get("targetAverageValue"), source.get("targetValue")
    named = {"name": source.get("metricName"), "selector": source.get("selector")}
    match sort:
        case "Resource" | "ContainerResource":
            utilization = source.get("targetAverageUtilization")
            target = {"type": "AverageValue" if utilization is None else "Utilization"}
            target |= {"averageValue": average, "averageUtilization": utilization}
            found = {"name": source.get("name"), "container": source.get("container")}
        case "Pods":
            target, found = {"type": "AverageValue", "averageValue": average}, {"metric": _present(named)}
        case "Object":
            average = source.get("averageValue")
            target = {"type": "Value" if average is None else "AverageValue", "averageValue": average}
            # v1 cannot leave the value out: beside an average, "0" says that there is none.
            target["value"] = None if average is not None and value == "0" else value
            found = {"describedObject": source.get("target"), "metric": _present(named)}
        case _:
            named["selector"] = source.get("metricSelector")
            target = {"type": "AverageValue" if value is None else "Value"}
            target |= {"value": value, "averageValue": average}
            found = {"metric": _present(named)}
    return {"type": sort, field: _present({**found, "target": _present(target)})}


def _current_to_v1(metric: Object) -> Object:
    sort = metric["type"]
    field = sort[0].lower() + sort[1:]
    source = metric[field]
    current, named = source.get("current") or {}, source.get("metric") or {}
    average, value = current.get("averageValue"), current.get("value")
    match sort:
        case "Resource" | "ContainerResource":
            found = {
                "name": source["name"],
                "currentAverageUtilization": current.get("averageUtilization"),
                "currentAverageValue": average or "0",
                "container": source.get("container"),
            }
        case "Pods":
            found = {"metricName": named["name"], "currentAverageValue": average or "0"}
            found["selector"] = named.get("selector")
        case "Object":
            found = {"target": source["describedObject"], "metricName": named["name"]}
            found |= {"currentValue": value or "0", "selector": named.get("selector")}
            found["averageValue"] = average
        case _:
            found = {"metricName": named["name"], "metricSelector": named.get("selector")}
            found |= {"currentValue": value or "0", "currentAverageValue": average}
    return {"type": sort, field: _present(found)}


def _current_to_v2(metric: Object) -> Object:
    sort = metric["type"]
    field = sort[0].lower() + sort[1:]
    source = metric[field]
    named = {"name": source.get("metricName"), "selector": source.get("selector")}
    current = {"averageValue": source.get("currentAverageValue"), "value": source.get("currentValue")}
    match sort:
        case "Resource" | "ContainerResource":
            current["averageUtilization"] = source.get("currentAverageUtilization")
            found = {"name": source.get("name"), "container": source.get("container")}
        case "Object":
            current["averageValue"] = source.get("averageValue")
            found = {"describedObject": source.get("target"), "metric": _present(named)}
        case "Pods":
            found = {"metric": _present(named)}
        case _:
            named["selector"] = source.get("metricSelector")
            found = {"metric": _present(named)}
    return {"type": sort, field: _present({**found, "current": _present(current)})}


def _present(found: Object) -> Object:
    return {name: value for name, value in found.items() if value is not None}


# -- behavior -------------------------------------------------------------------------------------


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    """The behavior is written as the Go struct without JSON names: ``{"ScaleUp":{"SelectPolicy":"Max"}}``."""
    if isinstance(value, list):
        return [_renamed(item, rename) for item in value]
    if not isinstance(value, dict):
        return value
    if rename is _go_name and not value.keys().isdisjoint(_RULES):
        value = {field: value.get(field) for field in _RULES}
    elif rename is _go_name and "scaleUp" in value:
        value = {field: value.get(field) for field in ("scaleUp", "scaleDown")}
    return {rename(name): _renamed(item, rename) for name, item in value.items()}


def _go_name(name: str) -> str:
    return name[0].upper() + name[1:]


def _json_name(name: str) -> str:
    return name[0].lower() + name[1:]
