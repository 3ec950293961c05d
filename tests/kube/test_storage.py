"""Which volume suits which claim."""

from __future__ import annotations

from k8slearn.kube import storage


def volume(name, size="1Gi", modes=("ReadWriteOnce",), **spec):
    body = {"capacity": {"storage": size}, "accessModes": list(modes), **spec}
    return {"metadata": {"name": name}, "spec": body, "status": {"phase": "Available"}}


def claim(size="1Gi", modes=("ReadWriteOnce",), **spec):
    body = {"resources": {"requests": {"storage": size}}, "accessModes": list(modes), **spec}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c", "namespace": "default", "uid": "1", "resourceVersion": "7"},
        "spec": body,
    }


def name_of(found):
    return found and found["metadata"]["name"]


def test_a_reserved_volume_comes_before_one_that_fits_better():
    kept = volume("kept", "9Gi", claimRef={"namespace": "default", "name": "c"})
    assert name_of(storage.best_match(claim(), [volume("exact"), kept])) == "kept"


def test_a_reserved_volume_that_does_not_fit_the_node_means_none():
    kept = volume("kept", claimRef={"namespace": "default", "name": "c"})
    found = storage.best_match(claim(), [kept, volume("free")], fits=lambda v: v is not kept)
    assert found is None


def test_a_volume_bound_to_a_claim_that_had_the_same_name_is_not_free():
    old = volume("old", claimRef={"namespace": "default", "name": "c", "uid": "0"})
    assert storage.best_match(claim(), [old]) is None
    assert not storage.is_reserved_for(old, claim())


def test_sizes_are_compared_as_amounts():
    assert not storage.mismatch(volume("v", "1Gi"), claim("1024Mi"))
    assert storage.mismatch(volume("v", "1G"), claim("1Gi")) == "requested PV is too small"


def test_the_old_annotation_overrules_the_class():
    named = claim(storageClassName="new")
    named["metadata"]["annotations"] = {storage.BETA_CLASS: "old"}
    assert storage.class_of(named) == "old"


def test_only_who_was_not_asked_for_by_name_is_marked_as_bound_by_the_controller():
    asked = storage.reserved(volume("v", claimRef={"namespace": "default", "name": "c"}), claim())
    chosen = storage.reserved(volume("v"), claim())
    assert storage.annotations_of(asked) == {}
    assert storage.annotations_of(chosen) == {storage.BOUND_BY_CONTROLLER: "yes"}
    assert chosen["spec"]["claimRef"]["uid"] == asked["spec"]["claimRef"]["uid"] == "1"
    assert storage.reserved(chosen, claim()) is chosen


def test_access_modes_have_short_names_in_a_fixed_order():
    assert storage.short_modes(["ReadWriteMany", "ReadWriteOnce"]) == "RWO,RWX"
