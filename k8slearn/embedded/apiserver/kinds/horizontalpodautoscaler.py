"""HorizontalPodAutoscaler (autoscaling/v2).

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name, status_number
from k8slearn.embedded.apiserver.validation.autoscaling import SOURCES, validate_autoscaler

UNKNOWN = "<unknown>"

_CPU_AT_80 = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}

_ALL_AT_ONCE = {"type": "Percent", "value": 100, "periodSeconds": 15}
_BEHAVIOR: dict[str, dict[str, Any]] = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, _ALL_AT_ONCE],
    },
    "scaleDown": {"selectPolicy": "Max", "policies": [_ALL_AT_ONCE]},
}


def _default(obj: Object) -> None:
    """A behavior that is there is completed; without one the object stays without."""
    spec = obj.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        spec["metrics"] = [_CPU_AT_80]
    if (behavior := spec.get("behavior")) is not None:
        for direction, defaults in _BEHAVIOR.items():
            given = {
                key: value for key, value in (behavior.get(direction) or {}).items() if value is not None
            }
            behavior[direction] = {**defaults, **given}


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"currentMetrics": None, "desiredReplicas": 0}


# -- columns --------------------------------------------------------------------------------------


def _reference(obj: Object, now: float) -> str:
    target = obj["spec"]["scaleTargetRef"]
    return f"{target['kind']}/{target['name']}"


def _targets(obj: Object, now: float) -> str:
    """``cpu: 198%/50%, memory: <unknown>/64Mi + 1 more...``"""
    metrics = obj["spec"]["metrics"]
    current = obj["status"].get("currentMetrics") or []
    shown = [
        _target(metric, current[index] if index < len(current) else {})
        for index, metric in enumerate(metrics)
    ]
    if len(shown) > 2:
        return f"{', '.join(shown[:2])} + {len(shown) - 2} more..."
    return ", ".join(shown)


def _target(metric: Object, status: Object) -> str:
    field = SOURCES[metric["type"]]
    target = metric[field]["target"]
    current = (status.get(field) or {}).get("current") or {}
    if field in ("resource", "containerResource"):
        if "averageValue" in target:
            value = f"{current.get('averageValue', UNKNOWN)}/{target['averageValue']}"
        else:
            used = current.get("averageUtilization")
            value = f"{UNKNOWN if used is None else f'{used}%'}/{target['averageUtilization']}%"
        return f"{metric[field]['name']}: {value}"
    if "averageValue" in target:
        average = "" if field == "pods" else " (avg)"
        return f"{current.get('averageValue', UNKNOWN)}/{target['averageValue']}{average}"
    return f"{current.get('value', UNKNOWN)}/{target['value']}"


KIND = Kind(
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    group="autoscaling",
    version="v2",
    short_names=("hpa",),
    categories=("all",),
    message="k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler",
    columns=columns(
        "horizontalpodautoscalers.autoscaling",
        {
            "Name": name,
            "Reference": _reference,
            "Targets": _targets,
            "MinPods": lambda obj, now: str(obj["spec"]["minReplicas"]),
            "MaxPods": lambda obj, now: obj["spec"]["maxReplicas"],
            "Replicas": status_number("currentReplicas"),
            "Age": age,
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=lambda obj: validate_autoscaler(obj["spec"]),
    has_status=True,
    counts_generation=True,
)
