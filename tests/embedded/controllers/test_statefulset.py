"""StatefulSets: who waits for whom, partitions, pods that end or hang, claims and who owns them."""

import pytest

from k8slearn.embedded import bootstrap
from k8slearn.embedded.apiserver.status import forbidden

SETS = "statefulsets.apps"
REVISIONS = "controllerrevisions.apps"
CLAIMS = "persistentvolumeclaims"


def stateful_set(world, replicas=3, image="one", name="db", **spec):
    labels = {"app": name}
    pod_spec = {"containers": [{"name": "db", "image": image}]}
    wanted = {
        "replicas": replicas,
        "serviceName": name,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod_spec},
        **spec,
    }
    metadata = {"name": name, "namespace": "default"}
    created = world.registry.create(SETS, {"metadata": metadata, "spec": wanted})
    world.settle()
    return created


def change(world, **spec):
    sts = world.get(SETS, "db")
    world.client.update(SETS, {**sts, "spec": {**sts["spec"], **spec}})


def set_image(world, image):
    template = world.get(SETS, "db")["spec"]["template"]
    containers = [{**template["spec"]["containers"][0], "image": image}]
    change(world, template={**template, "spec": {**template["spec"], "containers": containers}})


def images(world):
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in world.client.list("pods", "default")
    }


def history_of(world):
    """Events as ``create db-0``, in the order in which they happened last."""
    words = [event.split() for event in world.events(SETS, "db")]
    return [f"{said[1].lower()} {said[3]}" for said in words]


def kill(world, name):
    world.client.delete("pods", world.get("pods", name))


def test_each_pod_waits_until_the_one_before_is_ready(world):
    world.clock.advance(0.5)
    sts = stateful_set(world, replicas=0)
    change(world, replicas=2)
    world.clock.advance(0.5)
    assert world.names("pods") == ["db-0"]
    world.settle()
    assert world.names("pods") == ["db-0", "db-1"]
    pod = world.get("pods", "db-1")
    revision = world.names(REVISIONS)[0]
    assert pod["metadata"]["labels"] == {
        "app": "db",
        "apps.kubernetes.io/pod-index": "1",
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": "db-1",
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-1", "db")
    assert pod["metadata"]["ownerReferences"][0]["uid"] == sts["metadata"]["uid"]
    assert world.get(SETS, "db")["status"] == {
        "observedGeneration": 2,
        "replicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "currentReplicas": 2,
        "updatedReplicas": 2,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
    }


def test_pods_are_deleted_from_the_highest_one_by_one(world):
    stateful_set(world)
    change(world, replicas=1)
    world.clock.advance(0.2)
    going = [p["metadata"]["name"] for p in world.client.list("pods") if "deletionTimestamp" in p["metadata"]]
    assert going == ["db-2"]
    world.settle()
    assert history_of(world)[-2:] == ["delete db-2", "delete db-1"]
    assert world.names("pods") == ["db-0"]


def test_parallel_pods_wait_for_nobody(world):
    stateful_set(world, podManagementPolicy="Parallel", image="broken")
    assert world.names("pods") == ["db-0", "db-1", "db-2"]
    change(world, replicas=0)
    world.settle()
    assert world.names("pods") == []


def test_a_broken_first_pod_keeps_the_others_from_being_made(world):
    stateful_set(world, image="broken")
    world.clock.advance(600)
    assert world.names("pods") == ["db-0"]


def test_ordinals_begin_where_the_spec_says(world):
    stateful_set(world, replicas=2, ordinals={"start": 7})
    assert world.names("pods") == ["db-7", "db-8"]
    change(world, ordinals={"start": 8})
    world.settle()
    assert world.names("pods") == ["db-8", "db-9"]


def test_min_ready_seconds_stretch_the_wait_between_pods(world):
    stateful_set(world, replicas=0, minReadySeconds=30)
    change(world, replicas=2)
    world.clock.advance(25)
    assert world.names("pods") == ["db-0"]
    assert world.get(SETS, "db")["status"]["availableReplicas"] == 0
    assert world.get(SETS, "db")["status"]["readyReplicas"] == 1
    world.settle()
    assert world.names("pods") == ["db-0", "db-1"]
    assert world.get(SETS, "db")["status"]["availableReplicas"] == 2


def test_an_update_goes_from_the_highest_pod_down(world):
    stateful_set(world)
    set_image(world, "two")
    world.settle()
    assert history_of(world) == [
        f"{done} db-{ordinal}" for ordinal in (2, 1, 0) for done in ("delete", "create")
    ]
    assert set(images(world).values()) == {"two"}


def test_a_partition_keeps_the_lower_pods_as_they_are_even_when_they_are_made_anew(world):
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    stateful_set(world, updateStrategy=partition)
    old = world.get(SETS, "db")["status"]["currentRevision"]
    set_image(world, "two")
    world.settle()
    kill(world, "db-0")
    world.settle()
    assert images(world) == {"db-0": "one", "db-1": "one", "db-2": "two"}
    status = world.get(SETS, "db")["status"]
    assert (status["currentRevision"], status["currentReplicas"], status["updatedReplicas"]) == (old, 2, 1)
    assert status["updateRevision"] != old


def test_max_unavailable_updates_several_at_a_time(world):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}}
    stateful_set(world, replicas=5, updateStrategy=rolling)
    set_image(world, "two")
    world.clock.advance(0.1)
    going = [p["metadata"]["name"] for p in world.client.list("pods") if "deletionTimestamp" in p["metadata"]]
    assert going == ["db-3", "db-4"]
    world.settle()
    assert set(images(world).values()) == {"two"}


def test_on_delete_leaves_the_update_to_whoever_deletes_the_pods(world):
    stateful_set(world, replicas=2, updateStrategy={"type": "OnDelete"})
    set_image(world, "two")
    world.settle()
    kill(world, "db-1")
    world.settle()
    assert images(world) == {"db-0": "one", "db-1": "two"}


def test_going_back_does_not_mend_a_broken_update_until_the_pod_is_deleted(world):
    stateful_set(world, replicas=2)
    set_image(world, "broken")
    world.settle()
    set_image(world, "one")
    world.clock.advance(600)
    assert images(world) == {"db-0": "one", "db-1": "broken"}
    kill(world, "db-1")
    world.settle()
    assert images(world) == {"db-0": "one", "db-1": "one"}
    assert world.get(SETS, "db")["status"]["updatedReplicas"] == 2


def test_going_back_gives_the_old_revision_the_next_number(world):
    stateful_set(world, replicas=1)
    (first,) = world.names(REVISIONS)
    set_image(world, "two")
    world.settle()
    set_image(world, "one")
    world.settle()
    numbers = {r["metadata"]["name"]: r["revision"] for r in world.client.list(REVISIONS)}
    assert numbers[first] == 3
    assert sorted(numbers.values()) == [2, 3]


def test_old_revisions_above_the_limit_go(world):
    stateful_set(world, replicas=1, revisionHistoryLimit=1)
    for image in ("two", "three", "four"):
        set_image(world, image)
        world.settle()
    assert sorted(r["revision"] for r in world.client.list(REVISIONS)) == [3, 4]


def test_a_revisions_name_that_another_has_is_counted_as_a_collision(world):
    stateful_set(world, replicas=1)
    (name,) = world.names(REVISIONS)
    taken = world.get(REVISIONS, name)
    world.client.delete(SETS, world.get(SETS, "db"))
    world.settle()
    bare = {"metadata": {"name": name, "namespace": "default"}, "data": {"a": 1}, "revision": 1}
    world.client.create(REVISIONS, bare)
    stateful_set(world, replicas=1)
    status = world.get(SETS, "db")["status"]
    assert status["collisionCount"] == 1
    assert status["currentRevision"] != name
    assert world.get(REVISIONS, status["currentRevision"])["data"] == taken["data"]


def test_a_revisions_hash_is_a_real_clusters(world):
    """Recorded: the StatefulSet s of busybox:1.37 with `sleep 3600` and no grace period."""
    template = {
        "metadata": {"labels": {"app": "s"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": "busybox:1.37", "command": ["sleep", "3600"]}],
        },
    }
    stateful_set(world, name="s", selector={"matchLabels": {"app": "s"}}, template=template)
    assert world.names(REVISIONS) == ["s-78979c654d"]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_has_ended_is_replaced(world, phase):
    stateful_set(world, replicas=2)
    pod = world.get("pods", "db-0")
    world.client.set_status("pods", pod, {**pod["status"], "phase": phase})
    world.settle()
    assert world.get("pods", "db-0")["metadata"]["uid"] != pod["metadata"]["uid"]
    assert history_of(world)[-2:] == ["delete db-0", "create db-0"]


def test_a_pod_that_is_terminating_is_never_replaced_while_it_is_there(world):
    stateful_set(world, replicas=2)
    world.kubelet.reconcile = lambda key: None  # the node is lost: nobody ends the pod
    kill(world, "db-0")
    world.clock.advance(3600)
    assert "deletionTimestamp" in world.get("pods", "db-0")["metadata"]
    assert history_of(world) == ["create db-0", "create db-1"]


def test_a_bare_pod_of_the_right_name_is_adopted_and_labelled(world):
    bare = {"name": "db-0", "namespace": "default", "labels": {"app": "db"}}
    world.registry.create("pods", {"metadata": bare, "spec": {"containers": [{"name": "a", "image": "b"}]}})
    other = {"name": "other", "namespace": "default", "labels": {"app": "db"}}
    world.registry.create("pods", {"metadata": other, "spec": {"containers": [{"name": "a", "image": "b"}]}})
    stateful_set(world, replicas=1, updateStrategy={"type": "OnDelete"})
    assert world.get("pods", "db-0")["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "0"
    assert "ownerReferences" not in world.get("pods", "other")["metadata"]
    assert world.events(SETS, "db") == ["SuccessfulUpdate: Update Pod db-0 in StatefulSet db successful"]


def test_a_refused_pod_is_told_of_and_tried_again(world, monkeypatch):
    create = world.registry.create

    def refuse(resource, obj, **options):
        if resource == "pods":
            raise forbidden("pods", obj["metadata"]["name"], "exceeded quota: small")
        return create(resource, obj, **options)

    monkeypatch.setattr(world.registry, "create", refuse)
    stateful_set(world, replicas=1)
    assert world.events(SETS, "db") == [
        'FailedCreate: Create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: '
        "exceeded quota: small"
    ]
    monkeypatch.undo()
    world.clock.advance(1200)
    assert world.names("pods") == ["db-0"]


def test_an_orphaned_sets_pods_and_revisions_are_taken_over_by_one_like_it(world):
    stateful_set(world, replicas=2)
    uids = [pod["metadata"]["uid"] for pod in world.client.list("pods")]
    world.client.delete(SETS, world.get(SETS, "db"), propagation="Orphan")
    world.settle()
    assert len(world.names("pods")) == 2
    stateful_set(world, replicas=2)
    assert [pod["metadata"]["uid"] for pod in world.client.list("pods")] == uids
    assert len(world.names(REVISIONS)) == 1


# -- claims


def with_claims(world, replicas=2, **policy):
    bootstrap.objects(world.client)  # the class "standard", which makes volumes
    disk = {
        "metadata": {"name": "disk", "labels": {"kind": "disk"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    policy = {"whenDeleted": "Retain", "whenScaled": "Retain", **policy}
    return stateful_set(
        world, replicas=replicas, volumeClaimTemplates=[disk], persistentVolumeClaimRetentionPolicy=policy
    )


def owners_of(world):
    return {
        claim["metadata"]["name"]: [owner["name"] for owner in claim["metadata"].get("ownerReferences", [])]
        for claim in world.client.list(CLAIMS, "default")
    }


def test_claims_outlive_their_pods_and_are_found_again(world):
    with_claims(world)
    claim = world.get(CLAIMS, "disk-db-1")
    assert claim["metadata"]["labels"] == {"kind": "disk", "app": "db"}
    assert world.get("pods", "db-1")["spec"]["volumes"][0] == {
        "name": "disk",
        "persistentVolumeClaim": {"claimName": "disk-db-1"},
    }
    change(world, replicas=1)
    world.settle()
    change(world, replicas=2)
    world.settle()
    assert world.get(CLAIMS, "disk-db-1")["metadata"]["uid"] == claim["metadata"]["uid"]
    assert "SuccessfulCreate: Create Claim disk-db-1 Pod db-1 in StatefulSet db success" in world.events(
        SETS, "db"
    )
    world.client.delete(SETS, world.get(SETS, "db"))
    world.settle()
    assert owners_of(world) == {"disk-db-0": [], "disk-db-1": []}


def test_claims_go_with_the_set_when_the_policy_says_so(world):
    with_claims(world, whenDeleted="Delete")
    assert owners_of(world) == {"disk-db-0": ["db"], "disk-db-1": ["db"]}
    change(world, replicas=1)
    world.settle()
    assert owners_of(world) == {"disk-db-0": ["db"], "disk-db-1": ["db"]}
    world.client.delete(SETS, world.get(SETS, "db"))
    world.settle()
    assert owners_of(world) == {}


def test_claims_go_with_a_pod_that_is_scaled_away_when_the_policy_says_so(world):
    with_claims(world, whenScaled="Delete")
    assert owners_of(world) == {"disk-db-0": [], "disk-db-1": []}
    kill(world, "db-1")
    world.settle()
    assert owners_of(world) == {"disk-db-0": [], "disk-db-1": []}
    change(world, replicas=1)
    world.clock.advance(0.2)
    assert owners_of(world)["disk-db-1"] == ["db-1"]
    change(world, replicas=2)
    world.settle()
    world.clock.advance(10)
    assert owners_of(world) == {"disk-db-0": [], "disk-db-1": []}
    assert world.names("pods") == ["db-0", "db-1"]


def test_a_changed_policy_reaches_the_claims_that_are_there(world):
    with_claims(world)
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    change(world, persistentVolumeClaimRetentionPolicy=policy)
    world.settle()
    assert owners_of(world) == {"disk-db-0": ["db"], "disk-db-1": ["db"]}


def test_a_claim_that_somebody_else_manages_is_left_to_them(world):
    other = {"apiVersion": "v1", "kind": "Node", "name": "worker-1", "controller": True}
    other["uid"] = world.get("nodes", "worker-1", "")["metadata"]["uid"]
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": "disk-db-0", "namespace": "default", "ownerReferences": [other]}
    world.registry.create(CLAIMS, {"metadata": metadata, "spec": spec})
    with_claims(world, replicas=1, whenDeleted="Delete")
    assert owners_of(world) == {"disk-db-0": ["worker-1"]}
