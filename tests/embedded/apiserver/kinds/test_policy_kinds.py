"""Quotas, limits, priorities and budgets at the door: what is filled in, what is charged, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load

CLASSES = "priorityclasses.scheduling.k8s.io"
BUDGETS = "poddisruptionbudgets.policy"


def pod(name: str = "web", /, *, requests: Any = None, limits: Any = None, **spec: Any) -> dict[str, Any]:
    resources = {field: value for field, value in (("requests", requests), ("limits", limits)) if value}
    return {"spec": {"containers": [{"name": name, "image": "nginx:1.29", "resources": resources}], **spec}}


def by_class(**requirement: Any) -> dict[str, Any]:
    return {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", **requirement}]}}


def quota(door: Any, hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> None:
    """A quota as its controller leaves it."""
    made = door.create("resourcequotas", "q", spec={"hard": hard, **spec})
    status = {"hard": hard, "used": {**dict.fromkeys(hard, "0"), **(used or {})}}
    door.registry.update("resourcequotas", {**made, "status": status}, subresource="status")


def used(door: Any) -> dict[str, str]:
    return door.registry.get("resourcequotas", "ns", "q").object["status"]["used"]


# -- ResourceQuota


def test_what_is_created_is_charged_at_once(door):
    quota(door, {"pods": "2", "requests.cpu": "1", "memory": "1Gi"})
    door.create("pods", "a", **pod(requests={"cpu": "250m", "memory": "512Mi"}))
    assert used(door) == {"pods": "1", "requests.cpu": "250m", "memory": "512Mi"}
    message = door.refuses(door.create, "pods", "b", **pod(requests={"cpu": "800m", "memory": "1Mi"}))
    assert message == (
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=800m, used: requests.cpu=250m, '
        "limited: requests.cpu=1"
    )
    assert used(door)["pods"] == "1"


def test_what_every_container_must_say_under_a_quota_of_compute(door):
    quota(door, {"limits.cpu": "1", "requests.memory": "1Gi", "limits.ephemeral-storage": "1Gi"})
    message = door.refuses(door.create, "pods", "a", **pod("c"))
    assert message == (
        'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.memory for: c'
    )


def test_a_quota_that_nobody_has_counted_yet_admits_nothing(door):
    made = door.create("resourcequotas", "q", spec={"hard": {"pods": "2"}})
    door.create("pods", "before", **pod())
    door.registry.update("resourcequotas", {**made, "status": {"hard": {"pods": "2"}}}, subresource="status")
    message = door.refuses(door.create, "pods", "a", **pod())
    assert message == 'pods "a" is forbidden: status unknown for quota: q, resources: pods'


def test_a_dry_run_and_a_taken_name_cost_nothing(door):
    quota(door, {"configmaps": "5"})
    door.create("configmaps", "a")
    door.registry.create("configmaps", {"metadata": {"name": "b", "namespace": "ns"}}, dry_run=True)
    assert "already exists" in door.refuses(door.create, "configmaps", "a")
    assert used(door) == {"configmaps": "1"}


def test_an_invalid_object_is_told_so_before_any_quota(door):
    quota(door, {"pods": "0"})
    assert "is invalid" in door.refuses(door.create, "pods", "a", spec={"containers": []})


def test_a_service_that_becomes_a_node_port_is_charged_the_difference(door):
    quota(door, {"services": "2", "services.nodeports": "1", "count/services": "2"})
    ports = [{"port": 80}]
    made = door.create("services", "a", spec={"ports": ports})
    door.update("services", made, spec={**made["spec"], "type": "NodePort"})
    assert used(door) == {"services": "1", "services.nodeports": "1", "count/services": "1"}
    message = door.refuses(door.create, "services", "b", spec={"ports": ports, "type": "NodePort"})
    assert "exceeded quota: q, requested: services.nodeports=1" in message


def test_extended_resources_and_anything_that_can_be_counted(door):
    quota(door, {"requests.nvidia.com/gpu": "1", "count/deployments.apps": "0", "resourcequotas": "1"})
    gpu = {"nvidia.com/gpu": "1"}
    door.create("pods", "a", **pod(requests=gpu, limits=gpu))
    assert used(door)["requests.nvidia.com/gpu"] == "1"
    assert "requested: requests.nvidia.com/gpu=1" in door.refuses(
        door.create, "pods", "b", **pod(requests=gpu, limits=gpu)
    )


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ({"scopes": ["BestEffort"]}, pod(), pod(requests={"cpu": "1"})),
        ({"scopes": ["NotBestEffort"]}, pod(requests={"cpu": "1"}), pod()),
        ({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=9), pod()),
        ({"scopes": ["NotTerminating"]}, pod(), pod(activeDeadlineSeconds=9)),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["x"]}]
                }
            },
            pod(priorityClassName="x"),
            pod(),
        ),
        (
            by_class(operator="Exists"),
            pod(priorityClassName="x"),
            pod(),
        ),
    ],
)
def test_a_quota_counts_the_pods_in_its_scopes(door, scope, inside, outside):
    door.registry.create(CLASSES, {"metadata": {"name": "x"}, "value": 5})
    quota(door, {"pods": "5"}, **scope)
    door.create("pods", "outside", **outside)
    assert used(door) == {"pods": "0"}
    door.create("pods", "inside", **inside)
    assert used(door) == {"pods": "1"}


# -- LimitRange


def test_the_defaults_of_a_limit_range_follow_from_its_bounds(door):
    made = door.create(
        "limitranges",
        "l",
        spec={"limits": [{"type": "Container", "max": {"cpu": "500m"}, "min": {"memory": "10Mi"}}]},
    )
    (item,) = made["spec"]["limits"]
    assert item["default"] == {"cpu": "500m"}
    assert item["defaultRequest"] == {"cpu": "500m", "memory": "10Mi"}


def test_containers_get_what_they_do_not_say_and_an_annotation_tells(door):
    item = {
        "type": "Container",
        "default": {"cpu": "200m"},
        "defaultRequest": {"cpu": "100m", "memory": "1Mi"},
    }
    door.create("limitranges", "l", spec={"limits": [item]})
    made = door.create("pods", "a", **pod("c", requests={"memory": "5Mi"}))
    (container,) = made["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "100m", "memory": "5Mi"}, "limits": {"cpu": "200m"}}
    assert made["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu request for container c; "
        "cpu limit for container c"
    }
    assert door.create("pods", "b", **pod("c"))["status"]["qosClass"] == "Burstable"


def test_a_pod_is_the_sum_of_its_containers(door):
    door.create("limitranges", "l", spec={"limits": [{"type": "Pod", "max": {"memory": "1Gi"}}]})
    container = {"image": "nginx:1.29", "resources": {"limits": {"memory": "600Mi"}}}
    spec = {"containers": [{"name": "a", **container}, {"name": "b", **container}]}
    assert door.refuses(door.create, "pods", "two", spec=spec) == (
        'pods "two" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1200Mi'
    )
    spec = {"containers": [{"name": "a", **container}], "initContainers": [{"name": "b", **container}]}
    door.create("pods", "one-after-the-other", spec=spec)
    assert door.refuses(door.create, "pods", "none", **pod()) == (
        'pods "none" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified'
    )


# -- PriorityClass


def test_a_pod_gets_the_number_of_its_class(door):
    door.registry.create(CLASSES, {"metadata": {"name": "high"}, "value": 7, "preemptionPolicy": "Never"})
    spec = door.create("pods", "a", **pod(priorityClassName="high"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (7, "Never")


def test_the_default_class_is_for_pods_that_name_none(door):
    door.registry.create(CLASSES, {"metadata": {"name": "usual"}, "value": 3, "globalDefault": True})
    spec = door.create("pods", "a", **pod())["spec"]
    assert (spec["priorityClassName"], spec["priority"]) == ("usual", 3)
    other = {"metadata": {"name": "other"}, "value": 4, "globalDefault": True}
    assert door.refuses(door.registry.create, CLASSES, other) == (
        'priorityclasses.scheduling.k8s.io "other" is forbidden: '
        "PriorityClass usual is already marked as default. Only one default can exist"
    )


# -- PodDisruptionBudget


def test_a_budget_begins_by_allowing_nothing(door):
    made = door.create(BUDGETS, "b", spec={"minAvailable": 1})
    assert made["status"] == dict.fromkeys(
        ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0
    )
    cells = {column.name: column.cell(made, 0.0) for column in load()[BUDGETS].columns}
    assert (cells["Min Available"], cells["Max Unavailable"]) == ("1", "N/A")
