"""Who is let in at the served cluster's door, and as whom: by kubectl."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client as k8s

from k8slearn.embedded.apiserver.authentication import Issuer
from k8slearn.embedded.cluster import Cluster

FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:default:bot" cannot list '
    'resource "pods" in API group "" in the namespace "default"\n'
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(2, seed=1) as cluster:
        cluster.settle()
        k8s.CoreV1Api(cluster.api_client).create_namespaced_service_account(
            "default", {"metadata": {"name": "bot"}}
        )
        cluster.serve()
        yield cluster


class Kubectl:
    """kubectl with the cluster's kubeconfig, or with a token and nothing else."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        found = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
        assert found, "install the dev extra: it brings kubectl 1.37"
        self.program = found
        self.cluster = cluster
        self.empty = folder / "empty"
        self.empty.touch()

    def __call__(self, *args: str, token: str = "") -> str:
        """What it prints, errors included."""
        config = [f"--kubeconfig={self.cluster.kubeconfig}"]
        if token:
            server = self.cluster.serve()
            config = [
                f"--kubeconfig={self.empty}",
                f"--server=https://127.0.0.1:{server.port}",
                f"--token={token}",
            ]
            config.append(f"--certificate-authority={server.credentials.ca}")
        command = [self.program, *config, *args]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(cluster, tmp_path)


def test_the_kubeconfig_is_the_administrators(kubectl: Kubectl) -> None:
    assert kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo}") == (
        '{"groups":["kubeadm:cluster-admins","system:authenticated"],"username":"kubernetes-admin"}'
    )


def test_a_token_opens_the_door_for_its_account(kubectl: Kubectl) -> None:
    token = kubectl("create", "token", "bot").strip()
    assert kubectl("get", "pods", token=token) == FORBIDDEN
    kubectl("create", "rolebinding", "bot", "--clusterrole=view", "--serviceaccount=default:bot")
    assert kubectl("get", "pods", token=token) == "No resources found in default namespace.\n"
    assert kubectl("auth", "can-i", "delete", "pods", token=token) == "no\n"


def test_a_wrong_token_does_not(kubectl: Kubectl) -> None:
    wrong = "error: You must be logged in to the server (Unauthorized)\n"
    assert kubectl("get", "pods", token="wrong").endswith(wrong)


def test_who_knows_the_seed_cannot_make_a_token(cluster: Cluster, kubectl: Kubectl) -> None:
    claims = cluster.registry.issuer.verify(kubectl("create", "token", "bot").strip())
    forged = Issuer("1").sign(claims)
    assert kubectl("get", "pods", token=forged).endswith("(Unauthorized)\n")


def test_groups_of_whom_one_wants_to_be_come_in_headers_of_one_name(kubectl: Kubectl) -> None:
    groups = kubectl(
        "auth",
        "whoami",
        "--as=anna",
        "--as-group=a",
        "--as-group=b,c",
        "-o",
        "jsonpath={.status.userInfo.groups}",
    )
    assert groups == '["a","b,c","system:authenticated"]'


def test_the_public_key_is_told(cluster: Cluster, kubectl: Kubectl) -> None:
    assert cluster.registry.issuer.key_id in kubectl("get", "--raw", "/openid/v1/jwks")
    assert "https://kubernetes.default.svc.cluster.local" in kubectl(
        "get", "--raw", "/.well-known/openid-configuration"
    )
