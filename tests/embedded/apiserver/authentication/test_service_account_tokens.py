"""Whose a token is, how long, and what ends it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from kubernetes import client as k8s
from kubernetes.client import ApiException

from k8slearn.embedded.apiserver.authentication import MASTER
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

ISSUER = "https://kubernetes.default.svc.cluster.local"


class Accounts:
    """The namespace default of a cluster with the account ``bot``."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.core = k8s.CoreV1Api(cluster.api_client)
        self.core.create_namespaced_service_account("default", {"metadata": {"name": "bot"}})
        cluster.settle()

    def request(self, **spec: Any) -> dict[str, Any]:
        """The answer to a TokenRequest. Raises ApiException."""
        body = {"spec": {"audiences": [], **spec}}
        answer = self.core.create_namespaced_service_account_token("bot", "default", body)
        return self.cluster.api_client.sanitize_for_serialization(answer)

    def token(self, **spec: Any) -> str:
        return self.request(**spec)["status"]["token"]

    def review(self, token: str, audiences: list[str] | None = None) -> dict[str, Any]:
        """The status of a TokenReview."""
        body = {"spec": {"token": token, **({"audiences": audiences} if audiences else {})}}
        path = "/apis/authentication.k8s.io/v1/tokenreviews"
        answer = self.cluster.handle(Request("POST", path, body=orjson.dumps(body), who=MASTER))
        assert isinstance(answer, Response) and answer.status == 201
        return orjson.loads(answer.body)["status"]

    def error(self, token: str) -> str:
        status = self.review(token)
        assert "authenticated" not in status and status["user"] == {}
        return status["error"]

    def uid(self, kind: str, name: str) -> str:
        obj = self.cluster.client.get(kind, "" if kind == "nodes" else "default", name)
        assert obj is not None
        return obj["metadata"]["uid"]


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with Cluster(2, seed=5) as cluster:
        cluster.settle()
        yield Accounts(cluster)


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def refusal(error: pytest.ExceptionInfo[ApiException]) -> str:
    return orjson.loads(error.value.body)["message"]


# -- what it says


def test_a_token_says_whose_it_is_and_until_when(accounts: Accounts) -> None:
    answer = accounts.request(expirationSeconds=1200)
    found = claims(answer["status"]["token"])
    jti = found.pop("jti")
    now = int(accounts.cluster.clock.now)
    assert found == {
        "aud": [ISSUER],
        "exp": now + 1200,
        "iat": now,
        "iss": ISSUER,
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "bot", "uid": accounts.uid("serviceaccounts", "bot")},
        },
        "nbf": now,
        "sub": "system:serviceaccount:default:bot",
    }
    assert answer["spec"]["expirationSeconds"] == 1200
    status = accounts.review(answer["status"]["token"])
    assert status["authenticated"] and status["audiences"] == [ISSUER]
    assert status["user"] == {
        "username": "system:serviceaccount:default:bot",
        "uid": accounts.uid("serviceaccounts", "bot"),
        "groups": [
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated",
        ],
        "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={jti}"]},
    }


def test_without_more_it_is_good_for_an_hour(accounts: Accounts) -> None:
    found = claims(accounts.token())
    assert found["exp"] - found["iat"] == 3600


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        (599, "Invalid value: 599: may not specify a duration less than 10 minutes"),
        (2**32 + 1, "Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"),
    ],
)
def test_too_short_and_too_long_a_life_are_refused(accounts: Accounts, seconds: int, why: str) -> None:
    with pytest.raises(ApiException) as error:
        accounts.request(expirationSeconds=seconds)
    sentence = f'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: {why}'
    assert (error.value.status, refusal(error)) == (422, sentence)


def test_a_token_for_somebody_else_opens_no_door_here(accounts: Accounts) -> None:
    token = accounts.token(audiences=["vault", "bank"])
    assert accounts.review(token, ["bank", "shop"])["audiences"] == ["bank"]
    assert accounts.error(token) == (
        f'[invalid bearer token, token audiences ["vault" "bank"] is invalid for the target audiences ["{ISSUER}"]]'
    )


# -- what it is bound to


def test_a_pods_token_knows_its_node_and_ends_with_the_pod(accounts: Accounts) -> None:
    container = {"name": "c", "image": "busybox:1.37", "command": ["sleep", "9999"]}
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [container], "serviceAccountName": "bot"}}
    accounts.core.create_namespaced_pod("default", pod)
    accounts.cluster.settle()
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "p"}
    token = accounts.token(boundObjectRef=reference, expirationSeconds=3607)
    found = claims(token)
    assert found["kubernetes.io"]["pod"] == {"name": "p", "uid": accounts.uid("pods", "p")}
    node = accounts.core.read_namespaced_pod("p", "default").spec.node_name
    assert found["kubernetes.io"]["node"] == {"name": node, "uid": accounts.uid("nodes", node)}
    assert found["exp"] - found["iat"] == 365 * 24 * 3600  # pods that never read a new one go on
    assert found["kubernetes.io"]["warnafter"] == found["iat"] + 3607
    extra = accounts.review(token)["user"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    assert extra["authentication.kubernetes.io/node-name"] == [node]
    accounts.core.delete_namespaced_pod("p", "default", grace_period_seconds=0)
    accounts.cluster.settle()
    assert accounts.error(token) == "[invalid bearer token, service account token has been invalidated]"


def test_a_secret_of_the_same_name_does_not_bring_a_token_back(accounts: Accounts) -> None:
    accounts.core.create_namespaced_secret("default", {"metadata": {"name": "s"}})
    first = accounts.uid("secrets", "s")
    token = accounts.token(boundObjectRef={"kind": "Secret", "apiVersion": "v1", "name": "s", "uid": first})
    accounts.core.delete_namespaced_secret("s", "default")
    accounts.core.create_namespaced_secret("default", {"metadata": {"name": "s"}})
    second = accounts.uid("secrets", "s")
    assert accounts.error(token) == (
        f"[invalid bearer token, secret UID ({second}) does not match service account secret ref claim ({first})]"
    )


def test_what_a_token_cannot_be_bound_to(accounts: Accounts) -> None:
    container = {"name": "c", "image": "busybox:1.37", "command": ["sleep", "9999"]}
    pod = {"metadata": {"name": "other"}, "spec": {"containers": [container]}}
    accounts.core.create_namespaced_pod("default", pod)
    for reference, why in (
        ({"kind": "Pod", "apiVersion": "v1", "name": "nosuch"}, 'pods "nosuch" not found'),
        (
            {"kind": "Deployment", "apiVersion": "apps/v1", "name": "d"},
            "cannot bind token to object of type apps/v1, Kind=Deployment",
        ),
        (
            {"kind": "Pod", "apiVersion": "v1", "name": "other"},
            'cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
        ),
    ):
        with pytest.raises(ApiException) as error:
            accounts.request(boundObjectRef=reference)
        assert refusal(error) == why


# -- what ends it


def test_it_ends_when_its_time_is_over(accounts: Accounts) -> None:
    token = accounts.token(expirationSeconds=600)
    accounts.cluster.clock.advance(599)
    assert accounts.review(token)["authenticated"]
    accounts.cluster.clock.advance(1)
    assert accounts.error(token) == "[invalid bearer token, service account token has expired]"


def test_it_ends_with_its_account_and_a_new_one_of_that_name_is_another(accounts: Accounts) -> None:
    token, first = accounts.token(), accounts.uid("serviceaccounts", "bot")
    accounts.core.delete_namespaced_service_account("bot", "default")
    assert accounts.error(token) == '[invalid bearer token, serviceaccounts "bot" not found]'
    accounts.core.create_namespaced_service_account("default", {"metadata": {"name": "bot"}})
    second = accounts.uid("serviceaccounts", "bot")
    assert accounts.error(token) == (
        f"[invalid bearer token, service account UID ({second}) does not match claim ({first})]"
    )


def test_what_is_no_token_of_this_cluster(accounts: Accounts) -> None:
    assert accounts.error("abc") == "invalid bearer token"
    token = accounts.token()
    assert accounts.error(f"{token[:-4]}AAAA") == (
        "[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]"
    )


def test_the_same_seed_and_requests_give_the_same_tokens() -> None:
    tokens = set()
    for _ in range(2):
        with Cluster(2, seed=9) as cluster:
            cluster.settle()
            tokens.add(Accounts(cluster).token())
    assert len(tokens) == 1


# -- Secrets that keep one


def kept(accounts: Accounts, name: str = "bot") -> dict[str, Any]:
    metadata = {"name": "keeper", "annotations": {"kubernetes.io/service-account.name": name}}
    secret = {"metadata": metadata, "type": "kubernetes.io/service-account-token"}
    accounts.core.create_namespaced_secret("default", secret)
    accounts.cluster.settle()
    return accounts.cluster.client.get("secrets", "default", "keeper") or {}


def test_a_secret_gets_a_token_that_never_expires(accounts: Accounts) -> None:
    secret = kept(accounts)
    assert secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"]
    assert base64.b64decode(secret["data"]["namespace"]) == b"default"
    token = base64.b64decode(secret["data"]["token"]).decode()
    accounts.cluster.clock.advance("2h")
    status = accounts.review(token)
    assert status["user"]["username"] == "system:serviceaccount:default:bot"
    assert "exp" not in claims(token)


def test_a_secrets_token_ends_with_the_secret(accounts: Accounts) -> None:
    token = base64.b64decode(kept(accounts)["data"]["token"]).decode()
    accounts.core.delete_namespaced_secret("keeper", "default")
    assert accounts.error(token) == "[invalid bearer token, Token has been invalidated]"
    accounts.core.create_namespaced_secret("default", {"metadata": {"name": "keeper"}})
    assert accounts.error(token) == "[invalid bearer token, Token does not match server's copy]"


def test_a_secret_goes_with_its_account_and_stays_not_without_one(accounts: Accounts) -> None:
    assert kept(accounts, "nobody") == {}
    assert kept(accounts)
    accounts.core.delete_namespaced_service_account("bot", "default")
    accounts.cluster.settle()
    assert accounts.cluster.client.get("secrets", "default", "keeper") is None
