"""A program in a pod asks the API server."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from kubernetes import client as k8s

from k8slearn.embedded.cluster import Cluster

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
CURL = f'curl -sS --cacert {FOLDER}/ca.crt -H "Authorization: Bearer $(cat {FOLDER}/token)"'
API = "https://kubernetes.default.svc"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(
        2, root_ca="-----BEGIN CERTIFICATE-----\nTHE AUTHORITY\n-----END CERTIFICATE-----\n"
    ) as cluster:
        cluster.settle()
        core = k8s.CoreV1Api(cluster.api_client)
        rbac = k8s.RbacAuthorizationV1Api(cluster.api_client)
        core.create_namespaced_service_account("default", {"metadata": {"name": "bot"}})
        rules = [
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create", "watch"]}
        ]
        rbac.create_namespaced_role("default", {"metadata": {"name": "writer"}, "rules": rules})
        reference = {"kind": "Role", "name": "writer", "apiGroup": "rbac.authorization.k8s.io"}
        subjects = [{"kind": "ServiceAccount", "name": "bot"}]
        binding = {"metadata": {"name": "writer"}, "roleRef": reference, "subjects": subjects}
        rbac.create_namespaced_role_binding("default", binding)
        cluster.settle()
        yield cluster


def says(cluster: Cluster, script: str, seconds: float = 30) -> str:
    """What a pod prints that runs ``script`` as ``bot``, errors included."""
    container = {"name": "c", "image": "nginx:1.29", "command": ["sh", "-c", f"({script}) 2>&1"]}
    spec = {"containers": [container], "restartPolicy": "Never", "serviceAccountName": "bot"}
    core = k8s.CoreV1Api(cluster.api_client)
    core.create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": spec})
    cluster.settle()
    cluster.clock.advance(seconds)
    return core.read_namespaced_pod_log("p", "default")


def test_with_its_token_it_gets_what_its_account_may(cluster: Cluster) -> None:
    found = says(cluster, f"{CURL} {API}/api/v1/namespaces/default/configmaps")
    assert [item["metadata"]["name"] for item in orjson.loads(found)["items"]] == ["kube-root-ca.crt"]
    assert found.startswith('{\n  "')  # people read it


def test_it_may_write_what_its_account_may(cluster: Cluster) -> None:
    body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"},"data":{"by":"bot"}}'
    how = f"-X POST -H 'Content-Type: application/json' -d '{body}'"
    says(cluster, f"{CURL} {how} {API}/api/v1/namespaces/default/configmaps")
    made = cluster.client.get("configmaps", "default", "made")
    assert made is not None and made["data"] == {"by": "bot"}


def test_it_reads_why_it_may_not_more(cluster: Cluster) -> None:
    status = orjson.loads(says(cluster, f"{CURL} {API}/api/v1/namespaces/default/secrets"))
    assert status["message"] == (
        'secrets is forbidden: User "system:serviceaccount:default:bot" cannot list resource "secrets" in '
        'API group "" in the namespace "default"'
    )


def test_without_a_token_it_is_anonymous_and_with_a_wrong_one_unknown(cluster: Cluster) -> None:
    ask = "curl -sk -o /dev/null -w '%{http_code}\\n'"
    found = says(
        cluster,
        f"{ask} {API}/api; {ask} {API}/version; {ask} -H 'Authorization: Bearer x' {API}/version; "
        f"curl -sk {API}/api | grep message",
    )
    assert found.splitlines() == [
        "403",
        "200",
        "401",
        '  "message": "forbidden: User \\"system:anonymous\\" cannot get path \\"/api\\"",',
    ]


def test_who_does_not_know_the_authority_does_not_believe_the_server(cluster: Cluster) -> None:
    found = says(
        cluster, f"curl -sS {API}/version; echo $?; curl -sS --cacert /etc/hosts {API}/version; echo $?"
    )
    assert found.count("curl: (60) SSL certificate problem: unable to get local issuer certificate") == 2
    assert found.splitlines()[-1] == "60"


def test_plain_http_is_not_spoken(cluster: Cluster) -> None:
    found = says(
        cluster, "curl -s http://kubernetes.default:443/version; curl -sS https://localhost:80; echo $?"
    )
    assert found.splitlines()[0] == "Client sent an HTTP request to an HTTPS server."


def test_a_watch_is_answered_when_its_time_is_over(cluster: Cluster) -> None:
    watch = f"{API}/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=20"
    found = says(cluster, f"{CURL} '{watch}'")
    (event,) = map(orjson.loads, found.splitlines())
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "kube-root-ca.crt")
