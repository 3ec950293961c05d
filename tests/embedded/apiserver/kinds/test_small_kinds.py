"""ConfigMaps, Secrets, Namespaces, Nodes, Leases, Events, endpoints, and how kinds are found."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import GROUP_ORDER, load
from k8slearn.embedded.clock import parse_timestamp


def cells(resource: str, obj: dict[str, Any], now: float = 0.0) -> dict[str, Any]:
    return {column.name: column.cell(obj, now) for column in load()[resource].columns}


# -- finding kinds


def test_every_kind_of_the_folder_is_found_in_discoverys_order() -> None:
    groups = list(load().groups())
    assert groups == [group for group in GROUP_ORDER if group in groups]
    assert [kind.plural for kind in load().of("apps", "v1")] == [
        "controllerrevisions",
        "daemonsets",
        "deployments",
        "replicasets",
        "statefulsets",
    ]
    assert load().find("", "v1", "pods") is load()["pods"]
    assert load().find("apps", "v1", "pods") is None


def test_every_kind_has_its_columns() -> None:
    for kind in (kind for kind in load() if "list" in kind.verbs):
        assert any(column.name == "Name" for column in kind.columns), kind.resource


# -- ConfigMap and Secret


def test_a_locked_config_map_stays_as_it_is(door) -> None:
    locked = door.create("configmaps", "lit", data={"a": "1"}, immutable=True)
    why = "Forbidden: field is immutable when `immutable` is set"
    assert door.refuses(door.update, "configmaps", locked, data={"a": "2"}) == (
        f'ConfigMap "lit" is invalid: data: {why}'
    )
    assert door.refuses(door.update, "configmaps", locked, immutable=False) == (
        f'ConfigMap "lit" is invalid: immutable: {why}'
    )


def test_a_secrets_plain_strings_become_data(door) -> None:
    secret = door.create("secrets", "plain", stringData={"a": "hello"})
    assert (secret["data"], secret["type"], "stringData" in secret) == ({"a": "aGVsbG8="}, "Opaque", False)
    assert cells("secrets", secret)["Data"] == 1


def test_a_secrets_type_stays(door) -> None:
    secret = door.create("secrets", "plain")
    said = door.refuses(door.update, "secrets", secret, type="other")
    assert said == 'Secret "plain" is invalid: type: Invalid value: "other": field is immutable'


def test_a_typed_secret_needs_its_keys(door) -> None:
    said = door.refuses(door.create, "secrets", "auth", type="kubernetes.io/basic-auth")
    assert (
        said == 'Secret "auth" is invalid: [data[username]: Required value, data[password]: Required value]'
    )


# -- Namespace


def test_a_namespace_is_active_labelled_and_held_by_its_finalizer(door) -> None:
    namespace = door.create("namespaces", "other")
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "other"}
    assert (namespace["spec"], namespace["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    left, gone = door.registry.delete("namespaces", "", "other")
    assert (left["status"]["phase"], gone) == ("Terminating", False)


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public", "kube-node-lease"])
def test_a_cluster_keeps_the_namespaces_it_needs(door, name: str) -> None:
    door.create("namespaces", name)
    said = door.refuses(door.registry.delete, "namespaces", "", name)
    assert said == f'namespaces "{name}" is forbidden: this namespace may not be deleted'


def test_a_namespaces_name_is_a_label(door) -> None:
    said = door.refuses(door.create, "namespaces", "a.b")
    assert said == 'Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": must not contain dots'


# -- Node


def test_a_node_shows_its_state_and_role() -> None:
    node = {
        "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "spec": {"unschedulable": True},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2", "kernelVersion": "6.1", "architecture": "amd64"},
            "addresses": [{"type": "InternalIP", "address": "172.18.0.3"}],
        },
    }
    shown = cells("nodes", node)
    assert (shown["Status"], shown["Roles"]) == ("Ready,SchedulingDisabled", "control-plane")
    assert (shown["Kernel-Version"], shown["Internal-IP"]) == ("6.1 (amd64)", "172.18.0.3")
    assert (shown["External-IP"], shown["OS-Image"]) == ("<none>", "<unknown>")


def test_a_taint_stands_once(door) -> None:
    taint = {"key": "team", "effect": "NoSchedule"}
    said = door.refuses(door.create, "nodes", "n", spec={"taints": [taint, taint]})
    assert said == (
        'Node "n" is invalid: metadata.taints[1]: Duplicate value: {"Key":"team","Value":"","Effect":'
        '"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair'
    )


# -- Event, Lease, endpoints


def test_an_event_shows_when_it_was_last_seen_and_of_what() -> None:
    event = {
        "metadata": {"name": "web.1"},
        "involvedObject": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{web}"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:50Z",
        "count": 3,
        "source": {"component": "kubelet", "host": "worker-1"},
        "message": "Container started\n",
    }
    shown = cells("events", event, parse_timestamp("2026-01-01T00:01:00Z"))
    assert (shown["Last Seen"], shown["First Seen"], shown["Count"]) == ("10s", "60s", 3)
    assert (shown["Object"], shown["Subobject"]) == ("pod/web", "spec.containers{web}")
    assert (shown["Source"], shown["Message"]) == ("kubelet, worker-1", "Container started")


def test_an_event_belongs_to_the_namespace_of_its_object(door) -> None:
    said = door.refuses(door.create, "events", "e", involvedObject={"kind": "Pod", "namespace": "other"})
    assert said == (
        'Event "e" is invalid: involvedObject.namespace: Invalid value: "other": does not match '
        "event.namespace"
    )


def test_a_lease_lasts(door) -> None:
    said = door.refuses(door.create, "leases.coordination.k8s.io", "l", spec={"leaseDurationSeconds": 0})
    assert said.endswith("spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0")


def test_endpoints_show_three_places(door) -> None:
    addresses = [{"ip": f"10.244.0.{number}"} for number in range(1, 6)]
    endpoints = door.create("endpoints", "e", subsets=[{"addresses": addresses, "ports": [{"port": 80}]}])
    assert cells("endpoints", endpoints)["Endpoints"] == (
        "10.244.0.1:80,10.244.0.2:80,10.244.0.3:80 + 2 more..."
    )


def test_a_slices_generation_counts_its_endpoints(door) -> None:
    resource = "endpointslices.discovery.k8s.io"
    one = [{"addresses": ["10.244.0.1"]}]
    slice_ = door.create(resource, "e", addressType="IPv4", endpoints=one, ports=[{"port": 80}])
    assert slice_["ports"] == [{"port": 80, "name": "", "protocol": "TCP"}]
    assert door.update(resource, slice_, endpoints=[])["metadata"]["generation"] == 2
