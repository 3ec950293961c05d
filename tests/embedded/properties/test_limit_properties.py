"""What must never be exceeded never is: budgets of disruption, quotas."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.client import Change
from k8slearn.kube.quantity import parse

DEPLOYMENTS = "deployments.apps"

moves = st.one_of(
    st.tuples(st.just("evict"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.1, 0.5, 2.0, 10.0])),
    st.tuples(st.just("kill"), st.integers(0, 9)),
    st.tuples(st.just("scale"), st.integers(1, 6)),
)
budgets = st.sampled_from(
    [{"minAvailable": 2}, {"maxUnavailable": 1}, {"minAvailable": "50%"}, {"maxUnavailable": 0}]
)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 99), budgets, st.lists(moves, min_size=4, max_size=14))
def test_no_eviction_that_is_granted_breaks_the_budget(tools, seed, budget, steps):
    with tools.Storm(seed) as storm:
        storm.make(DEPLOYMENTS, "web", replicas=4)
        spec = {**budget, "selector": {"matchLabels": {"app": "web"}}}
        storm.client.create("poddisruptionbudgets.policy", {"metadata": {"name": "web"}, "spec": spec})
        storm.settle()

        def evict(pod) -> bool:
            name = pod["metadata"]["name"]
            path = f"/api/v1/namespaces/default/pods/{name}/eviction"
            body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            answer = storm.handle(Request("POST", path, body=orjson.dumps(body)))
            assert isinstance(answer, Response) and answer.status in (201, 429), answer
            return answer.status == 201

        def must_stay(replicas: int) -> int:
            if "maxUnavailable" in budget:
                return replicas - budget["maxUnavailable"]
            least = budget["minAvailable"]
            return -(-replicas // 2) if least == "50%" else least

        for what, number in steps:
            match what:
                case "wait":
                    storm.clock.advance(number)
                case "kill":
                    storm.kill("web", number)
                    storm.clock.advance(0.1)  # the controller has counted
                case "scale":
                    storm.change(DEPLOYMENTS, "web", replicas=number)
                    storm.clock.advance(0.1)
                case "evict":
                    ready = [pod for pod in storm.pods("web") if tools.is_ready(pod)]
                    if ready and evict(ready[number % len(ready)]):
                        replicas = storm.wanted_of(DEPLOYMENTS, "web")["spec"]["replicas"]
                        assert sum(tools.is_ready(pod) for pod in storm.pods("web")) >= must_stay(replicas)


changes = st.one_of(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 6)),
    st.tuples(st.just("wait"), st.sampled_from([0.05, 1.0, 20.0])),
    st.tuples(st.just("kill"), st.integers(0, 9)),
    st.tuples(st.just("quota"), st.integers(1, 6)),
)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 99), st.integers(1, 6), st.lists(changes, min_size=3, max_size=12))
def test_no_pod_is_let_in_beyond_the_quota(tools, seed, most, steps):
    with tools.Storm(seed) as storm:
        hard = {"pods": str(most), "requests.cpu": "350m"}
        storm.client.create("resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})

        def look(change: Change, _: str) -> None:
            if change.type != "ADDED" or change.stored.key.namespace != "default":
                return
            # A quota that was lowered a moment ago holds once its controller has put it into the status.
            limit = storm.wanted_of("resourcequotas", "q")["status"]["hard"]
            pods = [
                p
                for app in "ab"
                for p in storm.pods(app)
                if p["status"].get("phase") not in ("Failed", "Succeeded")
            ]
            asked = sum(parse(pod["spec"]["containers"][0]["resources"]["requests"]["cpu"]) for pod in pods)
            assert len(pods) <= int(limit["pods"]) and asked <= parse(limit["requests.cpu"])

        storm.on_write("pods", look)
        for app, cpu in (("a", "100m"), ("b", "70m")):
            template = tools.pod_template(app)
            template["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
            storm.make(DEPLOYMENTS, app, replicas=1, template=template)
        for what, value in steps:
            match what:
                case "wait":
                    storm.clock.advance(value)
                case "kill":
                    storm.kill("a", value)
                case "quota":
                    storm.change("resourcequotas", "q", hard={**hard, "pods": str(value)})
                    storm.clock.advance(0.1)
                case app:
                    storm.change(DEPLOYMENTS, app, replicas=value)
        storm.clock.advance("5m")
