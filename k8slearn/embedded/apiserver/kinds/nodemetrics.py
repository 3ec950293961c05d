"""NodeMetrics (metrics.k8s.io/v1beta1): what ``kubectl top node`` reads."""

from __future__ import annotations

from k8slearn.embedded.apiserver.kinds._metrics import metrics_kind

KIND = metrics_kind("NodeMetrics", "nodes", lambda obj, resource: obj["usage"][resource], namespaced=False)
