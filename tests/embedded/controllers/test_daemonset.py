"""DaemonSets: which nodes get a pod, how updates get there, what becomes of pods that fail."""

import pytest

SETS = "daemonsets.apps"
REVISIONS = "controllerrevisions.apps"


def daemon_set(world, image="one", pod=None, **spec):
    labels = {"app": "agent"}
    pod_spec = {"containers": [{"name": "agent", "image": image}], **(pod or {})}
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    wanted = {"selector": {"matchLabels": labels}, "template": template, **spec}
    metadata = {"name": "agent", "namespace": "default"}
    created = world.registry.create(SETS, {"metadata": metadata, "spec": wanted})
    world.settle()
    return created


def change_pods(world, **pod):
    """Update fields of the template's pod spec; nothing has happened yet afterwards."""
    ds = world.get(SETS, "agent")
    template = ds["spec"]["template"]
    template = {**template, "spec": {**template["spec"], **pod}}
    world.client.update(SETS, {**ds, "spec": {**ds["spec"], "template": template}})


def set_image(world, image):
    change_pods(world, containers=[{"name": "agent", "image": image}])


def change_node(world, name, *, labels=None, **spec):
    node = world.get("nodes", name, "")
    metadata = {**node["metadata"], "labels": {**node["metadata"]["labels"], **(labels or {})}}
    world.client.update("nodes", {**node, "metadata": metadata, "spec": {**node["spec"], **spec}})
    world.settle()


def places(world):
    """Images by node, of pods that are not being deleted."""
    return sorted(
        (pod["spec"].get("nodeName", "?"), pod["spec"]["containers"][0]["image"])
        for pod in world.client.list("pods", "default")
        if "deletionTimestamp" not in pod["metadata"]
    )


def status(world):
    return world.get(SETS, "agent")["status"]


def test_every_node_gets_a_pod_also_one_that_comes_later(world):
    daemon_set(world)
    assert places(world) == [("worker-1", "one"), ("worker-2", "one")]
    world.add_node("worker-3")
    world.settle()
    assert len(places(world)) == 3
    assert status(world) == {
        "currentNumberScheduled": 3,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 3,
        "numberReady": 3,
        "observedGeneration": 1,
        "updatedNumberScheduled": 3,
        "numberAvailable": 3,
    }


def test_a_pod_asks_the_scheduler_for_its_node_and_tolerates_the_nodes_troubles(world):
    own = [{"operator": "Exists", "key": "gpu"}]
    daemon_set(world, pod={"tolerations": own, "hostNetwork": True})
    pod = world.client.list("pods", "default")[0]
    (term,) = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term == {
        "matchFields": [{"key": "metadata.name", "operator": "In", "values": [pod["spec"]["nodeName"]]}]
    }
    tolerated = [
        (t["key"].removeprefix("node.kubernetes.io/"), t.get("effect")) for t in pod["spec"]["tolerations"]
    ]
    assert tolerated == [
        ("gpu", None),
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
        ("network-unavailable", "NoSchedule"),
    ]
    assert pod["metadata"]["labels"]["pod-template-generation"] == "1"


def test_a_node_selector_and_labels_that_come_and_go(world):
    daemon_set(world, pod={"nodeSelector": {"disk": "fast"}})
    assert places(world) == []
    assert status(world)["desiredNumberScheduled"] == 0
    change_node(world, "worker-1", labels={"disk": "fast"})
    assert places(world) == [("worker-1", "one")]
    change_node(world, "worker-1", labels={"disk": "slow"})
    assert places(world) == []


@pytest.mark.parametrize(("effect", "left"), [("NoSchedule", 2), ("NoExecute", 1), ("PreferNoSchedule", 2)])
def test_a_taint_that_comes_later_takes_the_pod_only_when_it_executes(world, effect, left):
    daemon_set(world)
    change_node(world, "worker-1", taints=[{"key": "gpu", "effect": effect}])
    assert len(places(world)) == left
    misscheduled = effect == "NoSchedule"
    assert status(world)["numberMisscheduled"] == misscheduled
    assert status(world)["desiredNumberScheduled"] == (2 if effect == "PreferNoSchedule" else 1)


def test_a_cordoned_node_still_gets_its_pod(world):
    change_node(world, "worker-1", unschedulable=True)
    daemon_set(world)
    assert len(places(world)) == 2


def test_an_update_leaves_one_node_at_a_time_without_its_pod(world):
    daemon_set(world)
    set_image(world, "two")
    while len([p for p in places(world) if p[1] == "two"]) < 2:
        assert world.clock.step()
        assert len(places(world)) >= 1
        assert len(world.names("pods")) <= 2
    world.settle()
    assert places(world) == [("worker-1", "two"), ("worker-2", "two")]
    assert world.get(SETS, "agent")["metadata"]["annotations"] == {
        "deprecated.daemonset.template.generation": "2"
    }


def test_a_broken_update_stops_at_the_first_node_and_undo_mends_it(world):
    daemon_set(world)
    set_image(world, "broken")
    world.clock.advance(600)
    assert sorted(image for _, image in places(world)) == ["broken", "one"]
    assert status(world)["updatedNumberScheduled"] == 1
    assert status(world)["numberUnavailable"] == 1
    set_image(world, "one")
    world.settle()
    assert {image for _, image in places(world)} == {"one"}
    assert sorted(r["revision"] for r in world.client.list(REVISIONS)) == [2, 3]


def test_a_surge_makes_the_new_pod_first(world):
    rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    daemon_set(world, updateStrategy=rolling)
    set_image(world, "two")
    most = 0
    while len([p for p in places(world) if p[1] == "two"]) < 2:
        assert world.clock.step()
        assert status(world)["numberAvailable"] == 2
        most = max(most, len(places(world)))
    world.settle()
    assert most == 3
    assert places(world) == [("worker-1", "two"), ("worker-2", "two")]


def test_max_unavailable_in_percent_is_rounded_up(world):
    for number in (3, 4, 5):
        world.add_node(f"worker-{number}")
    daemon_set(world, updateStrategy={"rollingUpdate": {"maxUnavailable": "50%"}})
    set_image(world, "broken")
    world.clock.advance(600)
    assert sorted(image for _, image in places(world)) == ["broken"] * 3 + ["one"] * 2


def test_on_delete_leaves_the_update_to_whoever_deletes_the_pods(world):
    daemon_set(world, updateStrategy={"type": "OnDelete"})
    set_image(world, "two")
    world.settle()
    assert {image for _, image in places(world)} == {"one"}
    assert "updatedNumberScheduled" not in status(world)
    world.client.delete("pods", world.client.list("pods", "default")[0])
    world.settle()
    assert {image for _, image in places(world)} == {"one", "two"}


def test_min_ready_seconds_stretch_an_update(world):
    daemon_set(world, minReadySeconds=20)
    assert status(world)["numberAvailable"] == 2
    before = world.clock.now
    set_image(world, "two")
    world.settle()
    assert world.clock.now - before > 40
    assert status(world)["updatedNumberScheduled"] == status(world)["numberAvailable"] == 2


def test_a_pod_that_fails_again_and_again_is_replaced_less_and_less_often(world):
    daemon_set(world, pod={"nodeSelector": {"kubernetes.io/hostname": "worker-1"}})

    def fail():
        (pod,) = world.client.list("pods", "default")
        world.client.set_status("pods", pod, {**pod["status"], "phase": "Failed"})
        return pod["metadata"]["name"]

    waits = []
    for _ in range(4):
        name, since = fail(), world.clock.now
        while name in world.names("pods"):
            assert world.clock.step()
        waits.append(world.clock.now - since)
        world.settle()
    assert waits == sorted(waits)
    assert waits[0] < 1 < waits[-1]
    assert any(e.startswith("FailedDaemonPod: Found failed daemon pod") for e in world.events(SETS, "agent"))


def test_a_deleted_set_takes_its_pods_and_its_history(world):
    ds = daemon_set(world)
    world.client.delete(SETS, ds)
    world.settle()
    assert (world.names("pods"), world.names(REVISIONS)) == ([], [])


def test_old_revisions_above_the_limit_go(world):
    daemon_set(world, revisionHistoryLimit=1)
    for image in ("two", "three", "four"):
        set_image(world, image)
        world.settle()
    assert sorted(r["revision"] for r in world.client.list(REVISIONS)) == [3, 4]
