"""Volumes and claims: who gets which, what becomes of a volume, who makes new ones, who keeps them."""

from __future__ import annotations

import pytest

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"


def volume(world, name, size="1Gi", modes=("ReadWriteOnce",), **spec):
    labels = spec.pop("labels", {})
    wanted = {"capacity": {"storage": size}, "accessModes": list(modes), "storageClassName": "", **spec}
    wanted.setdefault("hostPath", {"path": f"/tmp/{name}"})
    return world.registry.create(VOLUMES, {"metadata": {"name": name, "labels": labels}, "spec": wanted})


def claim(world, name="data", size="1Gi", modes=("ReadWriteOnce",), **spec):
    wanted = {"resources": {"requests": {"storage": size}}, "accessModes": list(modes), **spec}
    return world.registry.create(
        CLAIMS,
        {"metadata": {"name": name, "namespace": "default"}, "spec": {"storageClassName": "", **wanted}},
    )


def pod(world, name, *claims, **source):
    volumes = [{"name": c, "persistentVolumeClaim": {"claimName": c}} for c in claims]
    if source:
        volumes.append({"name": "scratch", **source})
    spec = {"containers": [{"name": "a", "image": "busybox:1.37"}], "volumes": volumes}
    return world.registry.create("pods", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})


def bound_to(world, name="data"):
    found = world.get(CLAIMS, name)
    return found["spec"].get("volumeName"), found["status"]["phase"]


def phase(world, name):
    return world.get(VOLUMES, name, "")["status"]["phase"]


def delete(world, resource, name):
    namespace = "" if resource == VOLUMES else "default"
    world.client.delete(resource, world.get(resource, name, namespace))
    world.settle()


# -- who gets which ---------------------------------------------------------------------------------


def test_a_claim_gets_the_smallest_volume_that_is_large_enough(world):
    for name, size in (("large", "10Gi"), ("right", "2Gi"), ("small", "500Mi")):
        volume(world, name, size)
    claim(world, size="1Gi")
    world.settle()
    assert bound_to(world) == ("right", "Bound")
    assert world.get(CLAIMS, "data")["status"]["capacity"] == {"storage": "2Gi"}
    assert phase(world, "large") == "Available"


def test_a_volume_that_can_do_more_is_left_to_who_needs_it(world):
    volume(world, "shared", "1Gi", ("ReadWriteOnce", "ReadWriteMany"))
    volume(world, "plain", "5Gi")
    claim(world)
    world.settle()
    assert bound_to(world)[0] == "plain"


@pytest.mark.parametrize(
    "wish",
    [
        {"storageClassName": "fast"},
        {"modes": ("ReadWriteMany",)},
        {"size": "2Gi"},
        {"selector": {"matchLabels": {"tier": "gold"}}},
        {"volumeMode": "Block"},
    ],
)
def test_a_claim_that_no_volume_satisfies_stays_pending(world, wish):
    volume(world, "v", labels={"tier": "silver"})
    claim(world, **wish)
    world.settle()
    assert bound_to(world) == (None, "Pending")


def test_a_volume_made_later_is_found_at_once(world):
    claim(world)
    world.settle()
    nothing = "FailedBinding: no persistent volumes available for this claim and no storage class is set"
    assert world.events(CLAIMS, "data") == [nothing]
    volume(world, "late")
    world.settle()
    assert bound_to(world) == ("late", "Bound")


def test_two_claims_never_share_a_volume(world):
    volume(world, "one")
    claim(world, "a")
    claim(world, "b")
    world.settle()
    assert sorted([bound_to(world, "a"), bound_to(world, "b")], key=str) == [
        ("one", "Bound"),
        (None, "Pending"),
    ]


def test_a_volume_reserved_by_name_goes_to_nobody_else(world):
    volume(world, "kept", claimRef={"namespace": "default", "name": "mine"})
    claim(world, "other")
    world.settle()
    assert bound_to(world, "other") == (None, "Pending")
    claim(world, "mine")
    world.settle()
    assert bound_to(world, "mine") == ("kept", "Bound")


# -- what becomes of a volume -----------------------------------------------------------------------


def test_a_retained_volume_is_released_and_free_again_when_its_claim_is_taken_out(world):
    volume(world, "v")
    claim(world)
    world.settle()
    delete(world, CLAIMS, "data")
    assert phase(world, "v") == "Released"
    claim(world)
    world.settle()
    assert bound_to(world) == (None, "Pending")
    released = world.get(VOLUMES, "v", "")
    spec = {name: value for name, value in released["spec"].items() if name != "claimRef"}
    world.client.update(VOLUMES, {**released, "spec": spec})
    world.settle()
    assert bound_to(world) == ("v", "Bound")


def test_a_deleted_volume_stays_until_its_claim_is_gone(world):
    volume(world, "v")
    claim(world)
    world.settle()
    delete(world, VOLUMES, "v")
    assert "deletionTimestamp" in world.get(VOLUMES, "v", "")["metadata"]
    delete(world, CLAIMS, "data")
    assert world.client.get(VOLUMES, "", "v") is None


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            {"hostPath": {"path": "/data"}},
            "host_path deleter only supports /tmp/.+ but received provided /data",
        ),
        (
            {"hostPath": None, "nfs": {"server": "nfs", "path": "/"}},
            'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
        ),
    ],
)
def test_a_volume_that_cannot_be_deleted_has_failed(world, source, why):
    source = {name: value for name, value in {"hostPath": {"path": "/x"}, **source}.items() if value}
    metadata = {"name": "v"}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **source}
    spec["persistentVolumeReclaimPolicy"] = "Delete"
    world.registry.create(VOLUMES, {"metadata": metadata, "spec": spec})
    claim(world)
    world.settle()
    delete(world, CLAIMS, "data")
    assert phase(world, "v") == "Failed"
    assert world.get(VOLUMES, "v", "")["status"]["message"] == why


# -- who makes new ones -----------------------------------------------------------------------------


def test_the_default_class_waits_for_a_pod_and_makes_the_volume_on_its_node(world):
    world.registry.create(
        CLAIMS,
        {
            "metadata": {"name": "data", "namespace": "default"},
            "spec": {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]},
        },
    )
    world.settle()
    assert bound_to(world) == (None, "Pending")
    assert world.get(CLAIMS, "data")["spec"]["storageClassName"] == "standard"
    pod(world, "user", "data")
    world.settle()
    name, found = bound_to(world)
    assert found == "Bound"
    assert name == f"pvc-{world.get(CLAIMS, 'data')['metadata']['uid']}"
    node = world.get("pods", "user")["spec"]["nodeName"]
    (term,) = world.get(VOLUMES, name, "")["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == [node]
    delete(world, "pods", "user")
    delete(world, CLAIMS, "data")
    assert world.client.list(VOLUMES) == []


def test_of_several_default_classes_the_newest_counts_and_none_is_a_choice(world):
    world.clock.advance(5)
    world.add_class("newer", default=True)
    claim(world, "a", storageClassName=None)
    claim(world, "b", storageClassName="")
    assert world.get(CLAIMS, "a")["spec"]["storageClassName"] == "newer"
    assert world.get(CLAIMS, "b")["spec"]["storageClassName"] == ""


def test_a_claim_that_was_there_before_the_default_class_gets_it(world):
    world.client.delete(
        "storageclasses.storage.k8s.io", world.get("storageclasses.storage.k8s.io", "standard", "")
    )
    claim(world, storageClassName=None)
    world.settle()
    assert "storageClassName" not in {
        k: v for k, v in world.get(CLAIMS, "data")["spec"].items() if v is not None
    }
    world.add_class("new", default=True)
    world.clock.advance(20)
    assert world.get(CLAIMS, "data")["spec"]["storageClassName"] == "new"


def test_the_provisioner_refuses_what_a_directory_on_a_node_cannot_be_and_tries_again_later(world):
    claim(world, modes=("ReadWriteMany",), storageClassName="standard")
    pod(world, "user", "data")
    world.settle()
    refused = (
        'ProvisioningFailed: failed to provision volume with StorageClass "standard": NodePath only supports '
        "ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"
    )
    assert refused in world.events(CLAIMS, "data")
    assert "nodeName" not in world.get("pods", "user")["spec"]


# -- who keeps them ---------------------------------------------------------------------------------


def test_a_claim_in_use_stays_until_its_last_pod_is_gone(world):
    claim(world, storageClassName="standard")
    pod(world, "one", "data")
    world.settle()
    pod(world, "two", "data")
    world.settle()
    delete(world, CLAIMS, "data")
    delete(world, "pods", "one")
    assert "deletionTimestamp" in world.get(CLAIMS, "data")["metadata"]
    delete(world, "pods", "two")
    assert world.client.get(CLAIMS, "default", "data") is None


def test_a_claim_tells_since_when_no_pod_uses_it(world):
    volume(world, "v")
    claim(world)
    world.settle()

    def unused():
        (condition,) = world.get(CLAIMS, "data")["status"]["conditions"]
        return condition["status"], condition["reason"]

    assert unused() == ("True", "NoPodsUsingPVC")
    pod(world, "user", "data")
    world.settle()
    assert unused() == ("False", "PodUsingPVC")
    delete(world, "pods", "user")
    assert unused() == ("True", "NoPodsUsingPVC")


def test_a_claim_whose_volume_is_taken_away_by_force_is_lost(world):
    volume(world, "v")
    claim(world)
    world.settle()
    delete(world, VOLUMES, "v")
    going = world.get(VOLUMES, "v", "")
    world.client.update(VOLUMES, {**going, "metadata": {**going["metadata"], "finalizers": []}})
    world.settle()
    assert bound_to(world) == ("v", "Lost")
    lost = "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    assert lost in world.events(CLAIMS, "data")


def test_an_ephemeral_volume_comes_and_goes_with_its_pod(world):
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    pod(world, "web", ephemeral={"volumeClaimTemplate": template})
    world.settle()
    assert world.names(CLAIMS) == ["web-scratch"]
    assert bound_to(world, "web-scratch")[1] == "Bound"
    delete(world, "pods", "web")
    assert world.names(CLAIMS) == []
    assert world.client.list(VOLUMES) == []
