"""Bounds, rates and stabilisation of an autoscaler, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.controllers.horizontalpodautoscaler.behavior import (
    DOWN_LIMIT,
    DOWN_STABILIZED,
    READY,
    TOO_FEW,
    TOO_MANY,
    UP_LIMIT,
    UP_STABILIZED,
    WITHIN,
    History,
    Normal,
    normalize,
)

ALL = {"type": "Percent", "value": 100, "periodSeconds": 15}
FOUR = {"type": "Pods", "value": 4, "periodSeconds": 15}


def spec(least: int = 1, most: int = 100, *, up: Any = None, down: Any = None) -> dict[str, Any]:
    bounds: dict[str, Any] = {"minReplicas": least, "maxReplicas": most}
    if up is None and down is None:
        return bounds
    rules = {"selectPolicy": "Max", "policies": [FOUR, ALL], "stabilizationWindowSeconds": 0}
    behavior = {"scaleUp": {**rules, **(up or {})}, "scaleDown": {**rules, "policies": [ALL], **(down or {})}}
    return {**bounds, "behavior": behavior}


class Run:
    """One autoscaler through time: ``run.at(seconds, wanted)`` does what the controller does with the result."""

    def __init__(self, spec: dict[str, Any], replicas: int) -> None:
        self.spec = spec
        self.replicas = replicas
        self.history = History(0.0, replicas)

    def at(self, now: float, wanted: int) -> Normal:
        normal = normalize(self.spec, self.history, self.replicas, wanted, now)
        if normal.replicas != self.replicas:
            self.history.note_rescale(now, self.replicas, normal.replicas)
            self.replicas = normal.replicas
        return normal


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        (1, 1, Normal(1, READY, False, WITHIN)),
        (1, 4, Normal(4, READY, False, WITHIN)),
        (1, 9, Normal(4, READY, True, UP_LIMIT)),
        (3, 9, Normal(6, READY, True, UP_LIMIT)),
        (6, 30, Normal(10, READY, True, TOO_MANY)),
    ],
)
def test_without_a_behavior_a_step_doubles_or_makes_four(current, wanted, expected):
    assert Run(spec(1, 10), current).at(15, wanted) == expected


def test_without_a_behavior_the_highest_of_five_minutes_counts():
    run = Run(spec(2), 1)
    assert run.at(15, 4).replicas == 4
    for now in range(30, 315, 15):
        assert run.at(now, 1) == Normal(4, DOWN_STABILIZED, False, WITHIN)
    assert run.at(315, 1).replicas == 4, "the 4 is just five minutes old"
    assert run.at(330, 1) == Normal(2, READY, True, TOO_FEW)


def test_a_window_of_its_own_ends_earlier():
    run = Run(spec(down={"stabilizationWindowSeconds": 30}), 1)
    run.at(15, 4)
    assert run.at(30, 1).able == DOWN_STABILIZED
    assert run.at(45, 1) == Normal(1, READY, False, WITHIN)


def test_scaling_up_may_wait_too():
    run = Run(spec(up={"stabilizationWindowSeconds": 60}), 1)
    assert run.at(15, 8) == Normal(1, UP_STABILIZED, False, WITHIN)
    assert run.at(30, 4).replicas == 1
    assert run.at(75, 8) == Normal(4, UP_STABILIZED, False, WITHIN)


def test_pods_per_period_are_counted_across_steps():
    run = Run(spec(up={"policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]}), 1)
    assert run.at(15, 3).replicas == 3
    assert run.at(30, 20) == Normal(5, READY, True, UP_LIMIT)
    assert run.at(45, 20) == Normal(5, READY, True, UP_LIMIT)
    assert run.at(75, 20).replicas == 7, "the first two have left the period"


def test_a_percentage_is_rounded_so_that_one_pod_can_grow():
    run = Run(spec(up={"policies": [{"type": "Percent", "value": 10, "periodSeconds": 15}]}), 1)
    assert [run.at(now, 50).replicas for now in (15, 30, 45)] == [2, 3, 4]


def test_the_smaller_policy_can_be_chosen():
    up = {"selectPolicy": "Min", "policies": [FOUR, {"type": "Pods", "value": 1, "periodSeconds": 15}]}
    assert Run(spec(up=up), 5).at(15, 50) == Normal(6, READY, True, UP_LIMIT)


def test_scaling_down_one_at_a_time():
    down = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    run = Run(spec(down=down), 5)
    assert run.at(15, 1) == Normal(4, READY, True, DOWN_LIMIT)
    assert run.at(30, 1) == Normal(4, READY, True, DOWN_LIMIT)
    assert run.at(75, 1).replicas == 3


def test_a_percentage_down_rounds_to_more_removal():
    down = {"policies": [{"type": "Percent", "value": 50, "periodSeconds": 15}]}
    assert Run(spec(down=down), 5).at(15, 0).replicas == 2


@pytest.mark.parametrize(("direction", "wanted"), [("up", 50), ("down", 1)])
def test_a_direction_can_be_disabled(direction, wanted):
    run = Run(spec(**{direction: {"selectPolicy": "Disabled"}}), 5)
    assert run.at(15, wanted).replicas == 5
    assert run.at(15, wanted).limited


def test_bounds_hold_with_a_behavior_too():
    assert Run(spec(2, 6, up={}), 4).at(15, 50) == Normal(6, READY, True, TOO_MANY)
    assert Run(spec(2, 6, up={}), 4).at(15, 0) == Normal(2, READY, True, TOO_FEW)
