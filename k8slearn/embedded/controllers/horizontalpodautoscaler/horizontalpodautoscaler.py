"""Reconciles HorizontalPodAutoscalers: every 15 s, and at once when one is new or its spec has changed.

Upstream: ``pkg/controller/podautoscaler/horizontal.go``. It reads the target's replicas through the scale
subresource, asks for each metric, takes the largest proposal, and writes the result through the same subresource.
When a metric is not known, it still scales up by the others, and never down.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers.horizontalpodautoscaler import behavior
from k8slearn.embedded.controllers.horizontalpodautoscaler.metrics import (
    Measured,
    MetricError,
    Scene,
    measure,
)
from k8slearn.embedded.controllers.horizontalpodautoscaler.replica_calculator import Tolerances
from k8slearn.embedded.controllers.pods import with_label
from k8slearn.embedded.metrics_server import MetricsServer
from k8slearn.kube import quantity
from k8slearn.kube.selectors import LabelSelector, parse_labels

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"

SYNC_SECONDS = 15.0


class Failed(Exception):
    """No replica count can be worked out from the metrics; the condition says why already."""


class HorizontalPodAutoscalerController(Controller):
    name = "horizontal-pod-autoscaler"
    resource = AUTOSCALERS

    def __init__(self, client: Client, clock: Clock, metrics: MetricsServer) -> None:
        super().__init__(client, clock)
        self.metrics = metrics
        self._histories: dict[Key, behavior.History] = {}
        self._selectors: dict[Key, LabelSelector] = {}

    def start(self) -> None:
        for obj in self.client.list(self.resource):
            self.queue.add(Key(obj["metadata"]["namespace"], obj["metadata"]["name"]))
        self.watch(self.resource, _new_or_changed)

    def reconcile(self, key: Key) -> float | None:
        autoscaler = self.client.get(self.resource, *key)
        if autoscaler is None:
            self._histories.pop(key, None)
            self._selectors.pop(key, None)
            return None
        Sync(self, autoscaler, key).run()
        return SYNC_SECONDS

    # -- what syncs share -------------------------------------------------------------------------

    def history(self, key: Key, replicas: int) -> behavior.History:
        if key not in self._histories:
            self._histories[key] = behavior.History(self.clock.now, replicas)
        return self._histories[key]

    def selecting(self, key: Key, selector: LabelSelector, pods: list[Object]) -> list[Key]:
        """The autoscalers of the namespace that select one of ``pods``; ``key`` selects by ``selector``."""
        self._selectors[key] = selector
        labels = [pod["metadata"].get("labels") or {} for pod in pods]
        return sorted(
            other
            for other, known in self._selectors.items()
            if other.namespace == key.namespace and any(known.matches(each) for each in labels)
        )

    def pods(self, namespace: str, selector: LabelSelector) -> list[Object]:
        """The pods of a selector, found by one of its labels where it has any."""
        exact = next(
            (one for one in selector if len(one.values) == 1 and one.operator in ("=", "==", "in")), None
        )
        if exact is None:
            candidates = self.client.list("pods", namespace)
        else:
            candidates = with_label(self.client, namespace, exact.key, exact.values[0])
        return [pod for pod in candidates if selector.matches(pod["metadata"].get("labels") or {})]


class Sync:
    """One look at one autoscaler, from its target's scale to its status."""

    def __init__(self, controller: HorizontalPodAutoscalerController, autoscaler: Object, key: Key) -> None:
        self.controller = controller
        self.client, self.clock = controller.client, controller.clock
        self.autoscaler = autoscaler
        self.key = key
        self.spec: dict[str, Any] = autoscaler["spec"]
        self.status: dict[str, Any] = autoscaler.get("status") or {}
        self.conditions: list[Object] = list(self.status.get("conditions") or ())

    def run(self) -> None:
        try:
            resource, scale = self._scale()
        except ApiError as error:
            self._warn("FailedGetScale", error.message)
            why = f"the HPA controller was unable to get the target's current scale: {error.message}"
            self._condition("AbleToScale", False, "FailedGetScale", why)
            self._write({**self.status, "conditions": self.conditions})
            return
        message = "the HPA controller was able to get the target's current scale"
        self._condition("AbleToScale", True, "SucceededGetScale", message)
        current = scale["spec"].get("replicas", 0)
        history = self.controller.history(self.key, current)
        least, most = self.spec["minReplicas"], self.spec["maxReplicas"]
        measured: list[Object] | None = None
        if current == 0:
            wanted = 0
            why = "scaling is disabled since the replica count of the target is zero"
            self._condition("ScalingActive", False, "ScalingDisabled", why)
            reason = ""
        elif current > most:
            wanted, reason = most, "Current number of replicas above Spec.MaxReplicas"
        elif current < least:
            wanted, reason = least, "Current number of replicas below Spec.MinReplicas"
        else:
            measured = []
            try:
                proposal = self._propose(scale, current, measured)
            except Failed as failed:
                self._set_status(current, self.status.get("desiredReplicas", 0), measured or None)
                self._warn("FailedComputeMetricsReplicas", str(failed))
                return
            wanted = self._normalize(history, current, proposal.replicas)
            up = proposal.replicas > current
            reason = f"{proposal.name} above target" if up else "All metrics below target"
        if wanted == current:
            self._set_status(current, current, measured)
        elif self._rescale(resource, scale, current, wanted, reason, measured):
            history.note_rescale(self.clock.now, current, wanted)

    # -- the target -------------------------------------------------------------------------------

    def _scale(self) -> tuple[str, Object]:
        """The target's resource and its Scale. Raises ApiError."""
        target = self.spec["scaleTargetRef"]
        group = target["apiVersion"].rpartition("/")[0]
        for kind in self.client.registry.kinds:
            if (kind.group, kind.kind) == (group, target["kind"]):
                resource = kind.stored.resource
                return resource, self.client.get_scale(resource, self.key.namespace, target["name"])
        raise ApiError(404, "NotFound", f'no matches for kind "{target["kind"]}" in group "{group}"')

    def _rescale(
        self,
        resource: str,
        scale: Object,
        current: int,
        wanted: int,
        reason: str,
        measured: list[Object] | None,
    ) -> bool:
        try:
            self.client.update_scale(resource, {**scale, "spec": {"replicas": wanted}}, why=reason)
        except ApiError as error:
            self._warn("FailedRescale", f"New size: {wanted}; reason: {reason}; error: {error.message}")
            why = f"the HPA controller was unable to update the target scale: {error.message}"
            self._condition("AbleToScale", False, "FailedUpdateScale", why)
            self._set_status(current, self.status.get("desiredReplicas", 0), measured)
            return False
        message = f"the HPA controller was able to update the target scale to {wanted}"
        self._condition("AbleToScale", True, "SucceededRescale", message)
        text = f"New size: {wanted}; reason: {reason}"
        self.controller.events.event(self.autoscaler, "Normal", "SuccessfulRescale", text)
        message = "the HPA controller did not scale the workload to zero"
        self._condition("ScaledToZero", False, "NotScaledToZero", message)
        self._set_status(current, wanted, measured, rescaled=True)
        return True

    # -- the metrics ------------------------------------------------------------------------------

    def _propose(self, scale: Object, current: int, statuses: list[Object]) -> Measured:
        """The largest proposal of the metrics, whose statuses are put into ``statuses``. Raises Failed."""
        scene = self._scene(scale, current)
        errors: list[MetricError] = []
        best: Measured | None = None
        for metric in self.spec["metrics"]:
            try:
                found = measure(metric, scene)
            except MetricError as error:
                errors.append(error)
                self._warn(error.reason, error.why)
                statuses.append({"type": ""})
                continue
            statuses.append(found.status)
            if best is None or found.replicas > best.replicas:
                best = found
        if best is None or (errors and best.replicas < current):
            first = errors[0]
            why = f"the HPA was unable to compute the replica count: {first.why}"
            self._condition("ScalingActive", False, first.reason, why)
            count = f"{len(errors)} invalid out of {len(statuses)}"
            raise Failed(f"invalid metrics ({count}), first error is: {first}")
        message = f"the HPA was able to successfully calculate a replica count from {best.name}"
        self._condition("ScalingActive", True, "ValidMetricFound", message)
        return best

    def _scene(self, scale: Object, current: int) -> Scene:
        """The target's pods. Raises Failed when other autoscalers have them too."""
        text = scale["status"].get("selector", "")
        if not text:
            self._warn("SelectorRequired", "selector is required")
            why = "the HPA target's scale is missing a selector"
            self._condition("ScalingActive", False, "InvalidSelector", why)
            raise Failed("selector is required")
        selector = parse_labels(text)
        pods = self.controller.pods(self.key.namespace, selector)
        keys = self.controller.selecting(self.key, selector, pods)
        if len(keys) > 1:
            which = " ".join(f"{key.namespace}/{key.name}" for key in keys[:2])
            why = f"pods by selector {text} are controlled by more than one HPA (e.g. [{which}])"
            self._warn("AmbiguousSelector", why)
            self._condition("ScalingActive", False, "AmbiguousSelector", why)
            raise Failed(why)
        return Scene(
            self.key.namespace,
            current,
            pods,
            self.controller.metrics.pod,
            _tolerances(self.spec.get("behavior") or {}),
            self.clock.now,
        )

    def _normalize(self, history: behavior.History, current: int, wanted: int) -> int:
        normal = behavior.normalize(self.spec, history, current, wanted, self.clock.now)
        self._condition("AbleToScale", True, *normal.able)
        self._condition("ScalingLimited", normal.limited, *normal.limit)
        return normal.replicas

    # -- the status -------------------------------------------------------------------------------

    def _set_status(
        self, current: int, desired: int, measured: list[Object] | None, *, rescaled: bool = False
    ) -> None:
        status: dict[str, Any] = {
            **({"currentReplicas": current} if current else {}),
            "desiredReplicas": desired,
            "currentMetrics": measured,
            "conditions": self.conditions,
            "observedGeneration": self.autoscaler["metadata"]["generation"],
        }
        if rescaled:
            status["lastScaleTime"] = self.clock.timestamp()
        elif "lastScaleTime" in self.status:
            status["lastScaleTime"] = self.status["lastScaleTime"]
        self._write(status)

    def _write(self, status: dict[str, Any]) -> None:
        if status != self.status:
            self.client.update_status(AUTOSCALERS, {**self.autoscaler, "status": status})

    def _condition(self, type: str, holds: bool, reason: str, message: str) -> None:
        """Conditions keep their places in the list, and their times while their status is the same."""
        new = {"type": type, "status": str(holds), "lastTransitionTime": self.clock.timestamp()}
        new |= {"reason": reason, "message": message}
        for index, known in enumerate(self.conditions):
            if known["type"] == type:
                if known["status"] == new["status"]:
                    new["lastTransitionTime"] = known["lastTransitionTime"]
                self.conditions[index] = new
                return
        self.conditions.append(new)

    def _warn(self, reason: str, message: str) -> None:
        self.controller.events.event(self.autoscaler, "Warning", reason, message)


def _new_or_changed(change: Change) -> list[Key]:
    """Not for a change of the status, which is the controller's own."""
    before = change.previous.object["metadata"].get("generation") if change.previous else None
    is_status = change.type == "MODIFIED" and before == change.object["metadata"].get("generation")
    return [] if is_status else [change.stored.key]


def _tolerances(rules: dict[str, Any]) -> Tolerances:
    given = {
        direction: float(quantity.parse(rules[field]["tolerance"]))
        for direction, field in (("down", "scaleDown"), ("up", "scaleUp"))
        if "tolerance" in rules.get(field, {})
    }
    return Tolerances(**given)
