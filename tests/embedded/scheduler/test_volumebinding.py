"""Where a pod may run, as its claims are: nothing here makes or binds volumes but the tests."""

from __future__ import annotations

import pytest

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"


def storage_class(yard, name="slow", provisioner="example.com/disks", **fields):
    cls = {"provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer", **fields}
    yard.client.create("storageclasses.storage.k8s.io", {"metadata": {"name": name}, **cls})


def claim(yard, name="data", cls="slow", modes=("ReadWriteOnce",), volume="", size="1Gi"):
    spec = {
        "accessModes": list(modes),
        "resources": {"requests": {"storage": size}},
        "storageClassName": cls,
        **({"volumeName": volume} if volume else {}),
    }
    done = {"pv.kubernetes.io/bind-completed": "yes"} if volume else {}
    metadata = {"name": name, "namespace": "default", "annotations": done}
    made = yard.client.create(CLAIMS, {"metadata": metadata, "spec": spec})
    if volume:
        made = yard.client.set_status(CLAIMS, made, {"phase": "Bound"})
    return made


def volume(yard, name, node=None, cls="slow", size="1Gi"):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "storageClassName": cls,
        "hostPath": {"path": "/x"},
    }
    if node:
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}
    made = yard.client.create(VOLUMES, {"metadata": {"name": name}, "spec": spec})
    yard.client.set_status(VOLUMES, made, {"phase": "Available"})


def finish(yard, name="data", volume="made"):
    """What the volume controller does when a volume is there."""
    current = yard.client.get(CLAIMS, "default", name)
    notes = {**current["metadata"].get("annotations", {}), "pv.kubernetes.io/bind-completed": "yes"}
    metadata = {**current["metadata"], "annotations": notes}
    yard.client.update(
        CLAIMS, {**current, "metadata": metadata, "spec": {**current["spec"], "volumeName": volume}}
    )
    yard.clock.settle()


def using(*claims):
    return [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]


def test_a_pod_goes_where_its_volume_is(yard):
    for node in ("worker-1", "worker-2"):
        volume(yard, f"on-{node}", node)
        claim(yard, f"c-{node}", volume=f"on-{node}")
        assert yard.place(f"p-{node}", volumes=using(f"c-{node}")) == node


def test_volumes_on_two_nodes_leave_no_node(yard):
    for node in ("worker-1", "worker-2"):
        volume(yard, f"on-{node}", node)
        claim(yard, f"c-{node}", volume=f"on-{node}")
    assert yard.refusal("torn", volumes=using("c-worker-1", "c-worker-2")) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's "
        "node affinity. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


@pytest.mark.parametrize("cls", ["", "nosuch"])
def test_a_claim_that_waits_for_no_pod_must_be_bound_first(yard, cls):
    claim(yard, cls=cls)
    assert yard.refusal("user", volumes=using("data")) == UNBOUND


def test_a_missing_claim_is_named_and_the_pod_goes_on_when_it_is_there(yard):
    missing = '0/3 nodes are available: persistentvolumeclaim "data" not found. not found'
    assert yard.refusal("user", volumes=using("data")) == missing
    volume(yard, "v", "worker-2")
    claim(yard, volume="v")
    yard.clock.settle()
    assert yard.node_of("user") == "worker-2"


def test_the_node_is_chosen_first_and_the_pod_bound_when_its_volume_is_there(yard):
    storage_class(yard)
    claim(yard)
    assert yard.place("user", volumes=using("data")) is None
    chosen = yard.client.get(CLAIMS, "default", "data")["metadata"]["annotations"]
    node = chosen["volume.kubernetes.io/selected-node"]
    volume(yard, "made", node)
    finish(yard)
    assert yard.node_of("user") == node
    assert yard.events("user") == [f"Normal Scheduled: Successfully assigned default/user to {node}"]


def test_a_pod_that_waits_for_its_volume_holds_its_place(yard):
    storage_class(yard)
    claim(yard)
    yard.place("user", {"cpu": "3"}, volumes=using("data"))
    held = yard.client.get(CLAIMS, "default", "data")["metadata"]["annotations"]
    other = ({"worker-1", "worker-2"} - {held["volume.kubernetes.io/selected-node"]}).pop()
    assert yard.place("big", {"cpu": "3"}) == other
    yard.client.delete("pods", yard.pod("user"), grace_seconds=0)
    assert yard.place("next", {"cpu": "3"}) == held["volume.kubernetes.io/selected-node"]


def test_a_volume_that_never_comes_is_waited_for_ten_minutes(yard):
    storage_class(yard)
    claim(yard)
    yard.place("user", volumes=using("data"))
    yard.clock.advance(601)
    assert yard.events("user") == [
        'Warning FailedScheduling: running PreBind plugin "VolumeBinding": binding volumes: context deadline '
        "exceeded"
    ]


def test_a_free_volume_on_a_node_is_reserved_for_the_pod_that_goes_there(yard):
    storage_class(yard, provisioner="kubernetes.io/no-provisioner")
    volume(yard, "large", "worker-2", size="5Gi")
    volume(yard, "fits", "worker-2", size="2Gi")
    claim(yard)
    yard.place("user", volumes=using("data"))
    reference = yard.client.get(VOLUMES, "", "fits")["spec"]["claimRef"]
    assert (reference["name"], reference["kind"]) == ("data", "PersistentVolumeClaim")
    finish(yard, volume="fits")
    assert yard.node_of("user") == "worker-2"


def test_without_a_provisioner_there_must_be_free_volumes(yard):
    storage_class(yard, provisioner="kubernetes.io/no-provisioner")
    claim(yard)
    assert yard.refusal("user", volumes=using("data")) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't find available persistent "
        "volumes to bind. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_a_class_may_allow_only_some_nodes(yard):
    wanted = {"key": "kubernetes.io/hostname", "values": ["worker-2"]}
    storage_class(yard, allowedTopologies=[{"matchLabelExpressions": [wanted]}])
    claim(yard)
    yard.place("user", volumes=using("data"))
    chosen = yard.client.get(CLAIMS, "default", "data")["metadata"]["annotations"]
    assert chosen["volume.kubernetes.io/selected-node"] == "worker-2"


def test_a_claim_for_one_pod_is_free_again_when_that_pod_is_gone(yard):
    volume(yard, "v")
    claim(yard, modes=("ReadWriteOncePod",), volume="v")
    assert yard.place("first", volumes=using("data"))
    assert "ReadWriteOncePod access mode already in-use by another pod" in yard.refusal(
        "second", volumes=using("data")
    )
    yard.client.delete("pods", yard.pod("first"), grace_seconds=0)
    yard.clock.settle()
    assert yard.node_of("second")
