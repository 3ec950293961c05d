"""What a namespace holds, as its quota counts it: at once when something comes, soon when something goes."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8slearn.embedded.apiserver.status import ApiError

POD = {"containers": [{"name": "a", "image": "nginx:1.29", "resources": {"requests": {"cpu": "100m"}}}]}


def make_quota(world, **hard):
    names = {name.replace("_", "."): amount for name, amount in hard.items()}
    metadata = {"name": "q", "namespace": "default"}
    world.client.create("resourcequotas", {"metadata": metadata, "spec": {"hard": names}})
    world.settle()


def used(world):
    return world.get("resourcequotas", "q")["status"]["used"]


def make_pod(world, name):
    world.client.create("pods", {"metadata": {"name": name, "namespace": "default"}, "spec": POD})


def test_a_new_quota_counts_what_is_there(world):
    make_pod(world, "old")
    make_quota(world, pods="5", requests_cpu="1", configmaps="3", services="2", nonsense_com="1")
    # The ConfigMap is kube-root-ca.crt. What nobody knows how to count is left out.
    assert used(world) == {"pods": "1", "requests.cpu": "100m", "configmaps": "1", "services": "0"}


def test_a_quota_gets_back_what_ends_and_what_goes(world):
    make_quota(world, pods="2", requests_cpu="1")
    assert used(world) == {"pods": "0", "requests.cpu": "0"}
    make_pod(world, "done")
    make_pod(world, "gone")
    assert used(world) == {"pods": "2", "requests.cpu": "200m"}
    world.settle()
    done = world.get("pods", "done")
    world.client.set_status("pods", done, {**done["status"], "phase": "Succeeded"})
    world.client.delete("pods", world.get("pods", "gone"))
    world.settle()
    assert used(world) == {"pods": "0", "requests.cpu": "0"}


def test_a_raised_quota_lets_a_replica_set_go_on(world):
    make_quota(world, pods="2")
    world.deploy(replicas=3)
    assert len(world.names("pods")) == 2
    assert world.condition("deployments.apps", "web", "ReplicaFailure")[:2] == ("True", "FailedCreate")
    quota = world.get("resourcequotas", "q")
    world.client.update("resourcequotas", {**quota, "spec": {"hard": {"pods": "3"}}})
    world.clock.advance(60)
    assert len(world.names("pods")) == 3
    assert used(world) == {"pods": "3"}


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(("make", "delete", "end", "wait")), st.integers(0, 4)), max_size=25
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_storm_the_count_is_right_and_was_never_above_the_quota(world, steps):
    world = type(world)()
    make_quota(world, pods="3", requests_cpu="250m")
    for step, number in steps:
        name = f"pod-{number}"
        pod = world.client.get("pods", "default", name)
        try:
            if step == "make":
                make_pod(world, name)
            elif step == "delete" and pod:
                world.client.delete("pods", pod)
            elif step == "end" and pod:
                world.client.set_status("pods", pod, {**pod["status"], "phase": "Failed"})
            elif step == "wait":
                world.settle()
        except ApiError as error:
            assert error.reason in ("Forbidden", "AlreadyExists"), error.message
    world.settle()
    running = [p for p in world.client.list("pods", "default") if p["status"].get("phase") != "Failed"]
    assert len(running) <= 2
    cpu = f"{len(running)}00m" if running else "0"
    assert used(world) == {"pods": str(len(running)), "requests.cpu": cpu}
