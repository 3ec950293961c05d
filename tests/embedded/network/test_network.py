"""Who can be reached, and how long one waits for who cannot."""

from __future__ import annotations

import pytest

from k8slearn.embedded.network import (
    AddressInUse,
    ConnectionClosed,
    ConnectionRefused,
    HttpRequest,
    HttpResponse,
    Unreachable,
)

ONE, TWO, THREE = "10.244.1.2", "10.244.1.3", "10.244.2.4"


def test_a_connection_reaches_the_listener_of_a_pod(world):
    world.network.listen(TWO, 80, world.answering)
    connection = world.network.connect(ONE, TWO, 80)
    assert (connection.address, connection.listener) == (TWO, world.answering)
    assert world.seen(TWO, 80, ONE) == ONE


def test_localhost_is_the_pod_itself(world):
    world.network.listen(TWO, 80, world.answering)
    assert world.seen("127.0.0.1", 80, TWO) == "127.0.0.1"
    with pytest.raises(ConnectionRefused):
        world.network.connect(ONE, "127.0.0.1", 80)


def test_a_closed_port_refuses_and_a_pod_that_is_gone_is_silent(world):
    with pytest.raises(ConnectionRefused):
        world.network.connect(ONE, TWO, 80)
    world.network.detach(TWO)
    with pytest.raises(Unreachable):
        world.network.connect(ONE, TWO, 80)
    answers = world.ask(TWO, 80)
    assert answers == []
    world.clock.advance(127)
    assert isinstance(answers[0], Unreachable)


def test_an_answer_that_does_not_come_is_a_timeout(world):
    world.network.listen(TWO, 80, world.silent)
    answers = world.ask(TWO, 80, timeout=2)
    world.clock.advance(1.9)
    assert answers == []
    world.clock.advance(0.1)
    assert [str(answer) for answer in answers] == ["timed out"]


def test_a_port_is_taken_once_for_each_protocol(world):
    world.network.listen(TWO, 53, world.silent)
    world.network.listen(TWO, 53, world.silent, "UDP")
    with pytest.raises(AddressInUse):
        world.network.listen(TWO, 53, world.silent)
    world.network.unlisten(TWO, 53)
    world.network.listen(TWO, 53, world.silent)
    assert world.network.listening(TWO) == [("TCP", 53), ("UDP", 53)]


def test_a_connection_that_is_kept_alive_stays_with_its_program_until_that_is_gone(world):
    world.listen(1, 2, 3)
    service = world.service("web", [world.endpoint(2), world.endpoint(3)])
    connection = world.network.connect(ONE, service["spec"]["clusterIP"], 80)
    answers: list[object] = []
    for _ in range(20):
        world.network.send(connection, HttpRequest(), answers.append)
    assert answers == [HttpResponse(200, ONE.encode())] * 20
    world.network.unlisten(connection.address, 8080)
    world.network.listen(connection.address, 8080, world.silent)
    world.network.send(connection, HttpRequest(), answers.append)
    assert isinstance(answers[-1], ConnectionClosed)


def test_a_pod_on_its_nodes_network_has_the_nodes_address_and_ports(world):
    world.network.listen("172.18.0.2", 9100, world.answering)
    assert world.seen("172.18.0.2", 9100, ONE) == ONE
    assert world.seen("172.18.0.2", 9100, THREE) == "172.18.0.3"
    assert world.seen("127.0.0.1", 9100, "172.18.0.2") == "127.0.0.1"


def test_a_host_port_is_open_on_the_pods_node_as_long_as_the_pod_is_there(world):
    ip = world.pod(7, "two", ports=({"containerPort": 80, "hostPort": 8080, "protocol": "TCP"},))
    world.network.listen(ip, 80, world.answering)
    assert world.network.connect(ONE, "172.18.0.3", 8080).address == ip
    with pytest.raises(ConnectionRefused):
        world.network.connect(ONE, "172.18.0.2", 8080)
    world.network.detach(ip)
    with pytest.raises(ConnectionRefused):
        world.network.connect(ONE, "172.18.0.3", 8080)


def test_nothing_gets_to_a_node_that_is_cut_off_and_inside_it_everything_works(world):
    world.listen(2, 3)
    world.network.links.cut("one")
    for asker, target in ((ONE, THREE), (THREE, TWO), (THREE, "172.18.0.2")):
        with pytest.raises(Unreachable):
            world.network.connect(asker, target, 8080)
    assert world.seen(TWO, 8080, ONE) == ONE


def test_pods_and_nodes_answer_a_ping(world):
    for target in (TWO, THREE, "172.18.0.3", "127.0.0.1"):
        world.network.ping(ONE, target)
    assert [world.network.hops(ONE, ip) for ip in (TWO, THREE, "172.18.0.2", "172.18.0.3")] == [1, 2, 0, 1]
    service = world.service("web", [world.endpoint(2)])
    for silent in ("10.244.1.99", service["spec"]["clusterIP"]):
        with pytest.raises(Unreachable):
            world.network.ping(ONE, silent)
