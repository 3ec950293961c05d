"""A Deployment keeps to maxSurge and maxUnavailable, whatever is asked of it and whatever befalls it."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.embedded.client import Change
from k8slearn.embedded.controllers.deployment import sizes

DEPLOYMENTS, REPLICA_SETS = "deployments.apps", "replicasets.apps"

images = st.sampled_from(["nginx:1.27", "nginx:1.28", "nginx:1.29", "no-such-image:1"])
waits = st.tuples(st.just("wait"), st.sampled_from([0.01, 0.05, 0.5, 1.0, 3.0, 40.0]))
rollouts = st.one_of(st.tuples(st.just("image"), images), waits)
storms = st.one_of(
    rollouts,
    st.tuples(st.just("scale"), st.integers(0, 7)),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.just("kill"), st.integers(0, 9)),
    st.tuples(st.sampled_from(["crash", "cut_off", "recover"]), st.sampled_from(["worker-1", "worker-2"])),
)
bounds = st.sampled_from([(0, 1), (1, 0), (2, 1), (0, 2), ("25%", "25%"), ("50%", "0%"), ("100%", "100%")])


def limits(replicas: int, surge: int | str, unavailable: int | str) -> tuple[int, int]:
    """The most pods and the least available ones, as the documentation says it: surge is rounded up, unavailable
    down, and where both come to nothing one may be missing."""
    above, below = (
        value if isinstance(value, int) else replicas * int(value.removesuffix("%")) / 100
        for value in (surge, unavailable)
    )
    above, below = math.ceil(above), math.floor(below)
    return replicas + above, max(0, replicas - (below or int(not above)))


def strategy(surge: int | str, unavailable: int | str) -> dict:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def do(storm, step: tuple) -> None:
    match step:
        case "wait", seconds:
            storm.clock.advance(seconds)
        case "image", image:
            storm.set_image(DEPLOYMENTS, "web", image)
        case "scale", replicas:
            storm.change(DEPLOYMENTS, "web", replicas=replicas)
        case "pause", paused:
            storm.change(DEPLOYMENTS, "web", paused=paused)
        case "kill", number:
            storm.kill("web", number)
        case fault, node:
            storm.befall(fault, node)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 99), st.integers(1, 6), bounds, st.lists(rollouts, min_size=2, max_size=8))
def test_a_rollout_never_has_too_many_pods_or_too_few_available_ones(tools, seed, replicas, bound, steps):
    """The pods themselves are counted after every moment: in a cluster without faults the numbers are exact."""
    with tools.Storm(seed) as storm:
        storm.make(DEPLOYMENTS, "web", replicas=replicas, strategy=strategy(*bound))
        storm.settle()
        most, least = limits(replicas, *bound)

        def look() -> None:
            pods = storm.pods("web")
            assert sum(tools.is_active(pod) for pod in pods) <= most
            assert sum(tools.is_ready(pod) for pod in pods) >= least

        for what, value in [*steps, ("wait", 60.0)]:
            if what == "image":
                storm.set_image(DEPLOYMENTS, "web", value)
            else:
                storm.watched(look, value)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 99), st.integers(1, 6), bounds, st.lists(storms, min_size=3, max_size=14))
def test_in_a_storm_the_controller_itself_breaks_no_bound(tools, seed, replicas, bound, steps):
    """Faults and users may leave too few pods. What the controller writes, going by what it could know, may not:
    it grows no ReplicaSet beyond the surge, and takes no available pod below what must stay."""
    with tools.Storm(seed) as storm:
        storm.make(DEPLOYMENTS, "web", replicas=replicas, strategy=strategy(*bound))

        def look(change: Change, component: str) -> None:
            if component != "deployment-controller" or change.previous is None:
                return
            before, after = change.previous.object, change.object
            deployment = storm.client.get(DEPLOYMENTS, "default", "web")
            if deployment is None or sizes.size(before) == sizes.size(after):
                return
            sets = storm.client.list(REPLICA_SETS, "default")
            if sizes.size(after) > sizes.size(before):
                assert sizes.total(sets) <= limits(sizes.size(deployment), *bound)[0]
            elif sizes.remembered(before, sizes.DESIRED) == sizes.size(deployment):  # a rollout, no scaling
                lost = min(sizes.observed([before], "availableReplicas"), sizes.size(before)) - sizes.size(
                    after
                )
                if lost > 0:
                    stay = sizes.observed(sets, "availableReplicas") - lost
                    assert stay >= limits(sizes.size(deployment), *bound)[1]

        storm.on_write(REPLICA_SETS, look)
        for step in steps:
            do(storm, step)
        storm.calm()
