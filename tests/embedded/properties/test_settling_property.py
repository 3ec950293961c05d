"""Whatever was asked and whatever befell: in the end the cluster is as a plain function of what is asked says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS = "deployments.apps", "statefulsets.apps", "daemonsets.apps"
APPS = {"web": DEPLOYMENTS, "db": STATEFUL_SETS, "agent": DAEMON_SETS}

faults = st.sampled_from(["crash", "freeze", "cut_off", "recover"])
apps = st.sampled_from(sorted(APPS))
steps = st.one_of(
    st.tuples(st.just("scale"), st.sampled_from(["web", "db"]), st.integers(0, 4)),
    st.tuples(st.just("image"), apps, st.sampled_from(["nginx:1.27", "nginx:1.29", "no-such-image:1"])),
    st.tuples(st.just("kill"), apps, st.integers(0, 9)),
    st.tuples(st.just("delete"), apps, st.just(0)),
    st.tuples(
        st.sampled_from(["crash", "freeze", "cut_off", "recover"]),
        st.sampled_from(["worker-1", "worker-2"]),
        st.just(0),
    ),
    st.tuples(st.just("wait"), st.just(""), st.sampled_from([0.05, 1.0, 20.0, 120.0, 500.0])),
)

Wanted = dict[str, dict[str, Any]]


def expected(wanted: Wanted, workers: tuple[str, ...]) -> dict[str, Counter[str]]:
    """The reference: which images run in how many ready pods of each app."""
    count = {
        "web": lambda app: app["replicas"],
        "db": lambda app: app["replicas"],
        "agent": lambda _: len(workers),
    }
    return {name: +Counter({app["image"]: count[name](app)}) for name, app in wanted.items()}


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 99), st.lists(steps, min_size=4, max_size=16))
def test_after_any_storm_the_cluster_settles_to_what_is_asked(tools, seed, steps):
    wanted: Wanted = {}

    with tools.Storm(seed) as storm:

        def begin(name: str) -> None:
            wanted[name] = {"replicas": 2, "image": "nginx:1.28"}
            how = (
                {"replicas": 2, "serviceName": "db"}
                if name == "db"
                else {"replicas": 2}
                if name == "web"
                else {}
            )
            storm.make(APPS[name], name, **how)

        def do(what: str, name: str, value: Any) -> None:
            match what:
                case "scale":
                    storm.change(APPS[name], name, replicas=value)
                    wanted[name]["replicas"] = value
                case "image":
                    storm.set_image(APPS[name], name, value)
                    wanted[name]["image"] = value
                case "kill":
                    storm.kill(name, value)
                case "delete":
                    # kubectl delete waits for the pods too; a set of the same name would adopt what is left.
                    storm.client.delete(
                        APPS[name], storm.wanted_of(APPS[name], name), propagation="Foreground"
                    )
                    del wanted[name]

        selector = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
        storm.client.create("services", {"metadata": {"name": "web"}, "spec": selector})
        for name in APPS:
            begin(name)
        for what, name, value in steps:
            if what == "wait":
                storm.clock.advance(value)
            elif name.startswith("worker-"):
                storm.befall(what, name)
            elif name in wanted:
                do(what, name, value)
            elif storm.client.get(APPS[name], "default", name) is None and not storm.pods(name):
                begin(name)
        for name, app in wanted.items():
            if app["image"] == "no-such-image:1":  # so that there is an end to come to
                do("image", name, "nginx:1.29")
        for node in tools.workers:
            storm.befall("recover", node)
        storm.clock.advance("1m")
        # A StatefulSet waits for a broken pod even when its template is mended, as in reality: a person deletes it.
        for pod in storm.pods("db"):
            if pod["spec"]["containers"][0]["image"] == "no-such-image:1":
                storm.client.delete("pods", pod)
        storm.calm()
        found = {name: tools.by_image(p for p in storm.pods(name) if tools.is_ready(p)) for name in wanted}
        assert found == expected(wanted, tools.workers)
        assert not [pod for name in APPS if name not in wanted for pod in storm.pods(name)], (
            "owners took theirs along"
        )
        addresses = {pod["status"]["podIP"] for pod in storm.pods("web") if tools.is_ready(pod)}
        slices = storm.client.list("endpointslices.discovery.k8s.io", "default")
        serving = [
            address
            for part in slices
            if part["metadata"]["labels"].get("kubernetes.io/service-name") == "web"
            for endpoint in part["endpoints"] or ()
            if endpoint["conditions"]["ready"]
            for address in endpoint["addresses"]
        ]
        assert sorted(serving) == sorted(addresses)
