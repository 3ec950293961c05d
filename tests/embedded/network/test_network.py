"""Services, DNS and who can be reached, with objects as the API server stores them."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Client, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import (
    AddressInUse,
    ConnectionRefused,
    HttpRequest,
    HttpResponse,
    Network,
    UnknownHost,
    Unreachable,
)
from k8slearn.embedded.store import Store


class Answering:
    def serve(self, request, reply):
        reply(HttpResponse(200, request.client.encode()))


class Silent:
    def serve(self, request, reply):
        pass


class World:
    def __init__(self) -> None:
        self.clock = Clock(seed=1)
        self.client = Client(Registry(Store(), self.clock, kinds.load()), self.clock, "test", Trace())
        self.network = Network(self.client, self.clock)
        for namespace in ("shop", "bank"):
            self.client.create("namespaces", {"metadata": {"name": namespace}})
        for number in (1, 2, 3):
            self.network.attach(f"10.244.0.{number}", pod(f"pod-{number}"))

    def service(self, name: str, endpoints: list[dict[str, Any]], **spec: Any) -> str:
        """A Service of port 80 to ``endpoints``' port 8080; its ClusterIP."""
        created = self.client.create(
            "services",
            {
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"ports": [{"port": 80, "targetPort": 8080}], "selector": {"app": name}, **spec},
            },
        )
        self.client.create(
            "endpointslices.discovery.k8s.io",
            {
                "metadata": {
                    "name": f"{name}-1",
                    "namespace": "shop",
                    "labels": {"kubernetes.io/service-name": name},
                },
                "addressType": "IPv4",
                "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
                "endpoints": endpoints,
            },
        )
        return created["spec"]["clusterIP"]

    def ask(
        self, ip: str, port: int, asker: str = "10.244.0.1", timeout: float | None = None
    ) -> list[object]:
        answers: list[object] = []
        self.network.request(asker, ip, port, HttpRequest(), answers.append, timeout)
        return answers


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {}}


def endpoint(number: int, ready: bool = True, **more: Any) -> dict[str, Any]:
    return {"addresses": [f"10.244.0.{number}"], "conditions": {"ready": ready}, **more}


@pytest.fixture
def world() -> World:
    return World()


def test_a_connection_reaches_the_listener_of_a_pod(world):
    listener = Answering()
    world.network.listen("10.244.0.2", 80, listener)
    assert world.network.connect("10.244.0.1", "10.244.0.2", 80) == ("10.244.0.2", listener)
    assert world.ask("10.244.0.2", 80) == [HttpResponse(200, b"10.244.0.1")]


def test_localhost_is_the_pod_itself(world):
    world.network.listen("10.244.0.2", 80, Answering())
    assert world.ask("127.0.0.1", 80, "10.244.0.2") == [HttpResponse(200, b"127.0.0.1")]
    with pytest.raises(ConnectionRefused):
        world.network.connect("10.244.0.1", "127.0.0.1", 80)


def test_a_closed_port_refuses_and_a_pod_that_is_gone_is_silent(world):
    with pytest.raises(ConnectionRefused):
        world.network.connect("10.244.0.1", "10.244.0.2", 80)
    world.network.detach("10.244.0.2")
    with pytest.raises(Unreachable):
        world.network.connect("10.244.0.1", "10.244.0.2", 80)
    answers = world.ask("10.244.0.2", 80)
    assert answers == []
    world.clock.advance(127)
    assert isinstance(answers[0], Unreachable)


def test_an_answer_that_does_not_come_is_a_timeout(world):
    world.network.listen("10.244.0.2", 80, Silent())
    answers = world.ask("10.244.0.2", 80, timeout=2)
    world.clock.advance(1.9)
    assert answers == []
    world.clock.advance(0.1)
    assert [str(answer) for answer in answers] == ["timed out"]


def test_a_port_is_taken_once(world):
    world.network.listen("10.244.0.2", 80, Silent())
    with pytest.raises(AddressInUse):
        world.network.listen("10.244.0.2", 80, Silent())
    world.network.unlisten("10.244.0.2", 80)
    world.network.listen("10.244.0.2", 80, Silent())


def test_a_service_reaches_its_ready_endpoints_only(world):
    address = world.service("web", [endpoint(2), endpoint(3), endpoint(1, ready=False)])
    for number in (1, 2, 3):
        world.network.listen(f"10.244.0.{number}", 8080, Answering())
    reached = {world.network.connect("10.244.0.1", address, 80)[0] for _ in range(50)}
    assert reached == {"10.244.0.2", "10.244.0.3"}


def test_a_service_refuses_without_endpoints_and_on_other_ports(world):
    address = world.service("web", [endpoint(1, ready=False)])
    for port in (80, 81):
        with pytest.raises(ConnectionRefused):
            world.network.connect("10.244.0.1", address, port)


def test_names_of_services_are_found_by_the_search_list(world):
    address = world.service("web", [])
    network = world.network
    network.attach("10.244.0.9", {"metadata": {"name": "far", "namespace": "bank"}, "spec": {}})
    assert network.resolve("10.244.0.1", "web") == address
    for name in ("web.shop", "web.shop.svc", "web.shop.svc.cluster.local", "web.shop.svc.cluster.local."):
        assert network.resolve("10.244.0.9", name) == address
    for name in ("web", "nosuch", "web.bank", "example.com"):
        with pytest.raises(UnknownHost):
            network.resolve("10.244.0.9", name)


def test_a_headless_service_is_its_pods(world):
    world.service("db", [endpoint(2, hostname="db-0"), endpoint(3, hostname="db-1")], clusterIP="None")
    names = world.network.names
    assert names.records("db.shop.svc.cluster.local") == ["10.244.0.2", "10.244.0.3"]
    assert world.network.resolve("10.244.0.1", "db-1.db") == "10.244.0.3"


def test_a_pods_own_name_hides_a_service_of_that_name(world):
    address = world.service("pod-1", [])
    assert world.network.resolve("10.244.0.1", "pod-1") == "10.244.0.1"
    assert world.network.resolve("10.244.0.1", "pod-1.shop") == address
    assert world.network.resolve("10.244.0.2", "pod-1") == address
