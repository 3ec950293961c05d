"""StatefulSets go in order, Jobs count right, DaemonSets have one pod on each node: at every write, in any storm."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.embedded.client import Change

STATEFUL_SETS, DAEMON_SETS, JOBS = "statefulsets.apps", "daemonsets.apps", "jobs.batch"

waits = st.tuples(st.just("wait"), st.sampled_from([0.05, 0.5, 2.0, 10.0, 60.0, 400.0]))
kills = st.tuples(st.just("kill"), st.integers(0, 9))
faults = st.tuples(
    st.sampled_from(["crash", "cut_off", "recover"]), st.sampled_from(["worker-1", "worker-2"])
)
images = st.tuples(st.just("image"), st.sampled_from(["nginx:1.28", "nginx:1.29"]))


def weather(storm, step: tuple, resource: str) -> None:
    """The steps that all these tests know."""
    match step:
        case "wait", seconds:
            storm.clock.advance(seconds)
        case "kill", number:
            storm.kill("web", number)
        case "image", image:
            storm.set_image(resource, "web", image)
        case fault, node:
            storm.befall(fault, node)


# -- StatefulSet --------------------------------------------------------------------------------------

scales = st.tuples(st.just("scale"), st.sampled_from([3, 0, 4, 1]), st.sampled_from([0.1, 5.0, 60.0, 0.0]))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.integers(0, 99),
    st.lists(st.one_of(scales, waits, scales, kills, faults, images, scales), min_size=4, max_size=10),
)
def test_the_pods_of_a_statefulset_come_and_go_one_at_a_time_in_order(tools, seed, steps):
    with tools.Storm(seed) as storm:
        deleted: set[str] = set()

        def ordinal(pod) -> int:
            return int(pod["metadata"]["name"].rpartition("-")[2])

        def look(change: Change, component: str) -> None:
            if component != "statefulset-controller":
                return
            mine, others = ordinal(change.object), []
            for pod in storm.pods("web"):
                if pod["metadata"]["uid"] != change.object["metadata"]["uid"]:
                    others.append(pod)
            if change.type == "ADDED":
                ready = {ordinal(pod) for pod in others if tools.is_ready(pod)}
                assert set(range(mine)) <= ready, "all before it work"
                assert not any(ordinal(pod) == mine for pod in others), "nobody else has its name"
            elif (
                tools.is_going(change.object) and change.previous and tools.is_active(change.previous.object)
            ):
                # One that has failed is replaced whatever the others do; and whom a user deletes besides, is the
                # user's doing.
                assert not any(pod["metadata"]["uid"] in deleted for pod in others), "one at a time"
                deleted.add(change.object["metadata"]["uid"])

        storm.make(STATEFUL_SETS, "web", replicas=3, serviceName="web")
        storm.on_write("pods", look)
        storm.settle()
        for step in steps:
            if step[0] == "scale":
                storm.change(STATEFUL_SETS, "web", replicas=step[1])
                storm.clock.advance(step[2])
            else:
                weather(storm, step, STATEFUL_SETS)
        storm.calm()
        wanted = storm.wanted_of(STATEFUL_SETS, "web")["spec"]["replicas"]
        assert sorted(ordinal(pod) for pod in storm.pods("web") if tools.is_ready(pod)) == list(range(wanted))


# -- DaemonSet ----------------------------------------------------------------------------------------

labels = st.tuples(
    st.just("label"),
    st.sampled_from(["worker-1", "worker-3"]),
    st.booleans(),
    st.sampled_from([5.0, 0.1, 60.0]),
)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.integers(0, 99),
    st.lists(st.one_of(labels, waits, labels, kills, faults, images, labels), min_size=4, max_size=10),
)
def test_a_daemonset_never_has_two_pods_on_a_node_and_in_the_end_one_on_each_that_suits(tools, seed, steps):
    with tools.Storm(seed) as storm:

        def node_of(pod) -> str:
            terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            return terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]

        def look(change: Change, component: str) -> None:
            if component == "daemonset-controller" and change.type == "ADDED":
                active = Counter(node_of(pod) for pod in storm.pods("web") if tools.is_active(pod))
                assert max(active.values()) == 1

        template = tools.pod_template("web")
        template["spec"]["nodeSelector"] = {"daemon": "yes"}
        storm.make(DAEMON_SETS, "web", template=template)
        storm.on_write("pods", look)
        for step in [("label", "worker-1", True, 5.0), *steps]:
            if step[0] == "label":
                node = storm.client.get("nodes", "", step[1])
                others = {k: v for k, v in node["metadata"]["labels"].items() if k != "daemon"}
                wanted = {**others, "daemon": "yes"} if step[2] else others
                storm.client.update("nodes", {**node, "metadata": {**node["metadata"], "labels": wanted}})
                storm.clock.advance(step[3])
            else:
                weather(storm, step, DAEMON_SETS)
        storm.calm()
        suiting = [
            n["metadata"]["name"] for n in storm.client.list("nodes") if "daemon" in n["metadata"]["labels"]
        ]
        assert sorted(pod["spec"]["nodeName"] for pod in storm.pods("web") if tools.is_ready(pod)) == suiting


# -- Job ----------------------------------------------------------------------------------------------

programs = st.sampled_from(["true", "sleep 2", "sleep 30", "test $(( $(date +%s) % 3 )) -gt 0"])
widths = st.tuples(st.just("width"), st.integers(1, 4))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.integers(0, 99),
    st.integers(1, 6),
    st.integers(1, 4),
    programs,
    st.sampled_from(["NonIndexed", "Indexed"]),
    st.lists(st.one_of(waits, kills, faults, widths), max_size=6),
)
def test_a_job_runs_no_more_pods_at_once_than_asked_and_counts_each_success_once(
    tools, seed, completions, parallelism, program, mode, steps
):
    with tools.Storm(seed) as storm:
        succeeded: set[str] = set()

        def look(change: Change, component: str) -> None:
            pod = change.object
            if pod["metadata"].get("labels", {}).get("app") != "web":
                return
            if pod["status"].get("phase") == "Succeeded":
                succeeded.add(pod["metadata"]["uid"])
            if component == "job-controller" and change.type == "ADDED":
                active = sum(tools.is_active(pod) for pod in storm.pods("web"))
                assert active <= storm.wanted_of(JOBS, "web")["spec"]["parallelism"]

        template = tools.pod_template("web", "busybox:1.37")
        template["spec"] = {**template["spec"], "restartPolicy": "Never"}
        template["spec"]["containers"][0]["command"] = ["sh", "-c", program]
        storm.on_write("pods", look)
        how = {"completions": completions, "parallelism": parallelism, "completionMode": mode}
        storm.make(JOBS, "web", template=template, backoffLimit=50, **how)
        for step in steps:
            if step[0] == "width":
                storm.change(JOBS, "web", parallelism=step[1])
            else:
                weather(storm, step, JOBS)
        storm.calm()
        for _ in range(30):  # pods that fail are replaced later and later
            job = storm.wanted_of(JOBS, "web")
            if any(c["type"] == "Complete" for c in job["status"].get("conditions", ())):
                break
            storm.clock.advance("10m")
        assert job["status"]["succeeded"] == completions <= len(succeeded)
        assert job["status"].get("active", 0) == 0
        if mode == "Indexed":
            done = job["status"]["completedIndexes"]
            assert done == (
                "0" if completions == 1 else "0,1" if completions == 2 else f"0-{completions - 1}"
            )
