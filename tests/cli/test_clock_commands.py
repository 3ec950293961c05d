"""``k8slearn clock`` and ``k8slearn trace`` on a cluster that is served, and what kubectl sees of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from k8slearn.cli import main
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.cluster import Cluster
from k8slearn.engines import kubectl

Run = Callable[..., Result]
Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def served() -> Iterator[Cluster]:
    with Cluster(3, start=datetime.now(UTC).timestamp()) as cluster:
        cluster.serve(paused=True)
        yield cluster


@pytest.fixture
def cluster(served: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("K8SLEARN_KUBECONFIG", str(served.kubeconfig))
    served.settle()
    return served


@pytest.fixture
def k8slearn(cluster: Cluster) -> Run:
    return lambda *words: CliRunner().invoke(main, list(words))


@pytest.fixture
def kube(cluster: Cluster) -> Kubectl:
    def run(*words: str) -> str:
        command = [kubectl.find(), "--kubeconfig", str(cluster.kubeconfig), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    return run


def test_steps_tell_what_happens_one_moment_after_the_other(k8slearn: Run, kube: Kubectl):
    kube("create", "deployment", "step", "--image=nginx:1.29")
    told: list[str] = []
    while "found it ready" not in "".join(told):
        told += k8slearn("clock", "step").output.splitlines()[:-1]
        assert len(told) < 100
    moments = [line for line in told if "step" in line]
    assert re.match(
        r"\+0\.020 s  deployment-controller saw that deployment default/step was created", moments[0]
    )
    order = ["created ReplicaSet", "created pod ", "assigned it", "began to prepare", "started container"]
    places = [next(n for n, line in enumerate(moments) if what in line) for what in order]
    assert places == sorted(places)


def test_a_step_in_which_nothing_is_written_says_so(k8slearn: Run):
    lines = [k8slearn("clock", "step").output for _ in range(20)]
    assert any("Nothing was written: a probe, a heartbeat" in line for line in lines)


def test_kubectl_sees_ages_that_were_let_pass_and_no_future(k8slearn: Run, kube: Kubectl):
    kube("run", "aged", "--image=busybox:1.37", "--", "sh", "-c", "while true; do echo tick; sleep 60; done")
    k8slearn("clock", "settle")
    k8slearn("clock", "advance", "1h")
    assert " 60m" in kube("get", "pod", "aged", "--no-headers")
    assert re.search(r"Scheduled +60m ", kube("describe", "pod", "aged")), "which kubectl computes itself"
    now = datetime.now(UTC).timestamp()
    lines = kube("logs", "aged", "--timestamps").splitlines()
    times = [parse_timestamp(line.split()[0][:26] + "Z") for line in lines]
    assert len(times) >= 60 and now - 3605 < times[0] and times[-1] <= now
    since = datetime.fromtimestamp(now - 600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(kube("logs", "aged", f"--since-time={since}").splitlines()) in (10, 11)
    assert len(kube("logs", "aged", "--since=10m").splitlines()) in (10, 11)


def test_a_cronjobs_times_agree_with_each_other_after_an_advance(k8slearn: Run, kube: Kubectl):
    kube("create", "cronjob", "hourly", "--image=busybox:1.37", "--schedule=0 * * * *", "--", "true")
    k8slearn("clock", "advance", "61m")
    [job, *_] = json.loads(kube("get", "jobs", "-o", "json"))["items"]
    metadata = job["metadata"]
    scheduled = parse_timestamp(metadata["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"])
    made = parse_timestamp(metadata["creationTimestamp"])
    assert 0 <= made - scheduled < 2, "the one as the other in the client's time"
    assert made < datetime.now(UTC).timestamp()
    last = json.loads(kube("get", "cronjob", "hourly", "-o", "json"))["status"]["lastScheduleTime"]
    assert 0 < datetime.now(UTC).timestamp() - parse_timestamp(last) <= 3605


def test_the_trace_of_lately_and_as_data(k8slearn: Run, kube: Kubectl):
    kube("create", "configmap", "early")
    k8slearn("clock", "advance", "5m")
    kube("create", "configmap", "late")
    lately = k8slearn("trace", "--since", "4m").output
    assert "kubectl created ConfigMap default/late" in lately and "default/early" not in lately
    [entry] = json.loads(k8slearn("trace", "configmap/late", "--json").output)
    assert (entry["component"], entry["user"], entry["command"]) == (
        "kubectl",
        "kubernetes-admin",
        "kubectl create configmap",
    )
    wrong = k8slearn("trace", "--since", "soon")
    assert wrong.exit_code == 2 and "Write it like 5m, 90s or 1h30m." in wrong.output


def test_time_can_be_paused_resumed_and_hurried_while_somebody_watches(
    cluster: Cluster, k8slearn: Run, kube: Kubectl
):
    kube("create", "deployment", "seen", "--image=nginx:1.29")
    k8slearn("clock", "settle")
    command = [kubectl.find(), "--kubeconfig", str(cluster.kubeconfig), "get", "deployment", "seen", "-w"]
    with subprocess.Popen([*command, "--no-headers"], stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().split()[:2] == ["seen", "1/1"]
        kube("scale", "deployment/seen", "--replicas=2")
        assert watching.stdout.readline().split()[:2] == ["seen", "1/2"]
        k8slearn("clock", "speed", "50")
        assert k8slearn("clock", "resume").exit_code == 0
        while watching.stdout.readline().split()[1] != "2/2":
            pass
        k8slearn("clock", "speed", "1")
        k8slearn("clock", "pause")
        watching.terminate()
    assert "paused" in k8slearn("clock", "show").output
