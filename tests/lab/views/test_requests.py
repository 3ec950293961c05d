"""Which requests were sent, read from the load generator's log as it stands in a pod of a cluster."""

from __future__ import annotations

import pytest
from kubernetes.client import CoreV1Api

import k8slearn
from k8slearn.lab.views.requests import RequestsSource, counts, target


def test_a_progress_line_and_the_report_say_the_same_and_the_last_word_counts():
    progress = "1 s  ok 9  failed 1  p50 2 ms  answered by web-1 5, web-2 4  failed with timed out 1\n"
    report = (
        "requests 20  failed 3\n  answered by  web-1 9, web-2 8\n  failed with  status 503 2, timed out 1\n"
    )
    assert counts(progress) == ({"web-1": 5, "web-2": 4}, {"timed out": 1})
    assert counts(progress + report) == ({"web-1": 9, "web-2": 8}, {"status 503": 2, "timed out": 1})
    assert counts("starting") == ({}, {})


@pytest.mark.parametrize(
    ("words", "host"),
    [
        ({"args": ["load", "http://web.shop:8080/x", "--rate", "3"]}, "web.shop"),
        ({"command": ["python", "-m", "app", "load", "http://web/"]}, "web"),
        ({"args": ["web"]}, ""),
        ({"args": ["load"]}, ""),
    ],
)
def test_a_load_generator_is_known_by_what_it_runs(words, host):
    assert target({"spec": {"containers": [words]}}) == host


def test_what_a_pod_reports_can_still_be_read_when_it_has_ended():
    with k8slearn.embedded(nodes=1, seed=3) as cluster:
        core = CoreV1Api(cluster.api_client)
        container = {
            "name": "c",
            "image": "k8slearn/app:1.0",
            "args": ["load", "http://nobody/", "--seconds", "1"],
        }
        tolerations = [{"operator": "Exists"}]
        spec = {"restartPolicy": "Never", "containers": [container], "tolerations": tolerations}
        core.create_namespaced_pod("default", {"metadata": {"name": "users"}, "spec": spec})
        source = RequestsSource(core, "default")
        assert source.list() == ([], "0"), "it has not started yet"
        cluster.clock.advance("30s")
        [report], _ = source.list()
    assert report["metadata"]["name"] == "users"
    assert report["target"] == "nobody"
    assert sum(report["failed"].values()) == 10
