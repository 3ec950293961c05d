"""A bug in one component of the simulation is seen, and stops nobody else."""

from __future__ import annotations

import json
import logging
import ssl
import urllib.error
import urllib.request

import pytest

from k8slearn.embedded.client import Key
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.controllers.replicaset import ReplicaSetController

DEPLOYMENT = {
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
        },
    },
}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ReplicaSet controller that makes a mistake in the namespace default."""
    right = ReplicaSetController.reconcile

    def reconcile(controller: ReplicaSetController, key: Key) -> None:
        if key.namespace == "default":
            raise KeyError("oops")
        right(controller, key)

    monkeypatch.setattr(ReplicaSetController, "reconcile", reconcile)


def test_in_process_it_is_raised_with_who_did_what_and_stands_in_the_trace(broken: None):
    with Cluster(2) as cluster:
        cluster.settle()
        cluster.client.create("deployments.apps", DEPLOYMENT)
        with pytest.raises(KeyError) as caught:
            cluster.settle()
        [note] = caught.value.__notes__
        assert note.startswith("replicaset-controller was working on replicasets.apps default/web-")
        assert cluster.settle(), "all the others go on"
        told = cluster.tell("deployment/web")
        failed = next(entry["sentence"] for entry in told if entry["verb"] == "failed at")
        assert failed.startswith("replicaset-controller failed at ReplicaSet default/web-")
        assert failed.endswith(": a mistake in k8slearn, KeyError('oops')")


def test_served_it_is_logged_answered_and_the_clock_goes_on(broken: None, caplog: pytest.LogCaptureFixture):
    with Cluster(2) as cluster:
        cluster.settle()
        server = cluster.serve(paused=True)
        cluster.run(lambda: cluster.client.create("deployments.apps", DEPLOYMENT))

        def advance(seconds: int) -> tuple[int, dict]:
            body = json.dumps({"do": "advance", "seconds": seconds}).encode()
            url = f"https://127.0.0.1:{server.port}/k8slearn/v1/clock"
            token = {"Authorization": f"Bearer {server.credentials.token}"}
            request = urllib.request.Request(url, body, token)
            context = ssl.create_default_context(cafile=str(server.credentials.ca))
            try:
                with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        with caplog.at_level(logging.ERROR, "k8slearn"):
            status, body = advance(60)
        assert status == 500 and "replicaset-controller was working on" in body["message"]
        assert "KeyError: 'oops'" in caplog.text
        before = cluster.clock.now
        assert advance(60)[0] == 200 and cluster.clock.now == before + 60
