"""``k8slearn node``: a teacher lets a node crash, time pass, and shows what became of the pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from k8slearn.cli import main
from k8slearn.embedded.cluster import Cluster

Run = Callable[..., Result]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(3) as cluster:
        cluster.settle()
        cluster.serve(paused=True)
        yield cluster


@pytest.fixture
def k8slearn(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("K8SLEARN_KUBECONFIG", str(cluster.kubeconfig))
    return lambda *words: CliRunner().invoke(main, words)


def deploy(cluster: Cluster) -> None:
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
    }
    spec = {"replicas": 6, "selector": {"matchLabels": labels}, "template": template}
    made = {"metadata": {"name": "web"}, "spec": spec}
    cluster.run(lambda: cluster.client.create("deployments.apps", made))
    cluster.settle()


def test_six_minutes_after_a_crash_all_replicas_run_on_the_other_node(cluster: Cluster, k8slearn: Run):
    deploy(cluster)
    assert k8slearn("node", "crash", "worker-2").output == "worker-2: crashed\n"
    assert k8slearn("clock", "advance", "6m").exit_code == 0
    pods = cluster.run(lambda: cluster.client.list("pods", "default"))
    ready = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    assert [pod["spec"]["nodeName"] for pod in ready] == ["worker-1"] * 6
    told = k8slearn("trace", "deployment/web").output
    steps = (
        "teacher crashed node worker-2",
        "its node worker-2 is not ready",
        "taint-eviction-controller",
    )
    places = [told.index(step) for step in steps]
    assert places == sorted(places)
    assert ": 6 wanted, 3 there (slow start: 1, then 2)" in told[places[-1] :]


def test_the_states_of_nodes_are_listed(k8slearn: Run):
    k8slearn("node", "freeze", "worker-1")
    k8slearn("node", "partition", "worker-2", "control-plane")
    k8slearn("node", "fill", "worker-2")
    assert k8slearn("node", "list").output.splitlines() == [
        "control-plane: parted from worker-2",
        "worker-1: frozen",
        "worker-2: disk full, parted from control-plane",
    ]
    assert k8slearn("node", "recover", "worker-2").output == "worker-2: well\n"


def test_a_refused_order_says_what_to_do(k8slearn: Run):
    k8slearn("node", "cut-off", "worker-2")
    refused = k8slearn("node", "crash", "worker-2")
    assert refused.exit_code == 1
    assert "The node worker-2 is cut off already." in refused.output
    assert "k8slearn node recover worker-2" in refused.output
    assert "There is no node worker-7." in k8slearn("node", "crash", "worker-7").output


def test_what_befell_a_node_stands_in_its_trace(k8slearn: Run):
    k8slearn("node", "crash", "worker-2")
    k8slearn("clock", "advance", "2m")
    lines = k8slearn("trace", "node/worker-2").output.splitlines()
    crashed = next(number for number, line in enumerate(lines) if "teacher" in line)
    assert any("its kubelet stopped posting its status" in line for line in lines[crashed:])
