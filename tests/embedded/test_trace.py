"""The trace: who did what because of which change, in words that a learner understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster
from k8slearn.engines.cluster import Cluster as Lesson
from k8slearn.engines.trace import Entry
from k8slearn.errors import ClusterError

LABELS = {"app": "web"}


def deployment(replicas: int = 3, image: str = "nginx:1.28", **spec: object) -> dict:
    containers = [{"name": "nginx", "image": image}]
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": containers}}
    wanted = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template, **spec}
    return {"metadata": {"name": "web"}, "spec": wanted}


class Told:
    """A cluster, and its trace with the random parts of names left out: ``web-6b9f-x7k2p`` is ``web-R-P``."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.lesson = Lesson.of(cluster)

    def send(
        self, method: str, path: str, body: object = None, query: dict | None = None, **headers: str
    ) -> Response:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        sent = {"content-type": kind, "user-agent": "kubectl/v1.37.1 (linux/amd64)", **headers}
        answer = self.cluster.handle(
            Request(method, path, query or {}, headers=sent, body=json.dumps(body).encode())
        )
        assert isinstance(answer, Response)
        return answer

    def create(self, path: str, body: object) -> None:
        assert self.send("POST", path, body).status == 201

    def patch(self, path: str, body: object, command: str = "") -> None:
        assert self.send("PATCH", path, body, None, **{"kubectl-command": command}).status == 200

    def of(self, reference: str = "deployment/web", **how: object) -> list[str]:
        return [masked(entry) for entry in self.lesson.trace(reference, **how)]  # type: ignore[arg-type]


def masked(entry: Entry) -> str:
    hashed = re.sub(r"\bweb-[0-9bcdf-z]{8,10}\b", "web-R", entry.sentence)
    return re.sub(r"\bweb-(R-)?[0-9bcdf-z]{5}\b", r"web-\1P", hashed)


@pytest.fixture
def told() -> Iterator[Told]:
    with Cluster(3, seed=4) as cluster:
        cluster.settle()
        yield Told(cluster)


def test_a_rollout_is_told_from_the_request_to_the_container(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(1))
    told.cluster.settle()
    expected = [
        "kubectl created deployment default/web with 1 replica",
        "deployment-controller saw that deployment default/web was created, and created ReplicaSet web-R "
        "with 1 replica: no ReplicaSet has the template of revision 1",
        "deployment-controller wrote the status of deployment default/web "
        "(unavailable 0 → 1, Progressing True, Available False)",
        "replicaset-controller saw that ReplicaSet default/web-R was created, and created pod web-R-P: "
        "1 wanted, 0 there",
        f"default-scheduler saw that pod default/web-R-P was created, and assigned it to {node(told)}: "
        "2 of 3 nodes can take it",
        "replicaset-controller saw that pod default/web-R-P was created, and wrote the status of "
        "ReplicaSet web-R (pods 0 → 1)",
        "deployment-controller saw that ReplicaSet default/web-R has a new status (pods 0 → 1), and wrote "
        "the status of deployment web (pods 0 → 1, updated 0 → 1)",
        f"kubelet on {node(told)} saw that pod default/web-R-P was assigned to {node(told)}, and began to "
        "prepare container nginx in it",
        f"kubelet on {node(told)} started container nginx in pod default/web-R-P and found it ready",
        "replicaset-controller saw that pod default/web-R-P is ready, and wrote the status of "
        "ReplicaSet web-R (ready 0 → 1, available 0 → 1)",
        "deployment-controller saw that ReplicaSet default/web-R has a new status (ready 0 → 1, available "
        "0 → 1), and wrote the status of deployment web (ready 0 → 1, available 0 → 1, "
        "Available False → True, unavailable 1 → 0)",
    ]
    # Within one moment the scheduler may have come before the replicaset-controller, or after it.
    found = [
        re.sub(r"created and that pod web-R-P was assigned to [\w-]+,", "created,", s) for s in told.of()
    ]
    assert sorted(found) == sorted(expected)
    chain = [place for place, part in enumerate(expected) if " created " in part or "kubelet" in part]
    assert [found.index(expected[place]) for place in chain] == sorted(
        found.index(expected[p]) for p in chain
    )


def node(told: Told) -> str:
    return told.cluster.client.list("pods", "default")[0]["spec"]["nodeName"]


def test_times_count_from_the_first_entry(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(1))
    told.cluster.settle()
    entries = told.lesson.trace("deploy/web")
    assert [entry.offset for entry in entries[:2]] == pytest.approx([0.0, 0.02])
    assert str(entries[0]) == "+0.000 s  kubectl created deployment default/web with 1 replica"
    assert [entry.offset for entry in entries] == sorted(entry.offset for entry in entries)


def test_pods_made_at_once_are_one_sentence_that_says_how(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(6))
    told.cluster.settle()
    [made] = [entry for entry in told.lesson.trace("deployment/web") if "created pods" in entry.sentence]
    assert len(made.objects) == 6
    assert "and 3 more: 6 wanted, 0 there (slow start: 1, then 2, then 3)" in made.sentence


def test_a_request_is_told_by_its_command_and_what_it_changed(told: Told):
    path = "/apis/apps/v1/namespaces/default/deployments"
    told.create(path, deployment())
    told.cluster.settle()
    image = {"template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.29"}]}}}
    told.patch(f"{path}/web", {"spec": image}, "kubectl set image")
    told.patch(f"{path}/web/scale", {"spec": {"replicas": 5}}, "kubectl scale")
    told.patch(f"{path}/web", {"spec": {"paused": True}}, "kubectl rollout pause")
    told.patch(f"{path}/web", {"metadata": {"labels": {"tier": "front"}}}, "kubectl label")
    assert told.of()[-4:] == [
        "kubectl set image changed deployment default/web "
        "(image of container nginx: nginx:1.28 → nginx:1.29)",
        "kubectl scale scaled deployment default/web from 3 to 5",
        "kubectl rollout pause paused deployment default/web",
        "kubectl label changed deployment default/web (label tier: front)",
    ]


def test_what_a_request_does_not_change_is_not_told(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment())
    before = told.of("")
    told.patch("/apis/apps/v1/namespaces/default/deployments/web", {"spec": {"replicas": 3}})
    made = {"metadata": {"name": "a"}}
    dry = told.send("POST", "/api/v1/namespaces/default/configmaps", made, {"dryRun": ["All"]})
    assert dry.status == 201
    assert told.of("") == before


def test_a_refusal_is_told_with_what_the_server_said(told: Told):
    told.create(
        "/api/v1/namespaces/default/resourcequotas",
        {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}},
    )
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(1))
    told.cluster.clock.advance(1)
    refused = next(sentence for sentence in told.of() if "refused" in sentence)
    assert re.fullmatch(
        r"replicaset-controller saw that ReplicaSet default/web-R was created, tried to create pod web-R-, and was "
        r'refused: pods "web-R-P" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
        refused,
    )
    bad = deployment()
    del bad["spec"]["selector"]
    assert told.send("POST", "/apis/apps/v1/namespaces/default/deployments", bad).status == 422
    assert told.of("")[-1].startswith("kubectl tried to create a deployment, and was refused: ")


def test_who_serves_traffic_is_told_with_the_pods(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(2))
    told.cluster.settle()
    service = {"metadata": {"name": "web"}, "spec": {"selector": LABELS, "ports": [{"port": 80}]}}
    told.create("/api/v1/namespaces/default/services", service)
    told.cluster.settle()
    expected = (
        "endpoint-slice-controller saw that service default/web was created, and created EndpointSlice web-P: "
        "web-R-P and web-R-P are ready"
    )
    assert expected in told.of()
    assert expected in told.of("service/web")
    assert not any("service default/web was created" in s for s in told.of("configmap/kube-root-ca.crt"))


def test_a_lost_node_is_told_to_those_who_had_pods_there(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(2))
    told.cluster.settle()
    told.create(
        "/api/v1/namespaces/default/pods",
        {
            "metadata": {"name": "alone"},
            "spec": {"nodeName": "worker-1", "containers": [{"name": "nginx", "image": "nginx:1.29"}]},
        },
    )
    told.cluster.settle()
    told.cluster.nodes["worker-2"].crash()
    told.cluster.clock.advance("6m")
    steps = (
        "teacher crashed node worker-2",
        "node-lifecycle-controller marked node worker-2 as not ready: its kubelet stopped posting its status",
        "node-lifecycle-controller put node.kubernetes.io/unreachable:NoExecute on node worker-2: its condition "
        "Ready asks for it",
        "taint-eviction-controller deleted pod default/web-R-P, which has 30 s to end: it does not tolerate the "
        "taints of its node worker-2 any longer",
    )
    sentences = told.of()
    places = [sentences.index(step) for step in steps]
    assert places == sorted(places)
    assert any("created pod web-R-P: 2 wanted, 1 there" in sentence for sentence in sentences[places[-1] :])
    assert not any("worker-2" in sentence for sentence in told.of("pod/alone"))


def test_a_container_that_ends_is_told_with_how(told: Told):
    pod = {
        "metadata": {"name": "job"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "busybox:1.37", "command": ["sh", "-c", "exit 3"]}],
        },
    }
    told.create("/api/v1/namespaces/default/pods", pod)
    told.cluster.clock.advance(5)
    assert re.search(
        r"saw container main end with exit code 3 \(Error\) in pod default/job and declared it failed",
        told.of("pod/job")[-1],
    )


def test_only_what_happened_lately_is_told_on_demand(told: Told):
    told.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "old"}})
    told.cluster.clock.advance(60)
    told.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "new"}})
    assert told.of("", seconds=30) == ["kubectl created ConfigMap default/new"]


def test_an_entry_knows_what_moved_it_and_what_was_read(told: Told):
    told.create("/apis/apps/v1/namespaces/default/deployments", deployment(1))
    told.cluster.settle()
    request, created, *_ = told.lesson.trace("deployment/web")
    assert created.data["because"] == request.data["revisions"]
    assert created.data["reconciling"] == "deployments.apps default/web"
    assert created.data["read"]["deployments.apps"] == 1
    assert created.data["changed"] == [["replicas", None, 1]]
    assert (request.data["user"], request.data["component"]) == ("system:admin", "kubectl")


def test_an_object_of_no_kind_or_without_a_name_is_refused_in_words(told: Told):
    with pytest.raises(ClusterError, match=r"no kind gadget\. See: kubectl api-resources"):
        told.lesson.trace("gadget/web")
    with pytest.raises(ClusterError, match=r"Write KIND/NAME, e\.g\. deployment/web"):
        told.lesson.trace("web")


def test_secrets_stay_secret(told: Told):
    secret = {"metadata": {"name": "key"}, "data": {"password": "aHVudGVyMg=="}}
    told.create("/api/v1/namespaces/default/secrets", secret)
    told.patch("/api/v1/namespaces/default/secrets/key", {"data": {"password": "c3dvcmRmaXNo"}})
    everything = json.dumps(told.cluster.tell())
    assert "changed secret default/key (data password)" in everything
    assert "aHVudGVyMg" not in everything and "c3dvcmRmaXNo" not in everything


def test_the_trace_is_bounded_and_nothing_of_it_is_stored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("k8slearn.embedded.client.trace.KEPT", 50)
    with Cluster(1) as cluster:
        made = cluster.client.create("configmaps", {"metadata": {"name": "counter"}, "data": {"n": "0"}})
        revision, added = cluster.store.revision, cluster.trace.added
        for number in range(60):
            made = cluster.client.update("configmaps", {**made, "data": {"n": str(number + 1)}})
        assert cluster.store.revision == revision + 60, "each write is one revision: the trace writes nothing"
        assert cluster.trace.added == added + 60
        assert sum(1 for _ in cluster.trace) == 50
