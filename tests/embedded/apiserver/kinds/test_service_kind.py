"""Services: allocation, types, refusals, as the recordings svc-types and svc-clusterip have them."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load


def shown(service: dict[str, Any]) -> list[Any]:
    columns = [c for c in load()["services"].columns if not c.wide and c.name not in ("Name", "Age")]
    return [column.cell(service, 0.0) for column in columns]


def test_a_service_gets_an_address_and_its_defaults(door) -> None:
    web = door.create("services", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    address = web["spec"]["clusterIP"]
    assert ipaddress.ip_address(address) in ipaddress.ip_network("10.96.0.0/12")
    assert web["spec"] == {
        "clusterIP": address,
        "clusterIPs": [address],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "web"},
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }
    assert web["status"] == {"loadBalancer": {}}


def test_equal_seeds_give_equal_addresses(door, other_door) -> None:
    first, second = (d.create("services", "a", spec={"ports": [{"port": 80}]}) for d in (door, other_door))
    assert first["spec"] == second["spec"]


def test_each_type_shows_what_a_real_one_shows(door) -> None:
    ports = [{"port": 80, "targetPort": 8080}]
    node_port = door.create("services", "np", spec={"type": "NodePort", "ports": ports})
    balancer = door.create("services", "lb", spec={"type": "LoadBalancer", "ports": ports})
    external = door.create("services", "ext", spec={"type": "ExternalName", "externalName": "example.com"})
    headless = door.create("services", "head", spec={"clusterIP": "None", "selector": {"app": "x"}})
    number = node_port["spec"]["ports"][0]["nodePort"]
    assert 30000 <= number <= 32767
    assert shown(node_port) == ["NodePort", node_port["spec"]["clusterIP"], "<none>", f"80:{number}/TCP"]
    assert shown(balancer)[2] == "<pending>" and balancer["spec"]["allocateLoadBalancerNodePorts"] is True
    assert shown(external) == ["ExternalName", "<none>", "example.com", "<none>"]
    assert shown(headless) == ["ClusterIP", "None", "<none>", "<none>"]


def test_a_node_port_goes_with_its_type(door) -> None:
    service = door.create("services", "np", spec={"type": "NodePort", "ports": [{"port": 80}]})
    plain = door.update("services", service, spec={**service["spec"], "type": "ClusterIP"})
    assert shown(plain) == ["ClusterIP", service["spec"]["clusterIP"], "<none>", "80/TCP"]
    assert "externalTrafficPolicy" not in plain["spec"]


def test_a_put_that_leaves_the_address_out_keeps_it(door) -> None:
    service = door.create("services", "web", spec={"ports": [{"port": 80}]})
    changed = door.update("services", service, spec={"ports": [{"port": 81}]})
    assert changed["spec"]["clusterIP"] == service["spec"]["clusterIP"]


REFUSED = [
    ({}, "spec.ports: Required value"),
    (
        {"ports": [{"port": 80}, {"port": 81}]},
        "[spec.ports[0].name: Required value, spec.ports[1].name: Required value]",
    ),
    (
        {"ports": [{"port": 70000}]},
        "[spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive, "
        "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive]",
    ),
    (
        {"type": "Magic", "ports": [{"port": 80}]},
        'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", '
        '"LoadBalancer", '
        '"NodePort"',
    ),
    (
        {"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]},
        "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of "
        "valid "
        "ports is 30000-32767",
    ),
    (
        {"clusterIP": "1.2.3.4", "ports": [{"port": 80}]},
        'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided network '
        "does not "
        "match the current range",
    ),
]


@pytest.mark.parametrize(("spec", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_service_is_refused_in_the_real_words(door, spec: dict[str, Any], expected: str) -> None:
    said = door.refuses(door.create, "services", "bad", spec=spec)
    assert said == f'Service "bad" is invalid: {expected}'


def test_an_address_stays_once_it_is_set(door) -> None:
    service = door.create("services", "web", spec={"ports": [{"port": 80}]})
    said = door.refuses(door.update, "services", service, spec={**service["spec"], "clusterIP": "None"})
    assert said == (
        'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'
    )


def test_a_name_may_begin_with_a_digit(door) -> None:
    assert door.create("services", "1starts-with-digit", spec={"ports": [{"port": 80}]})


def test_a_name_is_no_longer_than_a_dns_label(door) -> None:
    name = "this-service-name-is-far-too-long-to-be-a-dns-label-as-it-has-over-63"
    said = door.refuses(door.create, "services", name, spec={"ports": [{"port": 80}]})
    assert said.endswith(f'metadata.name: Invalid value: "{name}": must be no more than 63 characters')
