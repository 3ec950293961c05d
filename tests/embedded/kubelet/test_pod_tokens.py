"""The token in a pod: made for this pod, and made anew before it ends."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from kubernetes import client as k8s

from k8slearn.embedded.cluster import Cluster

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(2, seed=4) as cluster:
        cluster.settle()
        yield cluster


def run(cluster: Cluster, script: str, **spec: Any) -> None:
    """A pod ``p`` that runs ``script``; what it prints is its log."""
    container = {
        "name": "c",
        "image": "busybox:1.37",
        "command": ["sh", "-c", script],
        **spec.pop("container", {}),
    }
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [container], **spec}}
    k8s.CoreV1Api(cluster.api_client).create_namespaced_pod("default", pod)
    cluster.settle()


def printed(cluster: Cluster) -> list[dict[str, Any]]:
    """The claims of each token in the log."""
    log = k8s.CoreV1Api(cluster.api_client).read_namespaced_pod_log("p", "default")
    parts = [line.split(".")[1] for line in log.splitlines()]
    return [orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts]


def test_a_pod_finds_a_token_of_its_account_bound_to_it(cluster: Cluster) -> None:
    k8s.CoreV1Api(cluster.api_client).create_namespaced_service_account(
        "default", {"metadata": {"name": "bot"}}
    )
    run(cluster, f"cat {TOKEN}; echo; sleep 9999", serviceAccountName="bot")
    (claims,) = printed(cluster)
    assert claims["sub"] == "system:serviceaccount:default:bot"
    assert claims["kubernetes.io"]["pod"]["name"] == "p"
    assert claims["kubernetes.io"]["warnafter"] == claims["iat"] + 3607


def test_it_is_renewed_when_four_fifths_of_its_life_are_over(cluster: Cluster) -> None:
    run(cluster, f"while true; do cat {TOKEN}; echo; sleep 600; done")
    cluster.clock.advance("2h")
    issued = [claims["iat"] for claims in printed(cluster)]
    assert len(issued) == 13
    assert issued == sorted(issued)
    first, second, third = sorted(set(issued))
    assert second - first == pytest.approx(0.8 * 3607, abs=1)
    assert third - second == pytest.approx(0.8 * 3607, abs=1)
    assert issued.count(first) == 5  # at 0, 10, 20, 30 and 40 minutes; renewed after 48


def test_a_token_for_somebody_else_lives_as_long_as_the_volume_says(cluster: Cluster) -> None:
    source = {"serviceAccountToken": {"path": "vault", "audience": "vault", "expirationSeconds": 7200}}
    run(
        cluster,
        "cat /tokens/vault; echo; sleep 9999",
        volumes=[{"name": "t", "projected": {"sources": [source]}}],
        container={"volumeMounts": [{"name": "t", "mountPath": "/tokens"}]},
    )
    (claims,) = printed(cluster)
    assert claims["aud"] == ["vault"]
    assert claims["exp"] - claims["iat"] == 7200
    assert "warnafter" not in claims["kubernetes.io"]


def test_nothing_is_signed_for_a_pod_that_does_not_read_it(cluster: Cluster) -> None:
    cluster.registry.issuer.sign = lambda claims: pytest.fail("a token was signed")  # type: ignore[method-assign]
    run(cluster, f"ls {TOKEN}; sleep 9999")
    assert k8s.CoreV1Api(cluster.api_client).read_namespaced_pod_log("p", "default") == f"{TOKEN}\n"
