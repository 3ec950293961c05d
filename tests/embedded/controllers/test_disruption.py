"""How many pods may be evicted, and who is. Sentences are a real cluster's."""

from __future__ import annotations

import json

import pytest

from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.http import Request

BUDGETS = "poddisruptionbudgets.policy"
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def budget(world, name="web", app="web", **spec):
    selector = {"matchLabels": {"app": app}}
    metadata = {"name": name, "namespace": "default"}
    world.registry.create(BUDGETS, {"metadata": metadata, "spec": {"selector": selector, **spec}})
    world.settle()


def counts(world, name="web"):
    status = world.get(BUDGETS, name)["status"]
    fields = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    return tuple(status[field] for field in fields)


def evict(world, name, *, body=None, query=None):
    server = APIServer(world.registry)
    content = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **(body or {})}
    request = Request(
        "POST",
        f"/api/v1/namespaces/default/pods/{name}/eviction",
        query or {},
        {"content-type": "application/json"},
        json.dumps(content).encode(),
    )
    answer = server.handle(request)
    return answer.status, json.loads(answer.body), dict(answer.headers)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": 2}, (3, 2, 3, 1)),
        ({"minAvailable": 5}, (3, 5, 3, 0)),
        ({"minAvailable": "50%"}, (3, 2, 3, 1)),
        ({"minAvailable": "0%"}, (3, 0, 3, 3)),
        ({"maxUnavailable": 1}, (3, 2, 3, 1)),
        ({"maxUnavailable": 9}, (3, 0, 3, 3)),
        ({"maxUnavailable": "50%"}, (3, 1, 3, 2)),
        ({}, (0, 0, 3, 0)),
    ],
)
def test_what_a_budget_allows(world, spec, expected):
    world.deploy(replicas=3)
    budget(world, **spec)
    assert counts(world) == expected
    (condition,) = world.get(BUDGETS, "web")["status"]["conditions"]
    enough = expected[3] > 0
    assert condition["type"] == "DisruptionAllowed"
    assert condition["status"] == str(enough)
    assert condition["reason"] == ("SufficientPods" if enough else "InsufficientPods")


def test_a_budget_follows_its_deployment(world):
    world.deploy(replicas=2)
    budget(world, minAvailable="50%")
    world.change(replicas=6)
    world.settle()
    assert counts(world) == (6, 3, 6, 3)
    world.set_image("broken")
    world.settle()
    assert counts(world)[0] == 6


def test_a_budget_without_pods_says_so(world):
    budget(world, minAvailable=1)
    assert world.events(BUDGETS, "web") == ["NoPods: No matching pods found"]


def test_pods_without_a_controller_cannot_be_counted_in_percent(world):
    spec = {"containers": [{"name": "a", "image": "nginx:1.29"}]}
    metadata = {"name": "lone", "namespace": "default", "labels": {"app": "web"}}
    world.client.create("pods", {"metadata": metadata, "spec": spec})
    world.settle()
    budget(world, maxUnavailable=1)
    assert counts(world) == (0, 0, 1, 0)
    assert (
        "(selector: &LabelSelector{MatchLabels:map[string]string{app: web,}"
        in world.events(BUDGETS, "web")[0]
    )


def test_an_eviction_deletes_the_pod_and_says_why(world):
    world.deploy(replicas=3)
    budget(world, minAvailable=2)
    name = world.names("pods")[0]
    code, body, _ = evict(world, name)
    assert (code, body["status"], body["code"]) == (201, "Success", 201)
    pod = world.get("pods", name)
    assert "deletionTimestamp" in pod["metadata"]
    target = next(c for c in pod["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["reason"], target["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")


def test_a_budget_that_is_used_up_refuses(world):
    world.deploy(replicas=3)
    budget(world, minAvailable=3)
    code, body, headers = evict(world, world.names("pods")[0])
    assert (code, body["reason"], body["message"]) == (429, "TooManyRequests", REFUSED)
    why = "The disruption budget web needs 3 healthy pods and has 3 currently"
    assert body["details"] == {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    assert "Retry-After" not in headers


def test_two_evictions_of_one_moment_do_not_get_the_same_allowance(world):
    world.deploy(replicas=3)
    budget(world, minAvailable=2)
    first, second, _ = world.names("pods")
    assert evict(world, first)[0] == 201
    assert evict(world, second)[0] == 429
    world.settle()
    # The Deployment has made up for it.
    assert evict(world, second)[0] == 201


def test_a_budget_that_was_changed_and_not_counted_yet_asks_to_come_back(world):
    world.deploy(replicas=3)
    budget(world, minAvailable=2)
    found = world.get(BUDGETS, "web")
    world.client.update(BUDGETS, {**found, "spec": {**found["spec"], "minAvailable": 1}})
    code, body, headers = evict(world, world.names("pods")[0])
    assert (code, headers["Retry-After"]) == (429, "10")
    assert body["details"]["retryAfterSeconds"] == 10


def test_a_dry_run_changes_nothing(world):
    world.deploy(replicas=3)
    budget(world, minAvailable=2)
    revision = world.store.revision
    assert evict(world, world.names("pods")[0], query={"dryRun": ["All"]})[0] == 201
    assert evict(world, world.names("pods")[0], body={"deleteOptions": {"dryRun": ["All"]}})[0] == 201
    assert world.store.revision == revision


def test_two_budgets_over_one_pod_are_an_error(world):
    world.deploy(replicas=3)
    for name in ("one", "two"):
        budget(world, name, minAvailable=1)
    code, body, _ = evict(world, world.names("pods")[0])
    assert (code, body["code"]) == (500, 500)
    assert body["message"].startswith("This pod has more than one PodDisruptionBudget")


def test_a_pod_that_is_not_ready_may_go_when_the_budget_says_so(world):
    world.deploy(replicas=2, image="broken")
    budget(world, minAvailable=1)
    name = world.names("pods")[0]
    assert evict(world, name)[0] == 429
    found = world.get(BUDGETS, "web")
    spec = {**found["spec"], "unhealthyPodEvictionPolicy": "AlwaysAllow"}
    world.client.update(BUDGETS, {**found, "spec": spec})
    world.settle()
    assert evict(world, name)[0] == 201


def test_preconditions_are_kept(world):
    world.deploy(replicas=1)
    name = world.names("pods")[0]
    code, body, _ = evict(world, name, body={"deleteOptions": {"preconditions": {"uid": "other"}}})
    assert (code, body["reason"]) == (409, "Conflict")
    uid = world.get("pods", name)["metadata"]["uid"]
    assert evict(world, name, body={"deleteOptions": {"preconditions": {"uid": uid}}})[0] == 201
