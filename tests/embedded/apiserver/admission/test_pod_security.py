"""PodSecurity refuses pods that a namespace's labels forbid, and tells of what would make them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from k8slearn.embedded.apiserver.admission.pod_security_checks import forbidden
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

PLAIN = {"containers": [{"name": "web", "image": "nginx:1.29"}]}
GOOD = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "web",
            "image": "nginx:1.29",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}
RESTRICTED = (
    'allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
    '"Localhost")'
)


class Namespace:
    """Namespace ``n`` of a cluster, with labels."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.warnings: list[str] = []

    def ask(self, method: str, path: str, body: Any = None, type: str = "application/json") -> Any:
        sent = json.dumps(body).encode() if body is not None else b""
        answer = self.cluster.handle(Request(method, path, headers={"content-type": type}, body=sent))
        assert isinstance(answer, Response)
        self.warnings = [value for name, value in answer.headers if name == "Warning"]
        return json.loads(answer.body)

    def label(self, **modes: str) -> Any:
        labels = {
            f"pod-security.kubernetes.io/{mode.replace('_', '-')}": level for mode, level in modes.items()
        }
        patch = {"metadata": {"labels": labels}}
        return self.ask("PATCH", "/api/v1/namespaces/n", patch, "application/merge-patch+json")

    def pod(self, name: str, spec: Any) -> Any:
        return self.ask("POST", "/api/v1/namespaces/n/pods", {"metadata": {"name": name}, "spec": spec})


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    with Cluster(1) as cluster:
        cluster.settle()
        made = Namespace(cluster)
        made.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
        cluster.settle()
        yield made


def test_a_restricted_namespace_takes_only_pods_that_ask_for_little(namespace: Namespace) -> None:
    namespace.label(enforce="restricted")
    said = namespace.pod("plain", PLAIN)["message"]
    assert said == f'pods "plain" is forbidden: violates PodSecurity "restricted:latest": {RESTRICTED}'
    assert namespace.pod("good", GOOD)["kind"] == "Pod"


def test_a_deployment_is_made_with_a_warning_and_its_pods_are_not(namespace: Namespace) -> None:
    namespace.label(enforce="restricted")
    template = {"metadata": {"labels": {"app": "web"}}, "spec": PLAIN}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    path = "/apis/apps/v1/namespaces/n/deployments"
    assert namespace.ask("POST", path, {"metadata": {"name": "web"}, "spec": spec})["kind"] == "Deployment"
    assert len(namespace.warnings) == 1
    assert namespace.warnings[0].startswith(
        '299 - "would violate PodSecurity \\"restricted:latest\\": allowPriv'
    )
    namespace.cluster.settle()
    conditions = namespace.ask("GET", f"{path}/web")["status"]["conditions"]
    assert any('violates PodSecurity "restricted:latest"' in c["message"] for c in conditions)


def test_warn_lets_pods_pass(namespace: Namespace) -> None:
    namespace.label(warn="baseline")
    assert namespace.pod("a", {**PLAIN, "hostNetwork": True})["kind"] == "Pod"
    assert namespace.warnings == [
        '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostNetwork=true)"'
    ]


def test_who_tightens_a_namespace_is_told_of_the_pods_that_are_there(namespace: Namespace) -> None:
    for name in ("b", "a"):
        namespace.pod(name, PLAIN)
    namespace.pod("good", GOOD)
    namespace.label(enforce="restricted")
    head, pods = namespace.warnings
    assert 'existing pods in namespace \\"n\\" violate the new PodSecurity enforce level' in head
    assert "a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities," in pods


def test_a_level_that_there_is_not_is_refused(namespace: Namespace) -> None:
    said = namespace.label(enforce="strict", warn_version="1.3")["message"]
    assert (
        'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, '
        "baseline, restricted" in said
    )
    assert 'warn-version]: Invalid value: "1.3": must be "latest" or "v1.x"' in said


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"hostPID": True}, ("host namespaces", "hostPID=true")),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, ("hostPath volumes", 'volume "v"')),
        (
            {"containers": [{"name": "a", "ports": [{"containerPort": 1, "hostPort": 80}]}]},
            ("hostPort", 'container "a" uses hostPort 80'),
        ),
        (
            {"containers": [{"name": n, "securityContext": {"privileged": True}} for n in ("a", "b")]},
            ("privileged", 'containers "a", "b" must not set securityContext.privileged=true'),
        ),
        (
            {
                "containers": [
                    {"name": "a", "securityContext": {"capabilities": {"add": ["SYS_TIME", "CHOWN"]}}}
                ]
            },
            (
                "non-default capabilities",
                'container "a" must not include "SYS_TIME" in securityContext.capabilities.add',
            ),
        ),
        (
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
            ("forbidden sysctls", "kernel.msgmax"),
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            ("seccompProfile", 'pod must not set securityContext.seccompProfile.type to "Unconfined"'),
        ),
        (
            {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "example.com"}}}]},
            ("probe or lifecycle host", 'container "a" uses probe or lifecycle host "example.com"'),
        ),
    ],
)
def test_baseline_forbids_what_reaches_out_of_the_pod(spec: dict[str, Any], told: tuple[str, str]) -> None:
    assert forbidden("baseline", 37, {}, spec) == [told]


def test_an_older_version_of_the_policy_knows_less() -> None:
    probe = {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "example.com"}}}]}
    assert forbidden("baseline", 33, {}, probe) == []
    assert forbidden("privileged", 37, {}, {"hostPID": True}) == []
