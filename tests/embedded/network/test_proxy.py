"""Services: which endpoint a connection goes to, as kube-proxy decides it."""

from __future__ import annotations

import pytest

from k8slearn.embedded.network import ConnectionRefused, Unreachable

ONE, TWO, THREE = "10.244.1.2", "10.244.1.3", "10.244.2.4"
NODE_ONE, NODE_TWO = "172.18.0.2", "172.18.0.3"


def test_a_service_reaches_its_ready_endpoints_by_chance(world):
    world.listen(1, 2, 3)
    endpoints = [world.endpoint(2), world.endpoint(3), world.endpoint(1, ready=False)]
    service = world.service("web", endpoints)
    assert world.reached(service["spec"]["clusterIP"]) == {TWO, THREE}


def test_a_service_refuses_at_once_without_endpoints_and_on_other_ports(world):
    service = world.service("web", [world.endpoint(1, ready=False)])
    for port in (80, 81):
        with pytest.raises(ConnectionRefused):
            world.network.connect(TWO, service["spec"]["clusterIP"], port)


def test_terminating_endpoints_that_still_serve_are_used_when_none_is_ready(world):
    world.listen(2, 3)
    leaving = {"serving": True, "terminating": True}
    ip = world.service(
        "web",
        [
            world.endpoint(2, ready=False, conditions=leaving),
            world.endpoint(3, ready=False, conditions={"serving": False, "terminating": True}),
        ],
    )["spec"]["clusterIP"]
    assert world.reached(ip) == {TWO}


def test_each_port_of_a_service_leads_to_its_own(world):
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "metrics", "port": 9090, "targetPort": 9100},
        {"name": "dns", "port": 80, "targetPort": 53, "protocol": "UDP"},
    ]
    ip = world.service("web", [world.endpoint(2)], ports=ports)["spec"]["clusterIP"]
    for port, protocol in ((8080, "TCP"), (9100, "TCP"), (53, "UDP")):
        world.listen(2, port=port, protocol=protocol)
    reached = [world.network.connect(ONE, ip, *place).port for place in ((80,), (9090,), (80, "UDP"))]
    assert reached == [("TCP", 8080), ("TCP", 9100), ("UDP", 53)]


def test_session_affinity_holds_a_client_until_it_has_been_silent_for_the_timeout(world):
    world.listen(1, 2, 3)
    ip = world.service(
        "web",
        [world.endpoint(number) for number in (1, 2, 3)],
        sessionAffinity="ClientIP",
        sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}},
    )["spec"]["clusterIP"]
    assert len(world.reached(ip, asker=TWO)) == 1
    assert {address for _ in range(30) for address in [*world.reached(ip, asker=TWO)]} == world.reached(
        ip, asker=TWO
    )
    met = set()
    for _ in range(30):
        world.clock.advance(61)
        met |= world.reached(ip, asker=TWO)
    assert met == {ONE, TWO, THREE}


def test_a_client_moves_on_when_its_endpoint_is_gone(world):
    world.listen(2, 3)
    service = world.service("web", [world.endpoint(2), world.endpoint(3)], sessionAffinity="ClientIP")
    ip = service["spec"]["clusterIP"]
    (first,) = world.reached(ip)
    stays = 3 if first == TWO else 2
    piece = world.client.list("endpointslices.discovery.k8s.io")[0]
    world.client.update("endpointslices.discovery.k8s.io", {**piece, "endpoints": [world.endpoint(stays)]})
    assert world.reached(ip) == {world.address(stays)}


def test_internal_traffic_policy_local_keeps_to_the_node_and_drops_what_finds_nobody_there(world):
    world.listen(2, 3)
    for name, endpoints in (("both", (2, 3)), ("far", (3,)), ("none", ())):
        world.service(name, [world.endpoint(number) for number in endpoints], internalTrafficPolicy="Local")
    ips = {s["metadata"]["name"]: s["spec"]["clusterIP"] for s in world.client.list("services")}
    assert world.reached(ips["both"], asker=ONE) == {TWO}
    with pytest.raises(Unreachable):
        world.network.connect(ONE, ips["far"], 80)
    with pytest.raises(ConnectionRefused):
        world.network.connect(ONE, ips["none"], 80)


def test_a_node_port_is_open_on_every_node_and_hides_the_client(world):
    world.listen(2, 3)
    service = world.service("web", [world.endpoint(2)], type="NodePort")
    port = service["spec"]["ports"][0]["nodePort"]
    for node in (NODE_ONE, NODE_TWO):
        assert world.reached(node, port, ONE) == {TWO}
    assert world.seen(NODE_ONE, port, THREE) == "10.244.1.1"
    assert world.seen(NODE_TWO, port, ONE) == NODE_TWO
    assert world.reached(service["spec"]["clusterIP"], 80, ONE) == {TWO}


def test_external_traffic_policy_local_keeps_the_client_and_drops_at_nodes_without_endpoints(world):
    world.listen(2)
    service = world.service("web", [world.endpoint(2)], type="NodePort", externalTrafficPolicy="Local")
    port = service["spec"]["ports"][0]["nodePort"]
    assert world.seen(NODE_ONE, port, ONE) == ONE
    assert world.seen(NODE_ONE, port, THREE) == NODE_TWO
    assert world.seen(NODE_TWO, port, THREE) == THREE  # from the node itself, to all endpoints
    with pytest.raises(Unreachable):
        world.network.connect(ONE, NODE_TWO, port)


def test_a_pod_that_reaches_itself_through_its_service_sees_its_nodes_bridge(world):
    world.listen(1)
    ip = world.service("web", [world.endpoint(1)])["spec"]["clusterIP"]
    assert world.seen(ip, 80, ONE) == "10.244.1.1"


def test_a_service_without_selector_leads_where_its_slices_say(world):
    world.listen(3, port=5432)
    ports = [{"port": 5432, "targetPort": 5432}]
    ip = world.service("db", [{"addresses": [THREE]}], ports=ports, selector=None)["spec"]["clusterIP"]
    assert world.reached(ip, 5432) == {THREE}
