"""Server-side apply: what becomes of the object, of its owners, and of a conflict."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from k8slearn.embedded.apiserver.authentication import user
from k8slearn.embedded.apiserver.fieldmanager.comparison import fields_of
from k8slearn.embedded.apiserver.fieldmanager.types import of_custom
from k8slearn.embedded.apiserver.http import Request, Response
from tests.embedded.apiserver.fieldmanager.conftest import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    MERGE,
    Server,
    config_map,
    container,
    deployment,
    owners,
)

ONE = f"{CONFIG_MAPS}/c"
WEB = f"{DEPLOYMENTS}/web"


def containers(obj: dict[str, Any]) -> list[dict[str, Any]]:
    return obj["spec"]["template"]["spec"]["containers"]


def test_what_is_not_there_is_created(server: Server) -> None:
    status, obj = server.ask("PATCH", ONE, config_map(a="1"), APPLY, fieldManager="kubectl")
    assert status == 201
    assert obj["data"] == {"a": "1"}
    assert owners(obj) == {"kubectl Apply": [".data.a"]}


def test_yaml_is_read_as_json_has_it(server: Server) -> None:
    text = (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {day: '1', since: 2026-01-01}}\n"
    )
    status, obj = server.ask("PATCH", ONE, text + b"data: {a: 'x'}\n", APPLY, fieldManager="kubectl")
    assert status == 201
    assert obj["metadata"]["annotations"] == {"day": "1", "since": "2026-01-01"}


def test_applying_again_writes_nothing(server: Server) -> None:
    first = server.apply(WEB, deployment(container()))
    assert server.apply(WEB, deployment(container())) == first


def test_applying_what_is_written_otherwise_and_means_the_same_writes_nothing(server: Server) -> None:
    resources = {"limits": {"cpu": "1000m"}}
    first = server.apply(WEB, deployment(container(resources=resources)))
    assert containers(first)[0]["resources"] == {"limits": {"cpu": "1"}}
    assert server.apply(WEB, deployment(container(resources=resources))) == first


def test_a_field_that_is_no_longer_applied_goes(server: Server) -> None:
    server.apply(ONE, config_map(a="1", b="2"))
    obj = server.apply(ONE, config_map(b="2"))
    assert obj["data"] == {"b": "2"}
    assert owners(obj) == {"kubectl Apply": [".data.b"]}


def test_a_field_that_another_owns_too_stays(server: Server) -> None:
    server.apply(ONE, config_map(a="1", b="2"))
    server.apply(ONE, config_map(a="1"), "ci")
    obj = server.apply(ONE, config_map(b="2"))
    assert obj["data"] == {"a": "1", "b": "2"}
    assert owners(obj) == {"kubectl Apply": [".data.b"], "ci Apply": [".data.a"]}


def test_a_default_returns_where_a_field_was_taken_out(server: Server) -> None:
    server.apply(WEB, deployment(container(), replicas=3))
    assert server.apply(WEB, deployment(container()))["spec"]["replicas"] == 1


def test_one_conflict_names_its_manager_and_its_field(server: Server) -> None:
    server.apply(ONE, config_map(a="1"))
    status, answer = server.ask("PATCH", ONE, config_map(a="2"), APPLY, fieldManager="ci")
    assert status == 409 and answer["reason"] == "Conflict"
    assert answer["message"] == 'Apply failed with 1 conflict: conflict with "kubectl": .data.a'
    assert answer["details"] == {
        "causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".data.a"}
        ]
    }


def test_several_conflicts_are_listed_by_manager(server: Server) -> None:
    server.apply(ONE, config_map(a="1"), "ci")
    server.ask("PATCH", ONE, {"data": {"b": "7", "c": "8"}}, MERGE, fieldManager="kubectl-patch")
    assert server.refused(ONE, config_map(a="x", b="x", c="x")) == (
        'Apply failed with 3 conflicts: conflicts with "ci":\n- .data.a\n'
        'conflicts with "kubectl-patch" using v1:\n- .data.b\n- .data.c'
    )


def test_a_conflict_with_a_subresource_says_so(server: Server) -> None:
    server.apply(WEB, deployment(container(), replicas=1))
    server.ask("PATCH", f"{WEB}/scale", {"spec": {"replicas": 3}}, MERGE, fieldManager="kubectl")
    assert server.refused(WEB, deployment(container(), replicas=1)) == (
        'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: '
        ".spec.replicas"
    )


def test_force_takes_the_fields_over(server: Server) -> None:
    server.apply(ONE, config_map(a="1", b="2"))
    obj = server.apply(ONE, config_map(a="9"), "ci", force="true")
    assert obj["data"] == {"a": "9", "b": "2"}
    assert owners(obj) == {"kubectl Apply": [".data.b"], "ci Apply": [".data.a"]}


def test_a_dry_run_tells_of_conflicts_and_keeps_nothing(server: Server) -> None:
    before = server.apply(ONE, config_map(a="1"))
    assert server.apply(ONE, config_map(a="2"), dryRun="All")["data"] == {"a": "2"}
    assert "1 conflict" in server.refused(ONE, config_map(a="2"), "ci", dryRun="All")
    assert server.ask("GET", ONE)[1] == before


def test_elements_are_told_apart_by_their_keys(server: Server) -> None:
    server.apply(WEB, deployment(container("one"), container("two")))
    obj = server.apply(WEB, deployment(container("side", image="busybox:1.37")), "mesh")
    assert [item["name"] for item in containers(obj)] == ["one", "two", "side"]
    obj = server.apply(WEB, deployment(container("two"), container("one")))
    assert [item["name"] for item in containers(obj)] == ["two", "side", "one"]
    obj = server.apply(WEB, deployment(container("one")))
    assert [item["name"] for item in containers(obj)] == ["side", "one"]


def test_a_port_without_a_protocol_is_a_tcp_port(server: Server) -> None:
    both = [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]
    obj = server.apply(WEB, deployment(container(ports=both)))
    ports = '.spec.template.spec.containers[name="web"].ports'
    assert f'{ports}[containerPort=53,protocol="TCP"]' in owners(obj)["kubectl Apply"]
    obj = server.apply(WEB, deployment(container(ports=both[:1])))
    assert containers(obj)[0]["ports"] == [{"containerPort": 53, "protocol": "TCP"}]


def test_a_set_is_merged_by_its_values(server: Server) -> None:
    def with_finalizers(*names: str) -> dict[str, Any]:
        return {**config_map(), "metadata": {"name": "c", "finalizers": list(names)}}

    server.apply(ONE, with_finalizers("a.b/c", "a.b/d"))
    obj = server.apply(ONE, with_finalizers("a.b/e"), "ci")
    assert obj["metadata"]["finalizers"] == ["a.b/c", "a.b/d", "a.b/e"]
    assert owners(obj)["ci Apply"] == ['.metadata.finalizers[="a.b/e"]']
    obj = server.apply(ONE, with_finalizers("a.b/d"))
    assert obj["metadata"]["finalizers"] == ["a.b/d", "a.b/e"]


def test_what_is_atomic_has_one_owner(server: Server) -> None:
    server.apply(WEB, deployment(container(args=["a", "b"])))
    refusal = server.refused(WEB, deployment(container(args=["a"])), "ci")
    assert refusal.endswith('conflict with "kubectl": .spec.template.spec.containers[name="web"].args')


def test_the_status_is_applied_through_its_subresource_only(server: Server) -> None:
    server.apply(WEB, deployment(container()))
    status = {**deployment(container()), "status": {"replicas": 5}}
    obj = server.apply(WEB, status)
    assert "replicas" not in obj["status"]
    del status["spec"]
    obj = server.apply(f"{WEB}/status", status, "operator")
    assert obj["status"]["replicas"] == 5
    assert owners(obj)["operator Apply status"] == [".status.replicas"]


def test_a_scale_can_be_applied(server: Server) -> None:
    server.apply(WEB, deployment(container()))
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web"},
        "spec": {"replicas": 4},
    }
    assert server.apply(f"{WEB}/scale", scale, "hand")["spec"] == {"replicas": 4}
    _, obj = server.ask("GET", WEB)
    assert owners(obj)["hand Apply scale"] == [".spec.replicas"]


def test_what_nobody_tracked_belongs_to_whoever_came_before(server: Server) -> None:
    server.ask("POST", CONFIG_MAPS, config_map(a="1", b="2"))
    server.ask("PATCH", ONE, {"metadata": {"managedFields": [{}]}}, MERGE)
    assert server.refused(ONE, config_map(a="9")).endswith('"before-first-apply" using v1: .data.a')
    obj = server.apply(ONE, config_map(a="1"))
    assert owners(obj)["before-first-apply Update"] == [".data", ".data.a", ".data.b"]


def test_kubectl_takes_over_what_kubectl_applied_by_itself(server: Server) -> None:
    last = '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"c"}}'
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    made = {**config_map(a="1"), "metadata": {"name": "c", "annotations": {annotation: last}}}
    server.ask("POST", CONFIG_MAPS, made, fieldManager="kubectl-client-side-apply")
    assert "1 conflict" in server.refused(ONE, config_map(a="2"), "ci")
    obj = server.apply(ONE, config_map(a="2"))
    assert obj["data"] == {"a": "2"}
    assert '"a":"2"' in obj["metadata"]["annotations"][annotation], "and keeps the annotation true"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "Pod"}, "invalid object type: /v1, Kind=Pod"),
        ({"metadata": {"name": "c", "managedFields": []}}, "metadata.managedFields must be nil"),
        (
            {"date": {}},
            "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .date: field not declared in schema",
        ),
        (
            {"data": {"a": 1}},
            "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .data.a: "
            "expected string, got &value.valueUnstructured{Value:1}",
        ),
        ({"metadata": {"name": "d"}}, "the name of the object (d) does not match the name on the URL (c)"),
    ],
)
def test_what_is_no_configuration_of_this_object_is_refused(server: Server, change: Any, why: str) -> None:
    assert server.refused(ONE, {**config_map(a="1"), **change}) == why


def test_who_applies_says_as_whom_and_nobody_else_may_force(server: Server) -> None:
    status, answer = server.ask("PATCH", ONE, config_map(), APPLY)
    assert status == 422
    assert answer["message"] == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )
    _, answer = server.ask("PATCH", ONE, {}, MERGE, force="true")
    assert answer["message"].endswith("force: Forbidden: may not be specified for non-apply patch")


def test_who_may_only_patch_creates_nothing(server: Server) -> None:
    role = {"rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]}]}
    server.registry.create(
        "roles.rbac.authorization.k8s.io", {"metadata": {"name": "r"}, **role}, namespace="ns"
    )
    subject = {"kind": "User", "name": "anna", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"}
    server.registry.create(
        "rolebindings.rbac.authorization.k8s.io",
        {"metadata": {"name": "r"}, "subjects": [subject], "roleRef": reference},
        namespace="ns",
    )
    request = Request(
        "PATCH",
        ONE,
        {"fieldManager": ["anna"]},
        {"content-type": APPLY},
        orjson.dumps(config_map(a="1")),
        who=user("anna"),
    )
    answer = server.apiserver.handle(request)
    assert isinstance(answer, Response)
    assert answer.status == 403


def test_a_custom_resources_schema_says_what_merges() -> None:
    items = {"type": "object", "properties": {"id": {"type": "integer"}, "on": {"type": "boolean"}}}
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "parts": {
                        "type": "array",
                        "items": items,
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["id"],
                    },
                    "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    "plain": {"type": "array", "items": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        },
    }
    spec = {"parts": [{"id": 1, "on": True}], "tags": ["x"], "plain": ["y"], "free": {"a": {"b": [1]}}}
    found = fields_of(of_custom(schema).root, {"metadata": {"labels": {"l": "1"}}, "spec": spec})
    assert found == {
        "f:metadata": {"f:labels": {"f:l": {}}},
        "f:spec": {
            "f:parts": {'k:{"id":1}': {".": {}, "f:id": {}, "f:on": {}}},
            "f:tags": {'v:"x"': {}},
            "f:plain": {},
            "f:free": {"f:a": {".": {}, "f:b": {}}},
        },
    }
