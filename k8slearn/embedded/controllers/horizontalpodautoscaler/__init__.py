"""The HorizontalPodAutoscaler controller. Upstream: ``pkg/controller/podautoscaler``.

``horizontalpodautoscaler`` reconciles; ``metrics`` asks for a metric and words what is wrong with it;
``replica_calculator`` and ``behavior`` are the arithmetic, as pure functions.
"""

from k8slearn.embedded.controllers.horizontalpodautoscaler.horizontalpodautoscaler import (
    HorizontalPodAutoscalerController,
)

__all__ = ["HorizontalPodAutoscalerController"]
