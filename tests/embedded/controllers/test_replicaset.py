"""ReplicaSets: adoption, release, which pods go first, what refusals look like."""

import pytest

from k8slearn.embedded.apiserver.status import forbidden
from k8slearn.embedded.client.workqueue import LATENCY
from k8slearn.embedded.clock import timestamp
from k8slearn.embedded.controllers.replicaset.ranking import deletion_order

SETS = "replicasets.apps"
NOW = 1_800_000_000.0


def replica_set(world, replicas=2, name="frontend"):
    labels = {"tier": "frontend"}
    pod_spec = {"containers": [{"name": "web", "image": "nginx:1.27"}]}
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    created = world.registry.create(SETS, {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    world.settle()
    return created


def bare_pod(world, name, labels):
    spec = {"containers": [{"name": "web", "image": "nginx:1.27"}]}
    metadata = {"name": name, "namespace": "default", "labels": labels}
    pod = world.registry.create("pods", {"metadata": metadata, "spec": spec})
    world.settle()
    return pod


def relabel(world, name, labels):
    pod = world.get("pods", name)
    world.client.update("pods", {**pod, "metadata": {**pod["metadata"], "labels": labels}})
    world.settle()


def test_a_matching_bare_pod_is_adopted_and_counts(world):
    bare_pod(world, "bare", {"tier": "frontend"})
    rs = replica_set(world)
    (reference,) = world.get("pods", "bare")["metadata"]["ownerReferences"]
    assert reference == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "frontend",
        "uid": rs["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    created = [name for name in world.names("pods") if name != "bare"]
    assert world.events(SETS, "frontend") == [f"SuccessfulCreate: Created pod: {created[0]}"]


def test_a_relabelled_pod_is_released_and_replaced_and_one_too_many_goes_when_it_returns(world):
    replica_set(world, replicas=2)
    first, _ = world.names("pods")
    relabel(world, first, {"tier": "debug"})
    assert "ownerReferences" not in world.get("pods", first)["metadata"]
    assert len(world.names("pods")) == 3
    relabel(world, first, {"tier": "frontend"})
    assert len(world.names("pods")) == 2
    assert world.events(SETS, "frontend")[-1].startswith("SuccessfulDelete: Deleted pod: frontend-")


def test_a_deleted_pod_is_replaced_at_once_and_counted_as_terminating(world):
    replica_set(world, replicas=1)
    (name,) = world.names("pods")
    world.client.delete("pods", world.get("pods", name))
    world.clock.advance(0.1)
    assert len(world.names("pods")) == 2
    assert world.get(SETS, "frontend")["status"]["terminatingReplicas"] == 1
    world.settle()
    assert world.get(SETS, "frontend")["status"] == {
        "replicas": 1,
        "fullyLabeledReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }


def test_a_finished_pod_is_neither_counted_nor_released(world):
    replica_set(world, replicas=1)
    (name,) = world.names("pods")
    pod = world.get("pods", name)
    world.client.set_status("pods", pod, {**pod["status"], "phase": "Failed"})
    world.settle()
    assert len(world.names("pods")) == 2
    assert world.get("pods", name)["metadata"]["ownerReferences"]


def test_refused_pods_stop_the_batches_and_show_in_a_condition(world, monkeypatch):
    create = world.registry.create
    tried = []

    def full(resource, obj, **options):
        if resource == "pods" and len(world.names("pods")) >= 3:
            tried.append(obj)
            raise forbidden("pods", "frontend-x", "exceeded quota: small")
        return create(resource, obj, **options)

    monkeypatch.setattr(world.registry, "create", full)
    replica_set(world, replicas=3)
    rs = world.get(SETS, "frontend")
    world.client.update(SETS, {**rs, "spec": {**rs["spec"], "replicas": 20}})
    world.clock.advance(LATENCY)  # one reconcile, and not yet the next
    assert len(tried) == 1
    message = 'pods "frontend-x" is forbidden: exceeded quota: small'
    assert world.condition(SETS, "frontend", "ReplicaFailure") == ("True", "FailedCreate", message)
    assert world.events(SETS, "frontend")[-1] == f"FailedCreate: Error creating: {message}"
    monkeypatch.undo()
    world.settle()
    assert len(world.names("pods")) == 20
    assert "conditions" not in world.get(SETS, "frontend")["status"]


def pod(
    name,
    *,
    node: str | None = "n1",
    phase="Running",
    ready=True,
    ready_for=100,
    age=200,
    cost=None,
    restarts=0,
):
    def ago(seconds):
        return timestamp(NOW - seconds)

    annotations = {"controller.kubernetes.io/pod-deletion-cost": str(cost)} if cost is not None else {}
    return {
        "metadata": {"name": name, "uid": name, "creationTimestamp": ago(age), "annotations": annotations},
        "spec": {"nodeName": node} if node else {},
        "status": {
            "phase": phase,
            "conditions": [
                {"type": "Ready", "status": str(ready), "lastTransitionTime": ago(ready_for)},
            ],
            "containerStatuses": [{"restartCount": restarts}],
        },
    }


@pytest.mark.parametrize(
    ("goes", "stays"),
    [
        (pod("z", node=None, phase="Pending"), pod("a", phase="Pending", ready=False)),
        (pod("z", phase="Pending", ready=False), pod("a", ready=False)),
        (pod("z", ready=False), pod("a")),
        (pod("z", cost=-5), pod("a")),
        (pod("z", ready_for=2), pod("a", ready_for=100)),
        (pod("z", restarts=4), pod("a")),
        (pod("z", age=2), pod("a", age=200)),
        (pod("a", ready_for=70), pod("z", ready_for=100)),
    ],
    ids=["no node", "pending", "not ready", "cheap", "ready for less", "restarted", "younger", "by uid"],
)
def test_the_pod_that_matters_less_goes_first(goes, stays):
    assert deletion_order([stays, goes], [], NOW)[0] is goes


def test_a_pod_beside_others_of_its_sort_goes_before_a_lonely_one():
    crowded, lonely = pod("z", node="n1"), pod("a", node="n2")
    related = [crowded, lonely, pod("b", node="n1")]
    assert deletion_order([lonely, crowded], related, NOW)[0] is crowded
