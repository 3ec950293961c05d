"""Surge and unavailable: what they come to, and that no moment of a rollout breaks them."""

import pytest

from k8slearn.embedded.controllers.deployment import sizes


def deployment(replicas, surge, unavailable):
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


def replica_set(name, replicas, maximum):
    annotations = {sizes.MAXIMUM: str(maximum)}
    metadata = {"name": name, "creationTimestamp": name, "annotations": annotations}
    return {"metadata": metadata, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (5, "25%", "25%", (2, 1)),
        (4, "25%", "25%", (1, 1)),
        (1, "25%", "25%", (1, 0)),
        (10, 3, 2, (3, 2)),
        (1, "0%", "25%", (0, 1)),  # neither would leave room: one may be missing
        (2, 0, 5, (0, 2)),
        (0, "25%", "25%", (0, 0)),
    ],
)
def test_surge_is_rounded_up_and_unavailable_down(replicas, surge, unavailable, expected):
    wanted = deployment(replicas, surge, unavailable)
    assert (sizes.max_surge(wanted), sizes.max_unavailable(wanted)) == expected


@pytest.mark.parametrize(
    ("replicas", "before", "after"),
    [
        (15, {"a": 8, "b": 5}, {"a": 11, "b": 7}),
        (5, {"a": 8, "b": 5}, {"a": 5, "b": 3}),
        (0, {"a": 8, "b": 5}, {"a": 0, "b": 0}),
        (11, {"a": 8, "b": 5}, {"a": 9, "b": 5}),
    ],
)
def test_a_scaled_rollout_keeps_its_proportions_and_the_sum_is_exact(replicas, before, after):
    active = [replica_set(name, size, maximum=13) for name, size in before.items()]
    assert sizes.proportional(deployment(replicas, 3, 2), active) == after


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable"),
    [(1, 1, 0), (3, "25%", "25%"), (5, 0, 1), (7, "50%", 0), (10, "30%", "20%"), (12, "100%", "0%")],
)
def test_no_moment_of_a_rollout_has_too_many_pods_or_too_few_available(world, replicas, surge, unavailable):
    strategy = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable},
    }
    wanted = world.deploy(replicas=replicas, strategy=strategy)
    most = replicas + sizes.max_surge(wanted)
    fewest = replicas - sizes.max_unavailable(wanted)
    world.set_image("nginx:1.28")
    while world.clock.pending:
        # Two ReplicaSets act in the same instant in either order: look at the end of each.
        world.clock.run_until(world.clock.next_event())
        pods = [p for p in world.client.list("pods") if "deletionTimestamp" not in p["metadata"]]
        ready = [p for p in pods if p["status"].get("phase") == "Running"]
        assert len(pods) <= most and len(ready) >= fewest
    assert world.sets() == {"nginx:1.27": 0, "nginx:1.28": replicas}
