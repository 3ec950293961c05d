"""A HorizontalPodAutoscaler: what it measures, what that asks for, and what it does.

Pure: changes in, records out; ``autoscalerdrawing`` draws them. The formula and the tolerance are the controller's:
desired = ceil(current × metric ÷ target), and nothing happens within ten per cent of the target.

Time is the autoscaler's age, so that a clock that jumps (the embedded cluster's) jumps here too: a server with
virtual time moves an object's birth into the past instead.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat

from k8slearn.kube import quantity
from k8slearn.lab.views.events import Told
from k8slearn.lab.views.following import Following
from k8slearn.lab.views.objects import conditions_told
from k8slearn.lab.views.podstate import condition
from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.store import Changes

TOLERANCE = 0.1
STABILIZATION = 300.0
"""Seconds for which it remembers the highest recommendation before it scales down, unless told otherwise."""

KEPT = 600
"""Samples: some hours of one every 15 seconds."""


@dataclass(frozen=True)
class Metric:
    """``current`` None: nothing has been measured. ``unit`` is ``%`` (of the request) or ""."""

    name: str
    current: float | None
    target: float
    unit: str

    @property
    def ratio(self) -> float | None:
        return None if self.current is None or not self.target else self.current / self.target


@dataclass(frozen=True)
class Sample:
    """What was so at ``age`` seconds. ``recommended`` is what the formula alone asks for."""

    age: float
    metric: float | None
    target: float
    current: int
    desired: int
    recommended: int


class Autoscaler(Following):
    """The state of the autoscaler ``name``; ``now`` tells the time, seconds since 1970."""

    def __init__(self, name: str, namespace: str, now: Callable[[], float]) -> None:
        self.name = name
        super().__init__(namespace)
        self.samples: deque[Sample] = deque(maxlen=KEPT)
        """What was seen since this picture was opened, oldest first: an API server keeps no history."""
        self._now = now
        self._clear()

    def _clear(self) -> None:
        self.exists = False
        self.of = ""
        self.metrics: list[Metric] = []
        self.current = self.desired = self.least = self.most = 0
        self.window = STABILIZATION
        self.conditions: list[tuple[str, bool, str]] = []
        self.stabilized = False
        """Whether it keeps more pods than the formula asks for, because of its stabilization window."""
        self.told = ""
        self.last: tuple[Told, ...] = ()

    @property
    def metric(self) -> Metric | None:
        """The one that asks for most: it decides."""
        known = [metric for metric in self.metrics if metric.ratio is not None]
        return max(
            known, key=lambda metric: metric.ratio or 0, default=self.metrics[0] if self.metrics else None
        )

    @property
    def recommended(self) -> int:
        """What the formula asks for, before the limits and the stabilization."""
        ratio = self.metric.ratio if self.metric else None
        if ratio is None or abs(ratio - 1) <= TOLERANCE:
            return self.current
        return math.ceil(self.current * ratio)

    @property
    def held_since(self) -> float:
        """The age at which the formula last asked for as many as there are: from then on the window counts."""
        asked = (sample.age for sample in reversed(self.samples) if sample.recommended >= self.desired)
        return next(asked, self.samples[0].age if self.samples else 0.0)

    def apply(self, changes: Changes) -> None:
        """Take a batch in. Any order of batches leads to the same picture, but for the samples."""
        self.take(changes)
        found = self.objects.named("horizontalpodautoscalers", self.name)
        self._clear()
        if found is None:
            return
        self._take(found)
        if "horizontalpodautoscalers" in changes.objects:
            metric = self.metric
            self.samples.append(
                Sample(
                    age=max(0.0, self._now() - _seconds(found["metadata"].get("creationTimestamp"))),
                    metric=metric.current if metric else None,
                    target=metric.target if metric else 0.0,
                    current=self.current,
                    desired=self.desired,
                    recommended=self.recommended,
                )
            )

    def _take(self, found: Object) -> None:
        spec, status = found["spec"], found.get("status", {})
        self.exists = True
        self.of = f"{spec['scaleTargetRef']['kind'].lower()}/{spec['scaleTargetRef']['name']}"
        self.least, self.most = spec.get("minReplicas", 1), spec.get("maxReplicas", 1)
        self.current, self.desired = status.get("currentReplicas", 0), status.get("desiredReplicas", 0)
        down = (spec.get("behavior") or {}).get("scaleDown") or {}
        self.window = float(down.get("stabilizationWindowSeconds", STABILIZATION))
        measured = chain(status.get("currentMetrics") or [], repeat({}))
        self.metrics = [_metric(*pair) for pair in zip(spec.get("metrics") or [], measured, strict=False)]
        self.conditions = [
            (
                type,
                condition(found, type).get("status") == ("False" if type == "ScalingLimited" else "True"),
                why,
            )
            for type in ("AbleToScale", "ScalingActive", "ScalingLimited")
            if (why := ": ".join(filter(None, map(condition(found, type).get, ("reason", "message")))))
        ]
        self.stabilized = condition(found, "AbleToScale").get("reason") == "ScaleDownStabilized"
        self.told = conditions_told(found)
        self.last = self.events.lines(found["metadata"]["uid"])


def _metric(wanted: Object, now: Object) -> Metric:
    """One of ``spec.metrics`` beside its measurement in ``status.currentMetrics``."""
    kind = wanted["type"][:1].lower() + wanted["type"][1:]
    spec = wanted.get(kind) or {}
    value = (now.get(kind) or {}).get("current") or {}
    target = spec.get("target") or {}
    name = spec.get("name") or (spec.get("metric") or {}).get("name", kind)
    if "averageUtilization" in target:
        current = value.get("averageUtilization")
        return Metric(
            name, None if current is None else float(current), float(target["averageUtilization"]), "%"
        )
    field = "averageValue" if "averageValue" in target else "value"
    current = float(quantity.parse(value[field])) if field in value else None
    return Metric(name, current, float(quantity.parse(target.get(field, "0"))), "")


def _seconds(timestamp: str | None) -> float:
    return datetime.fromisoformat(timestamp).timestamp() if timestamp else 0.0
