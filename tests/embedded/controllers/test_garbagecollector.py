"""Garbage collection: background, foreground, orphans, owners that never were, pods of lost nodes."""

DEPLOYMENTS = "deployments.apps"
SETS = "replicasets.apps"


def config_map(world, name, *owners, finalizers=(), blocks=False):
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            **({"blockOwnerDeletion": True} if blocks else {}),
        }
        for owner in owners
    ]
    metadata = {"name": name, "namespace": "default", "finalizers": list(finalizers)}
    return world.client.create("configmaps", {"metadata": {**metadata, "ownerReferences": references}})


def config_maps(world):
    world.settle()
    return [name for name in world.names("configmaps") if name != "kube-root-ca.crt"]


def test_a_deleted_deployment_takes_its_replica_sets_and_pods_with_it(world):
    deployment = world.deploy()
    world.client.delete(DEPLOYMENTS, deployment)
    world.settle()
    assert world.names(DEPLOYMENTS) == world.names(SETS) == world.names("pods") == []


def test_foreground_deletion_lets_the_owner_go_last(world):
    deployment = world.deploy()
    world.client.delete(DEPLOYMENTS, deployment, propagation="Foreground")
    world.clock.advance(0.2)
    going = world.get(DEPLOYMENTS, "web")
    assert going["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert world.get(SETS, world.names(SETS)[0])["metadata"]["deletionTimestamp"]
    world.settle()
    assert world.names(DEPLOYMENTS) == world.names(SETS) == world.names("pods") == []


def test_orphans_stay_without_their_owner_and_are_adopted_by_the_next(world):
    deployment = world.deploy()
    world.client.delete(DEPLOYMENTS, deployment, propagation="Orphan")
    world.settle()
    (name,) = world.names(SETS)
    assert "ownerReferences" not in world.get(SETS, name)["metadata"]
    assert len(world.names("pods")) == 3
    world.deploy()
    assert world.names(SETS) == [name] and world.get(SETS, name)["metadata"]["ownerReferences"]


def test_an_object_whose_owner_never_was_is_garbage(world):
    ghost = {"metadata": {"name": "ghost", "uid": "00000000-0000-0000-0000-000000000000"}}
    config_map(world, "child", ghost)
    assert config_maps(world) == []


def test_an_owner_of_the_same_name_and_another_uid_does_not_count(world):
    first = config_map(world, "owner")
    config_map(world, "child", first)
    world.client.delete("configmaps", first)
    config_map(world, "owner")
    assert config_maps(world) == ["owner"]


def test_an_object_with_two_owners_goes_with_the_last_of_them(world):
    one, two = config_map(world, "one"), config_map(world, "two")
    config_map(world, "child", one, two)
    world.client.delete("configmaps", one)
    assert config_maps(world) == ["child", "two"]
    assert len(world.get("configmaps", "child")["metadata"]["ownerReferences"]) == 1
    world.client.delete("configmaps", two)
    assert config_maps(world) == []


def test_only_dependents_that_block_hold_up_a_foreground_deletion(world):
    owner = config_map(world, "owner")
    config_map(world, "held", owner, finalizers=["example.com/hold"])
    world.client.delete("configmaps", owner, propagation="Foreground")
    assert config_maps(world) == ["held"]
    other = config_map(world, "other")
    held = config_map(world, "blocking", other, finalizers=["example.com/hold"], blocks=True)
    world.client.delete("configmaps", other, propagation="Foreground")
    assert config_maps(world) == ["blocking", "held", "other"]
    held = world.get("configmaps", "blocking")
    world.client.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
    assert config_maps(world) == ["held"]


def test_the_pods_of_a_deleted_node_are_given_up_after_a_while(world):
    world.deploy(replicas=2)
    lost = [pod for pod in world.client.list("pods") if pod["spec"]["nodeName"] == "worker-2"]
    assert lost
    world.client.delete("nodes", world.get("nodes", "worker-2", ""))
    world.clock.advance(39)
    assert lost[0]["metadata"]["name"] in world.names("pods")
    world.settle()
    assert {pod["spec"]["nodeName"] for pod in world.client.list("pods")} == {"worker-1"}
    assert world.get(DEPLOYMENTS, "web")["status"]["availableReplicas"] == 2
