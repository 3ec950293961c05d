"""The autoscaler's arithmetic: cases as upstream's table tests have them, and their extremes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.clock import timestamp
from k8slearn.embedded.controllers.horizontalpodautoscaler.replica_calculator import (
    CalculationError,
    PodMetric,
    Proposal,
    Tolerances,
    by_average,
    by_utilization,
)

NOW = 1_800_000_000.0
LONG_AGO = NOW - 3600


def pod(
    name: str,
    *,
    request: str | None = "1",
    phase: str = "Running",
    ready: bool = True,
    started: float = LONG_AGO,
    changed: float = LONG_AGO,
    **metadata: Any,
) -> dict[str, Any]:
    resources = {"requests": {"cpu": request, "memory": "1Gi"}} if request else {}
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": timestamp(changed)}
    return {
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [{"name": "main", "resources": resources}]},
        "status": {"phase": phase, "startTime": timestamp(started), "conditions": [condition]},
    }


def metrics(**values: int) -> dict[str, PodMetric]:
    return {name: PodMetric(value, NOW - 5, 15.0) for name, value in values.items()}


def utilization(
    pods: list[dict[str, Any]],
    values: Mapping[str, int],
    *,
    target: int,
    current: int | None = None,
    **more: Any,
) -> Proposal:
    current = len(pods) if current is None else current
    more.setdefault("tolerances", Tolerances())
    return by_utilization(current, target, pods, metrics(**values), "cpu", now=NOW, **more)


def test_one_busy_pod_becomes_four():
    assert utilization([pod("a", request="50m")], {"a": 99}, target=50) == Proposal(4, 99, 198)


@pytest.mark.parametrize(
    ("usage", "wanted"),
    [(300, 3), (339, 3), (340, 4), (270, 3), (269, 3), (199, 2), (10, 1), (0, 0), (900, 9)],
)
def test_a_tenth_of_the_target_is_tolerated(usage: int, wanted: int):
    """Three pods of 1 core that should use 300m each; utilization is in whole percents, so 339m are 33 %."""
    pods = [pod("a"), pod("b"), pod("c")]
    assert utilization(pods, dict.fromkeys("abc", usage), target=30).replicas == wanted


@pytest.mark.parametrize(("usage", "wanted"), [(310, 4), (300, 3), (200, 3), (100, 1)])
def test_tolerances_may_differ_up_and_down(usage: int, wanted: int):
    pods = [pod("a"), pod("b"), pod("c")]
    values = dict.fromkeys("abc", usage)
    assert utilization(pods, values, target=30, tolerances=Tolerances(down=0.5, up=0.0)).replicas == wanted


def test_a_pod_without_metrics_counts_as_idle_when_the_others_ask_for_more():
    pods = [pod("a"), pod("b"), pod("c"), pod("d")]
    assert utilization(pods, {"a": 500, "b": 500, "c": 500}, target=30).replicas == 5


def test_a_pod_without_metrics_counts_as_full_when_the_others_ask_for_less():
    pods = [pod("a"), pod("b"), pod("c"), pod("d")]
    # (3 * 100 + 1000) / 4000 is 32 %, of 50: 2.6 pods.
    assert utilization(pods, {"a": 100, "b": 100, "c": 100}, target=50).replicas == 3


def test_a_doubt_never_turns_the_direction():
    pods = [pod("a"), pod("b")]
    assert utilization(pods, {"a": 100}, target=30).replicas == 2
    assert utilization(pods, {"a": 400}, target=30).replicas == 2


def test_a_pod_that_starts_is_left_out_and_counts_as_idle_on_the_way_up():
    pods = [pod("a"), pod("b", ready=False, started=NOW - 60, changed=NOW - 60), pod("c", phase="Pending")]
    assert utilization(pods, {"a": 1000, "b": 1000}, target=20) == Proposal(5, 1000, 100)
    assert utilization(pods, {"a": 100, "b": 1000}, target=30) == Proposal(1, 100, 10)


def test_a_young_pod_counts_once_a_whole_window_of_metrics_was_taken_while_it_was_ready():
    just_ready = pod("a", started=NOW - 60, changed=NOW - 10)
    with pytest.raises(CalculationError, match="did not receive metrics"):
        utilization([just_ready], {"a": 900}, target=30)
    ready = pod("a", started=NOW - 60, changed=NOW - 20)
    assert utilization([ready], {"a": 900}, target=30).replicas == 3


def test_an_old_pod_that_is_unready_counts_unless_it_never_was_ready():
    fell_ill = pod("a", ready=False, started=NOW - 600, changed=NOW - 100)
    assert utilization([fell_ill], {"a": 900}, target=30).replicas == 3
    never_ready = pod("a", ready=False, started=NOW - 600, changed=NOW - 590)
    with pytest.raises(CalculationError):
        utilization([never_ready], {"a": 900}, target=30)


def test_pods_that_go_or_have_failed_are_ignored():
    pods = [pod("a"), pod("b", deletionTimestamp="x"), pod("c", phase="Failed")]
    assert utilization(pods, dict.fromkeys("abc", 600), target=30, current=1).replicas == 2


def test_memory_counts_from_the_start():
    starting = pod("a", ready=False, started=NOW - 5, changed=NOW - 5)
    proposal = by_average(1, 100, [starting], metrics(a=250), "memory", tolerances=Tolerances(), now=NOW)
    assert proposal == Proposal(3, 250)


def test_what_is_missing_is_said():
    for pods, values, why in (
        ([], {}, "no pods returned by selector while calculating replica count"),
        ([pod("a")], {}, "did not receive metrics for targeted pods (pods might be unready)"),
        ([pod("a", request=None)], {"a": 1}, "missing request for cpu in container main of Pod a"),
    ):
        with pytest.raises(CalculationError) as raised:
            utilization(pods, values, target=50)
        assert str(raised.value) == why
    with pytest.raises(CalculationError, match="container web not found in Pod a"):
        utilization([pod("a")], {"a": 1}, target=50, container="web")


def test_sidecars_count_and_a_request_of_the_whole_pod_comes_first():
    one = pod("a", request="100m")
    one["spec"]["initContainers"] = [
        {"name": "log", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
        {"name": "once", "resources": {}},
    ]
    assert utilization([one], {"a": 100}, target=50).utilization == 50
    assert utilization([one], {"a": 100}, target=50, container="log").utilization == 100
    one["spec"]["resources"] = {"requests": {"cpu": "400m"}}
    assert utilization([one], {"a": 100}, target=50).utilization == 25


@given(
    usages=st.lists(st.one_of(st.none(), st.integers(0, 5000)), min_size=1, max_size=8),
    target=st.integers(1, 200),
    ready=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_doubtful_pods_only_make_the_step_smaller(usages, target, ready):
    """The result lies between the present number and what the pods that are known would ask for alone."""
    pods = [pod(f"p{i}", ready=ready[i], started=NOW - 60, changed=NOW - 60) for i in range(len(usages))]
    values = {f"p{i}": usage for i, usage in enumerate(usages) if usage is not None}
    try:
        proposal = utilization(pods, values, target=target)
    except CalculationError:
        return
    assert proposal.utilization is not None
    current = len(pods)
    if proposal.utilization > target:
        assert proposal.replicas >= min(current, sum(ready[: len(usages)]))
    if proposal.utilization < target and len(values) < len(pods):
        assert proposal.replicas <= current
