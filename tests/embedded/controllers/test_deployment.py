"""Deployments: rollouts, scaling, pause, history. Numbers and texts are those recorded of a real cluster."""

import re

DEPLOYMENTS = "deployments.apps"
SETS = "replicasets.apps"


def revision(rs):
    return rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"]


def by_image(world, image):
    return next(
        rs
        for rs in world.client.list(SETS)
        if rs["spec"]["template"]["spec"]["containers"][0]["image"] == image
    )


def test_a_new_deployment_gets_one_replica_set_and_becomes_available(world):
    world.deploy(replicas=2)
    (rs,) = world.client.list(SETS)
    hashed = rs["metadata"]["labels"]["pod-template-hash"]
    assert rs["metadata"]["name"] == f"web-{hashed}" and re.fullmatch("[456789bcdf]+", hashed)
    assert rs["metadata"]["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "2",
        "deployment.kubernetes.io/max-replicas": "3",
        "deployment.kubernetes.io/revision": "1",
    }
    assert rs["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": hashed}
    deployment = world.get(DEPLOYMENTS, "web")
    assert deployment["metadata"]["generation"] == 1
    assert deployment["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    status = dict(deployment["status"])
    conditions = status.pop("conditions")
    assert status == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
    }
    assert [(c["type"], c["status"], c["reason"], c["message"]) for c in conditions] == [
        ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        (
            "Progressing",
            "True",
            "NewReplicaSetAvailable",
            f'ReplicaSet "web-{hashed}" has successfully progressed.',
        ),
    ]
    assert world.events(DEPLOYMENTS, "web") == [
        f"ScalingReplicaSet: Scaled up replica set web-{hashed} from 0 to 2"
    ]


def test_a_rollout_of_three_goes_pod_by_pod_and_the_tenth_event_is_combined(world):
    world.deploy(replicas=3)
    world.set_image("nginx:1.28")
    world.settle()
    old, new = (by_image(world, image)["metadata"]["name"] for image in ("nginx:1.27", "nginx:1.28"))
    world.set_image("nginx:1.27")
    world.settle()
    steps = [event.removeprefix("ScalingReplicaSet: ") for event in world.events(DEPLOYMENTS, "web")]
    assert steps == [
        f"Scaled up replica set {old} from 0 to 3",
        f"Scaled up replica set {new} from 0 to 1",
        f"Scaled down replica set {old} from 3 to 2",
        f"Scaled up replica set {new} from 1 to 2",
        f"Scaled down replica set {old} from 2 to 1",
        f"Scaled up replica set {new} from 2 to 3",
        f"Scaled down replica set {old} from 1 to 0",
        f"Scaled up replica set {old} from 0 to 1",
        f"Scaled down replica set {new} from 3 to 2",
        f"(combined from similar events): Scaled down replica set {new} from 1 to 0",
    ]
    assert world.sets() == {"nginx:1.27": 3, "nginx:1.28": 0}


def test_going_back_gives_the_old_revision_the_next_number_and_keeps_its_history(world):
    world.deploy()
    world.set_image("nginx:1.28")
    world.settle()
    world.set_image("nginx:1.27")
    world.settle()
    first, second = by_image(world, "nginx:1.27"), by_image(world, "nginx:1.28")
    assert (revision(first), revision(second)) == ("3", "2")
    assert first["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    deployment = world.get(DEPLOYMENTS, "web")
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_a_broken_image_stops_a_rollout_of_five_at_four_old_and_three_new(world):
    world.deploy(replicas=5)
    world.set_image("broken")
    world.settle()
    assert world.sets() == {"nginx:1.27": 4, "broken": 3}
    old, new = (by_image(world, image)["metadata"]["name"] for image in ("nginx:1.27", "broken"))
    assert world.events(DEPLOYMENTS, "web")[1:] == [
        f"ScalingReplicaSet: Scaled up replica set {new} from 0 to 2",
        f"ScalingReplicaSet: Scaled down replica set {old} from 5 to 4",
        f"ScalingReplicaSet: Scaled up replica set {new} from 2 to 3",
    ]
    assert world.condition(DEPLOYMENTS, "web", "Progressing")[1] == "ReplicaSetUpdated"
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 2}}
    world.change(strategy=strategy)
    world.settle()
    assert world.sets() == {"nginx:1.27": 3, "broken": 3}
    assert world.get(DEPLOYMENTS, "web")["status"]["unavailableReplicas"] == 3


def test_a_rollout_that_stands_still_fails_at_its_deadline(world):
    world.deploy(replicas=1, progressDeadlineSeconds=60)
    world.set_image("broken")
    world.settle()
    name = by_image(world, "broken")["metadata"]["name"]
    world.clock.advance(55)
    assert world.condition(DEPLOYMENTS, "web", "Progressing")[0] == "True"
    world.clock.advance(10)
    assert world.condition(DEPLOYMENTS, "web", "Progressing") == (
        "False",
        "ProgressDeadlineExceeded",
        f'ReplicaSet "{name}" has timed out progressing.',
    )
    world.set_image("nginx:1.28")
    world.settle()
    assert world.condition(DEPLOYMENTS, "web", "Progressing")[1] == "NewReplicaSetAvailable"


def test_scaling_is_no_rollout(world):
    world.deploy(replicas=1)
    world.change(replicas=4)
    world.settle()
    world.change(replicas=0)
    world.settle()
    (rs,) = world.client.list(SETS)
    name = rs["metadata"]["name"]
    assert world.events(DEPLOYMENTS, "web") == [
        f"ScalingReplicaSet: Scaled up replica set {name} from 0 to 1",
        f"ScalingReplicaSet: Scaled up replica set {name} from 1 to 4",
        f"ScalingReplicaSet: Scaled down replica set {name} from 4 to 0",
    ]
    status = world.get(DEPLOYMENTS, "web")["status"]
    assert [c["type"] for c in status["conditions"]] == ["Progressing", "Available"]
    assert status["terminatingReplicas"] == 0 and "replicas" not in status


def test_scaling_in_the_middle_of_a_rollout_keeps_the_proportions(world):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    world.deploy(replicas=10, strategy=rolling)
    world.set_image("broken")
    world.settle()
    assert world.sets() == {"nginx:1.27": 8, "broken": 5}
    world.change(replicas=15)
    world.clock.advance(0.02)
    assert world.sets() == {"nginx:1.27": 11, "broken": 7}


def test_a_paused_deployment_scales_but_does_not_roll_out(world):
    world.deploy(replicas=2)
    world.change(paused=True)
    world.set_image("nginx:1.28")
    world.settle()
    assert world.sets() == {"nginx:1.27": 2}
    assert world.condition(DEPLOYMENTS, "web", "Progressing") == (
        "Unknown",
        "DeploymentPaused",
        "Deployment is paused",
    )
    world.change(replicas=3)
    world.settle()
    assert world.sets() == {"nginx:1.27": 3}
    world.change(paused=False)
    world.settle()
    assert world.sets() == {"nginx:1.27": 0, "nginx:1.28": 3}
    assert world.condition(DEPLOYMENTS, "web", "Progressing")[1] == "NewReplicaSetAvailable"


def test_recreate_lets_no_new_pod_start_before_the_last_old_one_is_gone(world):
    world.deploy(replicas=2, strategy={"type": "Recreate"})
    world.set_image("nginx:1.28")
    images = []
    while world.clock.pending:
        world.clock.step()
        images.append({pod["spec"]["containers"][0]["image"] for pod in world.client.list("pods")})
    assert {"nginx:1.27"} in images and set() in images and images[-1] == {"nginx:1.28"}
    assert not any(len(found) > 1 for found in images)


def test_old_revisions_above_the_limit_are_deleted(world):
    world.deploy(revisionHistoryLimit=1, replicas=1)
    for number in (28, 29, 30):
        world.set_image(f"nginx:1.{number}")
        world.settle()
    assert world.sets() == {"nginx:1.29": 0, "nginx:1.30": 1}


def test_a_deleted_replica_set_comes_back_under_its_name(world):
    world.deploy(replicas=1)
    (rs,) = world.client.list(SETS)
    world.client.delete(SETS, rs)
    world.settle()
    (again,) = world.client.list(SETS)
    assert again["metadata"]["name"] == rs["metadata"]["name"]
    assert again["metadata"]["uid"] != rs["metadata"]["uid"]
    assert len(world.names("pods")) == 1


def test_a_name_that_another_replica_set_has_is_a_collision_and_the_next_hash_is_tried(world):
    world.deploy(replicas=0)
    (rs,) = world.client.list(SETS)
    world.client.delete(DEPLOYMENTS, world.get(DEPLOYMENTS, "web"))
    world.settle()
    squatter = {key: rs["metadata"][key] for key in ("name", "namespace")}
    template = {**rs["spec"]["template"], "metadata": {"labels": {"other": "yes"}}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"other": "yes"}}, "template": template}
    world.client.create(SETS, {"metadata": squatter, "spec": spec})
    world.deploy(replicas=1)
    assert world.get(DEPLOYMENTS, "web")["status"]["collisionCount"] == 1
    assert world.get(DEPLOYMENTS, "web")["status"]["availableReplicas"] == 1


def test_the_change_cause_goes_to_the_current_revision(world):
    world.deploy()
    deployment = world.get(DEPLOYMENTS, "web")
    annotations = {**deployment["metadata"]["annotations"], "kubernetes.io/change-cause": "first"}
    metadata = {**deployment["metadata"], "annotations": annotations}
    world.client.update(DEPLOYMENTS, {**deployment, "metadata": metadata})
    world.settle()
    annotations = by_image(world, "nginx:1.27")["metadata"]["annotations"]
    assert annotations["kubernetes.io/change-cause"] == "first"


def test_pods_count_as_available_after_min_ready_seconds(world):
    world.deploy(replicas=2, minReadySeconds=20)
    begun = world.get("pods", world.names("pods")[0])["status"]["conditions"][-1]["lastTransitionTime"]
    status = world.get(DEPLOYMENTS, "web")["status"]
    assert status["availableReplicas"] == 2
    assert world.clock.timestamp() >= begun.replace("T00:00:0", "T00:00:2")


def test_everything_settles_without_a_further_write(world):
    world.deploy(replicas=3)
    before = world.store.revision
    world.clock.advance(3600)
    resources = world.store.resources()
    written = [r for r in resources if any(world.store.changes_since(r, before))]
    assert written == ["leases.coordination.k8s.io"]  # the nodes are alive
