"""A node loses its power and comes back: the times and texts are those measured on a real cluster."""

from __future__ import annotations


def names(pods):
    return [pod["metadata"]["name"] for pod in pods]


def test_for_most_of_a_minute_nobody_notices(town):
    town.deployment()
    town.crash()
    town.at(39)
    assert (town.ready(), town.taints()) == ("True", [])
    assert [town.column(pod)[:2] for pod in names(town.on(town.lost))] == [["1/1", "Running"]] * 2
    assert all(ready for _, ready, _, _ in town.endpoints())


def test_a_silent_node_becomes_unknown_and_is_tainted_and_its_pods_leave_the_services(town):
    town.deployment()
    town.crash()
    town.at(56)
    assert town.taints() == ["unreachable:NoSchedule", "unreachable:NoExecute"]
    conditions = town.node()["status"]["conditions"]
    assert {(c["status"], c["reason"], c["message"]) for c in conditions} == {
        ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    }
    assert town.events(town.lost)[-1] == "Normal NodeNotReady: Node worker-2 status is now: NodeNotReady"
    for pod in names(town.on(town.lost)):
        assert town.column(pod) == ["1/1", "Running", "0"]
        assert town.events(pod)[-1] == "Warning NodeNotReady: Node is not ready"
        ready = next(c for c in town.get(pod)["status"]["conditions"] if c["type"] == "Ready")
        assert (ready["status"], "reason" in ready) == ("False", False)
    assert sorted(town.endpoints()) == [
        ("worker-1", True, True, False),
        ("worker-1", True, True, False),
        ("worker-2", False, False, False),
        ("worker-2", False, False, False),
    ]
    assert town.get("web", "deployments.apps")["status"]["availableReplicas"] == 2


def test_five_minutes_later_its_pods_are_deleted_and_replaced(town):
    town.deployment()
    town.workload("statefulsets.apps", "db", replicas=2, serviceName="db")
    town.workload("daemonsets.apps", "agent")
    town.cluster.settle()
    town.pod("bare")
    town.pod("stays", tolerations=[{"operator": "Exists"}])
    (agent,) = names(town.on(town.lost, "agent"))
    (db,) = names(town.on(town.lost, "db"))
    lost = names(town.on(town.lost, "web"))
    town.crash()
    town.at(340)
    assert all("deletionTimestamp" not in pod["metadata"] for pod in town.on(town.lost))
    town.at(358)
    for pod in (*lost, "bare", db):
        assert town.column(pod)[:2] == ["1/1", "Terminating"]
        assert town.events(pod, "TaintManagerEviction") == [
            f"Normal TaintManagerEviction: Marking for deletion Pod default/{pod}"
        ]
        why = next(c for c in town.get(pod)["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert (why["reason"], why["message"]) == (
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
        )
    assert town.column(agent)[:2] == town.column("stays")[:2] == ["1/1", "Running"]
    assert len(town.on("worker-1", "web")) == 4
    assert town.get("web", "deployments.apps")["status"]["availableReplicas"] == 4
    assert len(town.on(town.lost, "db")) == 1, "a StatefulSet replaces nobody who may still run"
    assert ("worker-2", False, False, True) in town.endpoints()
    town.at(3600)
    assert town.column("bare")[:2] == ["1/1", "Terminating"], "until the node comes back"


def test_tolerations_of_its_own_make_a_pod_leave_earlier(town):
    brief = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 20}
    town.pod("short", tolerations=[{"key": "node.kubernetes.io/unreachable", **brief}])
    town.crash()
    town.at(65)
    assert town.column("short")[1] == "Running"
    town.at(77)
    assert town.column("short")[1] == "Terminating"


def test_when_the_node_comes_back_what_was_deleted_ends_and_the_rest_starts_again(town):
    town.deployment()
    town.pod("bare")
    town.workload("daemonsets.apps", "agent")
    town.cluster.settle()
    (agent,) = names(town.on(town.lost, "agent"))
    seen = []

    def remember(change):
        if change.object["metadata"]["name"] == "bare" and change.type != "DELETED":
            seen.append(town.get("bare")["status"])

    town.crash()
    town.at(360)
    town.client.watch("pods", remember)
    town.cluster.nodes[town.lost].recover()
    town.at(363.5)
    assert (town.ready(), town.taints()) == ("True", ["unreachable:NoExecute"])
    town.at(366)
    assert town.gone("bare")
    assert seen[0]["containerStatuses"][0]["state"]["terminated"]["reason"] == "Unknown"
    assert [status["phase"] for status in seen[:2]] == ["Running", "Failed"]
    assert any(c["type"] == "DisruptionTarget" for c in seen[-1]["conditions"])
    assert names(town.on(town.lost)) == [agent], "nothing moves back by itself"
    town.at(370)
    assert town.taints() == []
    assert town.column(agent)[0] == "1/1"
    status = town.get(agent)["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    ended = status["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (255, "Unknown")
    text = "Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created."
    assert text in town.events(agent)
    assert town.events(town.lost, "NodeReady") == ["Normal NodeReady: Node worker-2 status is now: NodeReady"]
    assert town.cluster.settle()


def test_a_pod_that_runs_once_has_failed_when_its_node_comes_back(town):
    town.pod("once", restartPolicy="Never", tolerations=[{"operator": "Exists"}])
    town.crash()
    town.at(60)
    town.cluster.nodes[town.lost].recover()
    town.at(70)
    assert town.get("once")["status"]["phase"] == "Failed"
    assert town.column("once")[:2] == ["0/1", "Unknown"]


def test_a_node_that_is_back_in_time_loses_no_pod(town):
    town.deployment()
    before = sorted(pod["metadata"]["uid"] for pod in town.on(town.lost))
    town.crash()
    town.at(120)
    town.cluster.nodes[town.lost].recover()
    town.at(140)
    assert sorted(pod["metadata"]["uid"] for pod in town.on(town.lost)) == before
    pod = names(town.on(town.lost))[0]
    assert town.events(pod, "TaintManagerEviction") == [
        f"Normal TaintManagerEviction: Cancelling deletion of Pod default/{pod}"
    ]
    assert town.column(pod)[:2] == ["1/1", "Running"]
    assert town.get("web", "deployments.apps")["status"]["availableReplicas"] == 4
    town.at(900)
    assert sorted(pod["metadata"]["uid"] for pod in town.on(town.lost)) == before


def test_logs_and_exec_say_that_nobody_answers(town):
    town.pod("bare")
    town.crash()
    refused = "dial tcp 172.18.0.4:10250: connect: no route to host"
    assert town.exec("bare", "true") == f"error dialing backend: {refused}"
    logs = town.request("GET", "/api/v1/namespaces/default/pods/bare/log")
    assert logs["message"] == f'Get "https://172.18.0.4:10250/containerLogs/default/bare/main": {refused}'


def test_the_pods_of_a_deleted_node_fail_and_go_after_forty_seconds(town):
    town.pod("bare")
    town.crash()
    seen = []
    town.client.watch("pods", lambda change: seen.append(change.object["status"]))
    town.client.delete("nodes", town.node())
    town.at(39)
    assert town.column("bare")[1] == "Running"
    town.at(61)
    assert town.gone("bare")
    assert seen[0]["phase"] == "Failed"
    disrupted = seen[0]["conditions"][-1]
    assert (disrupted["reason"], disrupted["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")
    text = "Normal RemovingNode: Node worker-2 event: Removing Node worker-2 from Controller"
    assert text in town.events(town.lost)


def test_a_kubelet_whose_node_was_deleted_registers_when_it_starts_again(town):
    town.client.delete("nodes", town.node())
    town.clock.advance(300)
    assert town.client.get("nodes", "", town.lost) is None
    town.cluster.nodes[town.lost].recover()
    assert town.ready() == "True"
    town.deployment()


def test_out_of_service_says_that_the_machine_is_off_for_good(town):
    town.workload("statefulsets.apps", "db", replicas=2, serviceName="db")
    town.cluster.settle()
    (db,) = names(town.on(town.lost, "db"))
    town.crash()
    town.at(360)
    assert names(town.on(town.lost, "db")) == [db]
    node = town.node()
    out = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
    spec = {**node["spec"], "taints": [*node["spec"]["taints"], out]}
    town.client.update("nodes", {**node, "spec": spec})
    town.at(400)
    assert town.get(db)["spec"]["nodeName"] == "worker-1"
