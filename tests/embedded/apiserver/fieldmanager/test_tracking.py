"""managedFields after creates, updates and patches."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8slearn.embedded.cluster import Cluster
from tests.embedded.apiserver.fieldmanager.conftest import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON,
    MERGE,
    Server,
    config_map,
    container,
    deployment,
    owners,
)

ONE = f"{CONFIG_MAPS}/c"
WEB = f"{DEPLOYMENTS}/web"


def test_who_creates_owns_what_was_sent_and_its_defaults_and_no_system_field(server: Server) -> None:
    _, web = server.ask("POST", DEPLOYMENTS, deployment(container()), fieldManager="me")
    assert list(owners(web)) == ["me Update"]
    (paths,) = owners(web).values()
    assert ".spec.replicas" in paths
    assert ".spec.strategy.rollingUpdate" in paths, "it was not there before"
    assert '.spec.template.spec.containers[name="web"]' in paths
    assert ".spec.template.spec.containers" not in paths, "a struct always has it, be it empty"
    assert not [path for path in paths if path.startswith((".status", ".metadata.uid", ".metadata.name"))]


def test_what_admission_adds_has_no_owner(server: Server) -> None:
    server.registry.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "ns"}})
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [container()]}}
    _, pod = server.ask("POST", "/api/v1/namespaces/ns/pods", pod)
    assert pod["spec"]["tolerations"] and pod["spec"]["volumes"]
    assert not [path for path in owners(pod)["tests Update"] if "tolerations" in path or "volumes" in path]


def test_a_program_is_named_by_its_user_agent_when_it_says_nothing(server: Server) -> None:
    _, obj = server.ask("POST", CONFIG_MAPS, config_map(a="1"), agent="kubectl/v1.37.1 (linux) x")
    assert owners(obj) == {"kubectl Update": [".data", ".data.a"]}
    _, obj = server.ask("PATCH", ONE, {"data": {"b": "2"}}, MERGE, agent="")
    assert owners(obj)["unknown Update"] == [".data.b"]


def test_a_change_takes_what_it_changes_and_nothing_else(server: Server) -> None:
    server.ask("POST", CONFIG_MAPS, config_map(a="1", b="2"), fieldManager="first")
    _, obj = server.ask("PATCH", ONE, {"data": {"a": "9", "b": "2"}}, MERGE, fieldManager="second")
    assert owners(obj) == {"first Update": [".data", ".data.b"], "second Update": [".data.a"]}


def test_a_field_that_goes_is_nobodys(server: Server) -> None:
    server.ask("POST", CONFIG_MAPS, config_map(a="1", b="2"), fieldManager="first")
    _, obj = server.ask("PATCH", ONE, {"data": {"a": None}}, MERGE, fieldManager="second")
    assert owners(obj) == {"first Update": [".data", ".data.b"]}


def test_times_tell_when_a_manager_last_changed_something(server: Server) -> None:
    _, obj = server.ask("POST", CONFIG_MAPS, config_map(a="1"), fieldManager="me")
    before = obj["metadata"]
    _, same = server.ask("PUT", ONE, obj, fieldManager="me")
    assert same["metadata"] == before, "nothing changed, so nothing was written"
    _, obj = server.ask("PATCH", ONE, {"data": {"a": "2"}}, MERGE, fieldManager="me")
    (entry,) = obj["metadata"]["managedFields"]
    assert entry["time"] > before["managedFields"][0]["time"]


def test_status_and_scale_have_entries_of_their_own(server: Server) -> None:
    server.ask("POST", DEPLOYMENTS, deployment(container()), fieldManager="me")
    server.ask("PATCH", f"{WEB}/scale", {"spec": {"replicas": 3}}, MERGE, fieldManager="me")
    _, web = server.ask("PATCH", f"{WEB}/status", {"status": {"replicas": 1}}, MERGE, fieldManager="me")
    assert owners(web)["me Update scale"] == [".spec.replicas"]
    assert owners(web)["me Update status"] == [".status.replicas"]
    assert ".spec.replicas" not in owners(web)["me Update"]


def test_who_scales_to_none_owns_no_replicas(server: Server) -> None:
    server.ask("POST", DEPLOYMENTS, deployment(container()), fieldManager="me")
    server.ask("PATCH", f"{WEB}/scale", {"spec": {"replicas": 0}}, MERGE, fieldManager="me")
    _, web = server.ask("GET", WEB)
    assert web["spec"]["replicas"] == 0
    assert list(owners(web)) == ["me Update"]
    assert ".spec.replicas" not in owners(web)["me Update"]


def test_managers_beyond_ten_become_ancient_changes(server: Server) -> None:
    server.ask("POST", CONFIG_MAPS, config_map(a="1"), fieldManager="m0")
    obj = {}
    for number in range(1, 12):
        _, obj = server.ask("PATCH", ONE, {"data": {f"k{number}": ""}}, MERGE, fieldManager=f"m{number}")
    found = owners(obj)
    assert len(found) == 10
    assert found["ancient-changes Update"] == [".data", ".data.a", ".data.k1", ".data.k2"]


def test_an_empty_entry_strips_an_object_of_its_managers(server: Server) -> None:
    server.ask("POST", CONFIG_MAPS, config_map(a="1"))
    _, obj = server.ask("PATCH", ONE, {"metadata": {"managedFields": [{}]}}, MERGE)
    assert "managedFields" not in obj["metadata"]
    _, obj = server.ask("PATCH", ONE, {"data": {"b": "2"}}, MERGE)
    assert "managedFields" not in obj["metadata"], "it is not tracked until somebody applies it"


def test_a_client_may_write_the_entries_as_kubectl_does_when_it_migrates(server: Server) -> None:
    _, obj = server.ask("POST", CONFIG_MAPS, config_map(a="1"), fieldManager="kubectl-client-side-apply")
    (entry,) = obj["metadata"]["managedFields"]
    patch = [
        {
            "op": "replace",
            "path": "/metadata/managedFields",
            "value": [{**entry, "manager": "kubectl", "operation": "Apply"}],
        },
        {"op": "replace", "path": "/metadata/resourceVersion", "value": obj["metadata"]["resourceVersion"]},
    ]
    _, obj = server.ask("PATCH", ONE, patch, JSON)
    assert owners(obj) == {"kubectl Apply": [".data", ".data.a"]}


@pytest.mark.parametrize(
    "nonsense",
    [
        {"operation": "Steal"},
        {"apiVersion": ""},
        {"fieldsType": "V0"},
        {"fieldsV1": {"data": {}}},
        {"fieldsV1": "x"},
    ],
)
def test_entries_that_make_no_sense_are_not_heeded(server: Server, nonsense: dict) -> None:
    _, obj = server.ask("POST", CONFIG_MAPS, config_map(a="1"), fieldManager="me")
    entry = {**obj["metadata"]["managedFields"][0], "manager": "x", **nonsense}
    _, after = server.ask("PATCH", ONE, {"metadata": {"managedFields": [entry]}}, MERGE)
    assert after["metadata"] == obj["metadata"]


def test_entries_of_a_new_object_keep_what_is_not_in_it(server: Server) -> None:
    fields = {"f:data": {"f:a": {}, "f:gone": {}}}
    entry = {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    made = config_map(a="1")
    made["metadata"]["managedFields"] = [{**entry, "fieldsV1": fields}]
    _, obj = server.ask("POST", CONFIG_MAPS, made, fieldManager="me")
    assert owners(obj) == {"x Apply": [".data.gone"], "me Update": [".data", ".data.a"]}


def test_a_manager_has_a_printable_name_of_some_length(server: Server) -> None:
    status, answer = server.ask("POST", CONFIG_MAPS, config_map(), fieldManager="x" * 129)
    assert status == 422
    assert answer["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes'
    )
    _, answer = server.ask("POST", CONFIG_MAPS, config_map(), fieldManager="a\nb")
    assert "Invalid value: " in answer["message"]
    assert answer["message"].endswith("invalid character U+000A (at position 1)")


def test_each_component_has_its_name_and_pods_that_are_alike_share_their_sets() -> None:
    with Cluster(2) as cluster:
        cluster.client.create("deployments.apps", deployment(container(), replicas=2))
        cluster.settle()
        one, two = cluster.client.list("pods", "default")
        (replicaset,) = cluster.client.list("replicasets.apps", "default")
    assert list(owners(one)) == ["kube-controller-manager Update", "kubelet Update status"]
    assert list(owners(replicaset)) == [
        "kube-controller-manager Update",
        "kube-controller-manager Update status",
    ]
    made, other = (pod["metadata"]["managedFields"][0]["fieldsV1"] for pod in (one, two))
    assert made is other


def test_the_journal_brings_managed_fields_back(tmp_path: Path) -> None:
    with Cluster(2, journal=tmp_path / "journal") as cluster:
        cluster.client.create("deployments.apps", deployment(container(), replicas=2))
        cluster.settle()
        before = cluster.client.get("deployments.apps", "default", "web")
    with Cluster(2, journal=tmp_path / "journal") as cluster:
        after = cluster.client.get("deployments.apps", "default", "web")
        one, two = cluster.store.list("pods", "default")
    assert before and after and before["metadata"]["managedFields"] == after["metadata"]["managedFields"]
    made, other = (pod.object["metadata"]["managedFields"][0]["fieldsV1"] for pod in (one, two))
    assert made is other
