from __future__ import annotations

from collections.abc import Iterator

import pytest

import k8slearn
from k8slearn.course.context import Context
from k8slearn.course.traffic import Traffic
from k8slearn.engines import Cluster

SERVER = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: server, image: k8slearn/app:VERSION}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.fixture
def ctx() -> Iterator[Context]:
    with k8slearn.embedded(nodes=1, seed=1) as cluster:
        yield Context(Cluster.of(cluster), "default")


def test_requests_are_sent_while_the_block_runs(ctx: Context) -> None:
    ctx.replace(SERVER.replace("VERSION", "1.0"))
    ctx.ready_pod("web")
    with ctx.traffic("http://web/", rate=10) as traffic:
        ctx.watch_for(10)
    assert 100 <= traffic.requests <= 130
    assert (traffic.failed, traffic.pods) == (0, {"web": traffic.requests})
    assert list(traffic.latency) == ["p50", "p95", "p99", "slowest"]
    assert 0 <= traffic.latency["p50"] <= traffic.latency["slowest"] < 1000


def test_failures_are_counted_by_their_reasons(ctx: Context) -> None:
    ctx.replace(SERVER.replace("VERSION", "2.3"))
    ctx.ready_pod("web")
    with ctx.traffic("http://web/", rate=10) as traffic:
        ctx.watch_for(5)
        ctx.core.delete_namespaced_pod("web", "default", grace_period_seconds=1)
        ctx.watch_for(5)
    assert traffic.failed == sum(traffic.failures.values()) > 50
    assert traffic.failures.keys() >= {"connection refused", "status 500"}
    assert traffic.reasons.startswith("connection refused (")


def test_nothing_of_it_is_left(ctx: Context) -> None:
    with ctx.traffic("http://nobody/"):
        pass
    assert ctx.core.list_namespaced_pod("default").items == []


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="no report"):
        Traffic().read("wrong setting: PORT is 'x'")
