"""PodMetrics (metrics.k8s.io/v1beta1): what ``kubectl top pod`` and autoscalers read."""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds._metrics import metrics_kind
from k8slearn.kube import quantity


def _sum(obj: Object, resource: str) -> str:
    return quantity.add(*(container["usage"][resource] for container in obj["containers"]))


KIND = metrics_kind("PodMetrics", "pods", _sum, namespaced=True)
