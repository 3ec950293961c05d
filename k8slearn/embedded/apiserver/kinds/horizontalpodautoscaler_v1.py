"""HorizontalPodAutoscaler (autoscaling/v1): the same objects as of v2, with CPU as their only metric."""

from __future__ import annotations

from dataclasses import replace

from k8slearn.embedded.apiserver.kinds import horizontalpodautoscaler
from k8slearn.embedded.apiserver.kinds._autoscaling_v1 import from_v2, to_v2

KIND = replace(
    horizontalpodautoscaler.KIND,
    version="v1",
    message="k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler",
    stored_as=horizontalpodautoscaler.KIND,
    to_stored=to_v2,
    from_stored=from_v2,
)
