"""The autoscaler's controller, with pods that say what the test lets them say of their usage."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.clock import timestamp
from k8slearn.embedded.store import Object

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
DEPLOYMENTS = "deployments.apps"
HALF = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}


class Autoscaled:
    """A Deployment ``web`` of one pod that requests 100m and 64Mi, and an autoscaler of the same name."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.usage: dict[str, str] | None = {"cpu": "0", "memory": "16Mi"}
        """What every pod uses; None for no metrics."""
        world.metrics.pod = self._pod_metrics
        resources = {"requests": {"cpu": "100m", "memory": "64Mi"}}
        labels = {"app": "web"}
        spec = {"containers": [{"name": "web", "image": "nginx:1.29", "resources": resources}]}
        world.deploy(replicas=1, template={"metadata": {"labels": labels}, "spec": spec})
        world.clock.advance(600)

    def _pod_metrics(self, pod: Object) -> Object | None:
        if self.usage is None:
            return None
        return {
            "metadata": pod["metadata"],
            "timestamp": timestamp(self.world.clock.now),
            "window": "15s",
            "containers": [{"name": "web", "usage": self.usage}],
        }

    def autoscale(self, name: str = "web", **spec: Any) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"scaleTargetRef": target, "maxReplicas": 10, "metrics": [HALF], **spec}
        metadata = {"name": name, "namespace": "default"}
        self.world.registry.create(AUTOSCALERS, {"metadata": metadata, "spec": spec})
        self.world.clock.advance(1)

    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @property
    def replicas(self) -> int:
        return self.world.get(DEPLOYMENTS, "web")["spec"]["replicas"]

    @property
    def status(self) -> Object:
        return self.world.get(AUTOSCALERS, "web")["status"]

    def condition(self, type: str, name: str = "web") -> tuple[str, str, str]:
        return self.world.condition(AUTOSCALERS, name, type)

    def events(self) -> list[str]:
        return self.world.events(AUTOSCALERS, "web")


@pytest.fixture
def web(world) -> Autoscaled:
    return Autoscaled(world)


def test_load_scales_up_at_once_and_down_after_five_minutes(web):
    web.usage = {"cpu": "200m", "memory": "1Mi"}
    web.autoscale()
    assert (web.replicas, web.status["desiredReplicas"], web.status["currentReplicas"]) == (4, 4, 1)
    assert web.condition("AbleToScale") == (
        "True",
        "SucceededRescale",
        "the HPA controller was able to update the target scale to 4",
    )
    web.usage = {"cpu": "10m", "memory": "1Mi"}
    web.wait(15)
    assert (web.replicas, web.status["currentReplicas"]) == (4, 4)
    assert web.condition("AbleToScale")[1] == "ScaleDownStabilized"
    web.wait(270)
    assert web.replicas == 4
    web.wait(40)
    assert web.replicas == 1
    assert [event for event in web.events() if event.startswith("Succ")] == [
        "SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target",
        "SuccessfulRescale: New size: 1; reason: All metrics below target",
    ]
    assert [condition["type"] for condition in web.status["conditions"]] == [
        "AbleToScale",
        "ScalingActive",
        "ScalingLimited",
        "ScaledToZero",
    ]


def test_the_status_says_what_was_measured(web):
    web.usage = {"cpu": "49500u", "memory": "100000Ki"}
    memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "96Mi"}}
    web.autoscale(metrics=[HALF, {"type": "Resource", "resource": memory}])
    assert web.status["currentMetrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageValue": "50m", "averageUtilization": 50}},
        },
        {"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "100000Ki"}}},
    ]
    assert web.status["observedGeneration"] == 1
    assert "lastScaleTime" not in web.status
    assert web.condition("ScalingActive")[2].endswith("from cpu resource utilization (percentage of request)")


def test_an_idle_autoscaler_writes_nothing(web):
    web.autoscale()
    web.wait(600)
    before = web.world.get(AUTOSCALERS, "web")
    web.wait(3600)
    assert web.world.get(AUTOSCALERS, "web") is before


def test_the_largest_of_several_metrics_counts(web):
    memory = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "4Mi"}}
    web.autoscale(metrics=[HALF, {"type": "Resource", "resource": memory}])
    assert web.replicas == 4
    assert web.events()[-1] == "SuccessfulRescale: New size: 4; reason: memory resource above target"


def test_a_metric_that_is_not_known_stops_scaling_down_and_not_up(web):
    packets = {"metric": {"name": "packets"}, "target": {"type": "AverageValue", "averageValue": "1k"}}
    web.usage = {"cpu": "200m", "memory": "1Mi"}
    web.autoscale(metrics=[{"type": "Pods", "pods": packets}, HALF])
    assert web.replicas == 4
    assert web.status["currentMetrics"][0] == {"type": ""}
    web.usage = {"cpu": "0", "memory": "1Mi"}
    web.wait(600)
    assert web.replicas == 4
    assert web.condition("ScalingActive")[:2] == ("False", "FailedGetPodsMetric")


def test_a_spec_that_changes_is_looked_at_at_once(web):
    web.autoscale()
    web.wait(16)
    known = web.world.get(AUTOSCALERS, "web")
    web.world.client.update(AUTOSCALERS, {**known, "spec": {**known["spec"], "minReplicas": 3}})
    web.wait(1)
    assert web.replicas == 3
    assert web.status["currentMetrics"] is None
    assert (
        web.events()[-1]
        == "SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas"
    )


def test_too_many_replicas_come_down_at_once(web):
    web.world.change(replicas=9)
    web.autoscale(maxReplicas=2)
    assert web.replicas == 2
    assert "Current number of replicas above Spec.MaxReplicas" in web.events()[-1]


def test_zero_replicas_switch_the_autoscaler_off(web):
    web.world.change(replicas=0)
    web.autoscale()
    web.usage = {"cpu": "900m", "memory": "1Mi"}
    web.wait(60)
    assert web.replicas == 0
    assert web.condition("ScalingActive") == (
        "False",
        "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero",
    )
    web.world.change(replicas=1)
    web.wait(46)
    assert web.replicas > 1


def test_without_metrics_it_says_so_and_waits(web):
    web.usage = None
    web.autoscale()
    why = "no metrics returned from resource metrics API"
    why = f"failed to get cpu utilization: unable to get metrics for resource cpu: {why}"
    assert web.events() == [
        f"FailedGetResourceMetric: {why}",
        "FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: "
        f"failed to get cpu resource metric value: {why}",
    ]
    assert web.condition("ScalingActive")[2] == f"the HPA was unable to compute the replica count: {why}"
    web.usage = {"cpu": "200m", "memory": "1Mi"}
    web.wait(15)
    assert web.replicas == 4


def test_one_container_can_be_measured_alone(web):
    source = {"name": "cpu", "container": "web", "target": {"type": "Utilization", "averageUtilization": 50}}
    web.usage = {"cpu": "100m", "memory": "1Mi"}
    web.autoscale(metrics=[{"type": "ContainerResource", "containerResource": source}])
    assert web.replicas == 2
    assert "cpu container resource utilization" in web.events()[-1]


def test_a_target_that_is_not_there_is_looked_for_again(web):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "later"}
    web.autoscale(scaleTargetRef=target, minReplicas=2)
    assert web.condition("AbleToScale") == (
        "False",
        "FailedGetScale",
        'the HPA controller was unable to get the target\'s current scale: deployments.apps "later" not found',
    )
    web.world.deploy("later", replicas=1)
    web.wait(16)
    assert web.world.get(DEPLOYMENTS, "later")["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("Deploymint", 'no matches for kind "Deploymint" in group "apps"'),
        ("DaemonSet", "the server could not find the requested resource"),
    ],
)
def test_a_target_that_cannot_be_scaled_is_named(web, kind, why):
    web.autoscale(scaleTargetRef={"apiVersion": "apps/v1", "kind": kind, "name": "web"})
    assert web.events() == [f"FailedGetScale: {why}"]


@pytest.mark.parametrize("kind", ["StatefulSet", "ReplicaSet"])
def test_other_kinds_with_a_scale_are_scaled(web, kind):
    resource = f"{kind.lower()}s.apps"
    labels = {"app": "db"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "db", "image": "redis:7"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template, "serviceName": "db"}
    if kind == "ReplicaSet":
        del spec["serviceName"]
    web.world.registry.create(resource, {"metadata": {"name": "db", "namespace": "default"}, "spec": spec})
    web.autoscale(scaleTargetRef={"apiVersion": "apps/v1", "kind": kind, "name": "db"}, minReplicas=2)
    assert web.world.get(resource, "db")["spec"]["replicas"] == 2


def test_two_autoscalers_of_the_same_pods_both_stand_still(web):
    web.usage = {"cpu": "200m", "memory": "1Mi"}
    web.autoscale("first", minReplicas=1, maxReplicas=1)
    web.autoscale()
    web.wait(15)
    for name in ("first", "web"):
        status, reason, message = web.condition("ScalingActive", name)
        assert (status, reason) == ("False", "AmbiguousSelector")
        assert message.startswith("pods by selector app=web are controlled by more than one HPA (e.g. [")
    assert web.replicas == 1
    web.world.client.delete(AUTOSCALERS, web.world.get(AUTOSCALERS, "first"))
    web.wait(30)
    assert web.replicas == 4


def test_only_this_many_pods_come_at_once(web):
    web.usage = {"cpu": "900m", "memory": "1Mi"}
    policy = {"type": "Pods", "value": 2, "periodSeconds": 60}
    web.autoscale(behavior={"scaleUp": {"policies": [policy]}})
    assert web.replicas == 3
    assert web.condition("ScalingLimited")[:2] == ("True", "ScaleUpLimit")
    web.wait(45)
    assert web.replicas == 3
    web.wait(20)
    assert web.replicas == 5


def test_a_tolerance_of_its_own(web):
    web.usage = {"cpu": "54m", "memory": "1Mi"}
    web.autoscale()
    assert web.replicas == 1
    known = web.world.get(AUTOSCALERS, "web")
    spec = {**known["spec"], "behavior": {"scaleUp": {"tolerance": "0.05"}}}
    web.world.registry.update(
        AUTOSCALERS, {**known, "metadata": {"name": "web", "namespace": "default"}, "spec": spec}
    )
    web.wait(1)
    assert web.replicas == 2
