"""Who has to make room for a pod that matters more, and what is said meanwhile. Sentences are a real cluster's."""

TAINTED = "1 node(s) had untolerated taint(s)"


def add_class(yard, name, value, **more):
    metadata = {"name": name}
    yard.registry.create("priorityclasses.scheduling.k8s.io", {"metadata": metadata, "value": value, **more})


def add_budget(yard, app, allowed):
    metadata = {"name": app, "namespace": "default"}
    budget = yard.client.create(
        "poddisruptionbudgets.policy",
        {"metadata": metadata, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}}},
    )
    yard.client.set_status(
        "poddisruptionbudgets.policy", budget, {**budget["status"], "disruptionsAllowed": allowed}
    )


def on(node):
    return {"nodeSelector": {"kubernetes.io/hostname": node}}


def end(yard, name):
    """What the kubelet does when the containers have ended."""
    yard.client.delete("pods", yard.pod(name), grace_seconds=0)
    yard.clock.settle()


def leaving(yard):
    return {p["metadata"]["name"] for p in yard.client.list("pods") if "deletionTimestamp" in p["metadata"]}


def test_the_victim_ends_gracefully_and_its_node_is_kept_for_the_pod(yard):
    add_class(yard, "high", 1000)
    yard.place("low", {"cpu": "3"}, **on("worker-1"))
    assert yard.place("high", {"cpu": "3"}, priorityClassName="high", **on("worker-1")) is None

    waiting, victim = yard.pod("high"), yard.pod("low")
    assert waiting["status"]["nominatedNodeName"] == "worker-1"
    (target,) = (c for c in victim["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    assert victim["metadata"]["deletionGracePeriodSeconds"] == 30
    uid = waiting["metadata"]["uid"]
    assert yard.events("low")[-1] == f"Normal Preempted: Preempted by pod {uid} on node worker-1"

    reasons = f"1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector, {TAINTED}"
    placement = "found a potential placement for pod on node worker-1, preempting 1 victims"
    patience = "not eligible due to a terminating pod on the nominated node."
    assert [event.partition("preemption: ")[2] for event in yard.events("high")] == [placement, patience]
    assert all(reasons in event for event in yard.events("high"))

    end(yard, "low")
    assert yard.node_of("high") == "worker-1"
    assert "nominatedNodeName" not in yard.pod("high")["status"]


def test_a_pod_of_lower_priority_does_not_take_the_room_that_was_made(yard):
    add_class(yard, "high", 1000)
    yard.place("low", {"cpu": "3"}, **on("worker-1"))
    yard.place("high", {"cpu": "4"}, priorityClassName="high", **on("worker-1"))
    assert yard.place("sly", {"cpu": "1"}, **on("worker-1")) is None
    end(yard, "low")
    assert (yard.node_of("high"), yard.node_of("sly")) == ("worker-1", None)


def test_a_class_that_never_preempts_waits(yard):
    add_class(yard, "quiet", 1000, preemptionPolicy="Never")
    yard.place("low", {"cpu": "3"}, **on("worker-1"))
    message = yard.refusal("quiet", {"cpu": "3"}, priorityClassName="quiet", **on("worker-1"))
    assert message.endswith(" preemption: not eligible due to preemptionPolicy=Never.")
    assert not leaving(yard)


def test_equal_priority_is_no_victim(yard):
    add_class(yard, "high", 1000)
    yard.place("first", {"cpu": "3"}, priorityClassName="high", **on("worker-1"))
    message = yard.refusal("second", {"cpu": "3"}, priorityClassName="high", **on("worker-1"))
    assert message.endswith(
        "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, "
        "2 Preemption is not helpful for scheduling."
    )


def test_victims_that_would_not_be_enough_are_left_alone(yard):
    add_class(yard, "high", 1000)
    yard.place("high-1", {"cpu": "3"}, priorityClassName="high", **on("worker-1"))
    yard.place("low", {"cpu": "1"}, **on("worker-1"))
    message = yard.refusal("high-2", {"cpu": "3"}, priorityClassName="high", **on("worker-1"))
    assert "preemption: 0/3 nodes are available: 1 Insufficient cpu, 2 Preemption is not helpful" in message
    assert not leaving(yard)


def test_no_more_pods_go_than_must_and_the_least_important_go(yard):
    for name, value in (("little", 10), ("some", 20), ("much", 100)):
        add_class(yard, name, value)
        yard.place(name, {"cpu": "1"}, priorityClassName=name, **on("worker-1"))
    yard.place("none", {"cpu": "1"}, **on("worker-1"))
    add_class(yard, "high", 1000)
    yard.place("high", {"cpu": "2"}, priorityClassName="high", **on("worker-1"))
    assert leaving(yard) == {"none", "little"}


def test_the_node_with_the_less_important_victim_is_chosen(yard):
    add_class(yard, "some", 10)
    yard.place("some", {"cpu": "3"}, priorityClassName="some", **on("worker-1"))
    yard.place("none", {"cpu": "3"}, **on("worker-2"))
    add_class(yard, "high", 1000)
    yard.place("high", {"cpu": "3"}, priorityClassName="high")
    assert leaving(yard) == {"none"}


def test_fewer_victims_are_better(yard):
    for name in ("a", "b"):
        yard.place(name, {"cpu": "2"}, **on("worker-1"))
    yard.place("c", {"cpu": "4"}, **on("worker-2"))
    add_class(yard, "high", 1000)
    yard.place("high", {"cpu": "4"}, priorityClassName="high")
    assert leaving(yard) == {"c"}


def test_a_disruption_budget_is_kept_where_another_node_helps_as_well(yard):
    yard.place("guarded", {"cpu": "3"}, **on("worker-1"))
    add_class(yard, "some", 10)
    yard.place("open", {"cpu": "3"}, priorityClassName="some", **on("worker-2"))
    add_budget(yard, "guarded", allowed=0)
    add_class(yard, "high", 1000)
    yard.place("high", {"cpu": "3"}, priorityClassName="high")
    assert leaving(yard) == {"open"}


def test_a_disruption_budget_is_broken_where_nothing_else_helps(yard):
    yard.place("guarded", {"cpu": "3"}, **on("worker-1"))
    add_budget(yard, "guarded", allowed=0)
    add_class(yard, "high", 1000)
    yard.place("high", {"cpu": "3"}, priorityClassName="high", **on("worker-1"))
    assert leaving(yard) == {"guarded"}


def test_on_one_node_the_pod_without_a_budget_goes(yard):
    yard.place("guarded", {"cpu": "2"}, **on("worker-1"))
    add_class(yard, "some", 10)
    yard.place("open", {"cpu": "2"}, priorityClassName="some", **on("worker-1"))
    add_budget(yard, "guarded", allowed=0)
    add_class(yard, "high", 1000)
    yard.place("high", {"cpu": "2"}, priorityClassName="high", **on("worker-1"))
    assert leaving(yard) == {"open"}


def test_ports_and_repulsion_are_reasons_to_preempt_too(yard):
    add_class(yard, "high", 1000)
    port = [{"containerPort": 80, "hostPort": 80}]
    yard.place("first", ports=port, **on("worker-1"))
    yard.place("second", ports=port, priorityClassName="high", **on("worker-1"))
    assert leaving(yard) == {"first"}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "noisy"}}}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    yard.place("noisy", **on("worker-2"))
    yard.place("quiet", affinity=rule, priorityClassName="high", **on("worker-2"))
    assert leaving(yard) == {"first", "noisy"}


def test_the_thought_of_who_could_go_leaves_no_trace(yard):
    """After an attempt that finds nobody the nodes are as full as before."""
    yard.place("guest", {"cpu": "2"}, **on("worker-1"))
    add_class(yard, "high", 1000)
    yard.place("host", {"cpu": "2"}, priorityClassName="high", **on("worker-1"))
    yard.refusal("huge", {"cpu": "4"}, priorityClassName="high", **on("worker-1"))
    message = yard.refusal("tiny", {"cpu": "1"}, **on("worker-1"))
    assert "1 Insufficient cpu" in message
    end(yard, "guest")
    assert yard.node_of("tiny") == "worker-1"


def test_a_gate_holds_a_pod_back_until_the_last_one_is_open(yard):
    gates = [{"name": "example.com/one"}, {"name": "example.com/two"}]
    assert yard.place("gated", schedulingGates=gates) is None
    (condition,) = yard.pod("gated")["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")
    assert yard.events("gated") == []
    for left in (gates[1:], []):
        pod = yard.pod("gated")
        yard.registry.update("pods", {**pod, "spec": {**pod["spec"], "schedulingGates": left}})
        yard.clock.settle()
        assert bool(yard.node_of("gated")) == (not left)
