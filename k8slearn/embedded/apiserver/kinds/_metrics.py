"""What PodMetrics and NodeMetrics have in common: metrics.k8s.io, which a metrics-server answers for.

https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.apiserver.kind import Column, Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import columns, name

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
PACKAGE = "k8s.io.metrics.pkg.apis.metrics.v1beta1"


def metrics_kind(kind: str, plural: str, usage: Callable[[Object, str], Any], *, namespaced: bool) -> Kind:
    """``usage(object, "cpu")`` is the cell of the column cpu."""
    return Kind(
        kind=kind,
        plural=plural,
        group=GROUP,
        version=VERSION,
        namespaced=namespaced,
        singular_name="",
        verbs=("get", "list"),
        message=f"{PACKAGE}.{kind}",
        columns=_columns(f"{plural}.{GROUP}", usage),
    )


def _columns(resource: str, usage: Callable[[Object, str], Any]) -> tuple[Column, ...]:
    return columns(
        resource,
        {
            "Name": name,
            "cpu": lambda obj, now: usage(obj, "cpu"),
            "memory": lambda obj, now: usage(obj, "memory"),
            "Window": lambda obj, now: obj["window"],
        },
    )
