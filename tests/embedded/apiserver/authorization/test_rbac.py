"""Who may do what, asked by the Python client as somebody else."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from kubernetes import client as k8s
from kubernetes.client import ApiException

from k8slearn.embedded.apiserver.authentication import ADMIN, User, user
from k8slearn.embedded.apiserver.authorization.rbac import CLUSTER_ROLES
from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

GROUP = "rbac.authorization.k8s.io"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(2) as cluster:
        cluster.settle()
        yield cluster


def role(cluster: Cluster, name: str, verbs: list[str], resources: list[str]) -> None:
    rules = [{"apiGroups": [""], "resources": resources, "verbs": verbs}]
    k8s.RbacAuthorizationV1Api(cluster.api_client).create_namespaced_role(
        "default", {"metadata": {"name": name}, "rules": rules}
    )


def bind(cluster: Cluster, to: str, *subjects: dict[str, str], kind: str = "Role") -> None:
    reference = {"kind": kind, "name": to, "apiGroup": GROUP}
    k8s.RbacAuthorizationV1Api(cluster.api_client).create_namespaced_role_binding(
        "default", {"metadata": {"generateName": "b-"}, "roleRef": reference, "subjects": list(subjects)}
    )


def answer(
    cluster: Cluster, who: User, method: str, path: str, body: object = None, **headers: str
) -> Response:
    data = orjson.dumps(body) if body is not None else b""
    found = cluster.handle(Request(method, path, {}, headers, data, who))
    assert isinstance(found, Response)
    return found


def message(response: Response) -> str:
    return orjson.loads(response.body)["message"]


def test_who_has_no_role_may_nothing_and_reads_why(cluster: Cluster) -> None:
    anna = k8s.CoreV1Api(cluster.api_client_as("anna"))
    with pytest.raises(ApiException) as error:
        anna.list_namespaced_pod("default")
    status = orjson.loads(error.value.body)
    assert (status["code"], status["reason"], status["details"]) == (403, "Forbidden", {"kind": "pods"})
    assert status["message"] == (
        'pods is forbidden: User "anna" cannot list resource "pods" in API group "" in the namespace "default"'
    )


@pytest.mark.parametrize(
    ("subject", "name", "groups"),
    [
        ({"kind": "User", "name": "anna"}, "anna", []),
        ({"kind": "Group", "name": "devs"}, "anna", ["devs"]),
        ({"kind": "Group", "name": "system:authenticated"}, "anna", []),
        ({"kind": "ServiceAccount", "name": "bot"}, "system:serviceaccount:default:bot", []),
        (
            {"kind": "Group", "name": "system:serviceaccounts:default"},
            "system:serviceaccount:default:bot",
            [],
        ),
    ],
)
def test_a_role_is_bound_to_users_groups_and_accounts(
    cluster: Cluster, subject: dict[str, str], name: str, groups: list[str]
) -> None:
    role(cluster, "reader", ["get", "list"], ["pods"])
    bind(cluster, "reader", subject)
    core = k8s.CoreV1Api(cluster.api_client_as(name, groups))
    assert core.list_namespaced_pod("default").items == []
    with pytest.raises(ApiException, match="403"):
        core.list_namespaced_pod("kube-system")
    with pytest.raises(ApiException, match="403"):
        core.list_pod_for_all_namespaces()
    with pytest.raises(ApiException, match="403"):
        core.delete_namespaced_pod("x", "default")


def test_rights_end_with_the_binding(cluster: Cluster) -> None:
    bind(cluster, "view", {"kind": "User", "name": "anna"}, kind="ClusterRole")
    core = k8s.CoreV1Api(cluster.api_client_as("anna"))
    core.list_namespaced_pod("default")
    rbac = k8s.RbacAuthorizationV1Api(cluster.api_client)
    (binding,) = rbac.list_namespaced_role_binding("default").items
    rbac.delete_namespaced_role_binding(binding.metadata.name, "default")
    with pytest.raises(ApiException, match="403"):
        core.list_namespaced_pod("default")


def test_a_binding_without_its_role_gives_nothing_and_says_so(cluster: Cluster) -> None:
    bind(cluster, "gone", {"kind": "User", "name": "anna"})
    refused = answer(cluster, user("anna"), "GET", "/api/v1/namespaces/default/pods")
    assert message(refused).endswith(f'"default": rbac: RBAC: role.{GROUP} "gone" not found')


def test_everybody_may_discover_and_only_the_known_may_ask_what_they_may(cluster: Cluster) -> None:
    anonymous = user("system:anonymous")
    assert answer(cluster, anonymous, "GET", "/version").status == 200
    assert answer(cluster, anonymous, "GET", "/readyz").status == 200
    refused = answer(cluster, anonymous, "GET", "/apis")
    assert message(refused) == 'forbidden: User "system:anonymous" cannot get path "/apis"'
    assert answer(cluster, user("anna"), "GET", "/apis").status == 200
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert orjson.loads(answer(cluster, user("anna"), "POST", path, review).body)["status"] == {
        "allowed": False
    }
    assert answer(cluster, anonymous, "POST", path, review).status == 403


def test_what_is_not_there_is_forbidden_first(cluster: Cluster) -> None:
    refused = answer(cluster, user("anna"), "GET", "/apis/nosuch.io/v1/namespaces/default/things/x")
    assert message(refused) == (
        'things.nosuch.io "x" is forbidden: User "anna" cannot get resource "things" in API group "nosuch.io" '
        'in the namespace "default"'
    )
    assert answer(cluster, ADMIN, "GET", "/apis/nosuch.io/v1/things").status == 404


# -- the administrator


def test_the_administrator_is_not_locked_out(cluster: Cluster) -> None:
    rbac = k8s.RbacAuthorizationV1Api(cluster.api_client)
    for binding in rbac.list_cluster_role_binding().items:
        rbac.delete_cluster_role_binding(binding.metadata.name)
    assert answer(cluster, ADMIN, "GET", "/api/v1/pods").status == 200
    assert answer(cluster, user("anna", ("system:masters",)), "GET", "/api/v1/pods").status == 200


# -- somebody else


def test_who_may_be_an_account_needs_the_verb_for_that_account(cluster: Cluster) -> None:
    rules = [
        {
            "apiGroups": [""],
            "resources": ["serviceaccounts"],
            "verbs": ["impersonate"],
            "resourceNames": ["bot"],
        }
    ]
    k8s.RbacAuthorizationV1Api(cluster.api_client).create_namespaced_role(
        "default", {"metadata": {"name": "deputy"}, "rules": rules}
    )
    bind(cluster, "deputy", {"kind": "User", "name": "max"})
    role(cluster, "reader", ["list"], ["pods"])
    bind(cluster, "reader", {"kind": "ServiceAccount", "name": "bot"})
    path, account = "/api/v1/namespaces/default/pods", "system:serviceaccount:default"
    as_bot = {"impersonate-user": f"{account}:bot"}
    assert answer(cluster, user("max"), "GET", path).status == 403
    assert answer(cluster, user("max"), "GET", path, **as_bot).status == 200
    refused = answer(cluster, user("max"), "GET", path, **{"impersonate-user": f"{account}:other"})
    assert message(refused) == (
        'pods is forbidden: User "max" cannot impersonate-on:serviceaccount:list resource "pods" in API group "" '
        'in the namespace "default"'
    )
    # The groups that one claims to be in need a right of their own.
    refused = answer(cluster, user("max"), "GET", path, **as_bot, **{"impersonate-group": "system:masters"})
    assert refused.status == 403


def test_the_administrator_is_whom_the_headers_say(cluster: Cluster) -> None:
    headers = {
        "impersonate-user": "anna",
        "impersonate-group": "devs\nops",
        "impersonate-uid": "12",
        "impersonate-extra-team%2fcolour": "red\nblue",
    }
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    found = orjson.loads(answer(cluster, ADMIN, "POST", path, {}, **headers).body)
    assert found["status"]["userInfo"] == {
        "username": "anna",
        "uid": "12",
        "groups": ["devs", "ops", "system:authenticated"],
        "extra": {"team/colour": ["red", "blue"]},
    }
    nobody = answer(cluster, ADMIN, "POST", path, {}, **{"impersonate-group": "devs"})
    assert nobody.status == 400


# -- the policy of a new cluster


def test_roles_are_there_from_the_beginning_though_made_at_the_first_look(cluster: Cluster) -> None:
    cluster.clock.advance("1h")
    assert cluster.store.list(CLUSTER_ROLES) == []
    rbac = k8s.RbacAuthorizationV1Api(cluster.api_client)
    roles = {found.metadata.name: found for found in rbac.list_cluster_role().items}
    assert {"cluster-admin", "admin", "edit", "view", "system:node"} <= roles.keys()
    born = k8s.CoreV1Api(cluster.api_client).read_namespace("kube-system").metadata.creation_timestamp
    assert roles["view"].metadata.creation_timestamp == born
    versions = {name: found.metadata.resource_version for name, found in roles.items()}
    cluster.settle()
    after = {found.metadata.name: found.metadata.resource_version for found in rbac.list_cluster_role().items}
    assert after == versions  # the recorded roles are what aggregation would make of them


def test_looking_at_roles_changes_nothing_else() -> None:
    names = set()
    for look in (False, True):
        with Cluster(2, seed=3) as cluster:
            cluster.settle()
            if look:
                k8s.RbacAuthorizationV1Api(cluster.api_client).list_cluster_role()
            container = {"name": "c", "image": "nginx:1.29"}
            pod = {"metadata": {"generateName": "p-"}, "spec": {"containers": [container]}}
            made = k8s.CoreV1Api(cluster.api_client).create_namespaced_pod("default", pod)
            names.add((made.metadata.name, made.metadata.uid))
    assert len(names) == 1


def test_a_role_that_somebody_removed_stays_away(tmp_path) -> None:
    with Cluster(1, journal=tmp_path / "journal") as cluster:
        k8s.RbacAuthorizationV1Api(cluster.api_client).delete_cluster_role("view")
    with Cluster(1, journal=tmp_path / "journal") as cluster:
        roles = k8s.RbacAuthorizationV1Api(cluster.api_client).list_cluster_role().items
        assert "edit" in {found.metadata.name for found in roles}
        assert "view" not in {found.metadata.name for found in roles}


# -- aggregation


def test_a_labelled_role_gives_its_rules_to_view(cluster: Cluster) -> None:
    rbac = k8s.RbacAuthorizationV1Api(cluster.api_client)
    metadata = {"name": "things", "labels": {f"{GROUP}/aggregate-to-view": "true"}}
    rules = [{"apiGroups": ["example.com"], "resources": ["things"], "verbs": ["get"]}]
    rbac.create_cluster_role({"metadata": metadata, "rules": rules})
    cluster.settle()
    for name in ("view", "edit", "admin"):  # view aggregates to edit, edit to admin
        groups = [group for rule in rbac.read_cluster_role(name).rules for group in rule.api_groups]
        assert "example.com" in groups, name
    rbac.delete_cluster_role("things")
    cluster.settle()
    assert "example.com" not in [g for rule in rbac.read_cluster_role("view").rules for g in rule.api_groups]


def test_only_who_may_everything_may_aggregate(cluster: Cluster) -> None:
    rbac = k8s.RbacAuthorizationV1Api(cluster.api_client)
    rules = [{"apiGroups": [GROUP], "resources": ["clusterroles"], "verbs": ["create"]}]
    rbac.create_cluster_role({"metadata": {"name": "maker"}, "rules": rules})
    reference = {"kind": "ClusterRole", "name": "maker", "apiGroup": GROUP}
    subjects = [{"kind": "User", "name": "max"}]
    rbac.create_cluster_role_binding(
        {"metadata": {"name": "max"}, "roleRef": reference, "subjects": subjects}
    )
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    mine = k8s.RbacAuthorizationV1Api(cluster.api_client_as("max"))
    with pytest.raises(ApiException) as error:
        mine.create_cluster_role({"metadata": {"name": "all"}, "aggregationRule": selectors})
    assert orjson.loads(error.value.body)["message"] == (
        f'clusterroles.{GROUP} "all" is forbidden: must have cluster-admin privileges to use the aggregationRule'
    )
