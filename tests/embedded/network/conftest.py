"""A network of two nodes, with objects as the API server stores them and pods that nobody runs."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Client, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import HttpRequest, HttpResponse, Network
from k8slearn.embedded.store import Object, Store

NODES = {"one": "172.18.0.2", "two": "172.18.0.3"}


class Answering:
    """Says who asked."""

    def serve(self, request, reply):
        reply(HttpResponse(200, request.client.encode()))


class Silent:
    def serve(self, request, reply):
        pass


class World:
    """Namespaces ``shop`` and ``bank``; pods 1, 2 on node one (10.244.1.2 and .3), 3 on node two (10.244.2.4)."""

    def __init__(self) -> None:
        self.clock = Clock(seed=1)
        registry = Registry(Store(), self.clock, kinds.load())
        self.client = Client(registry, self.clock, "test", Trace(registry))
        self.network = Network(self.client, self.clock)
        for namespace in ("shop", "bank"):
            self.client.create("namespaces", {"metadata": {"name": namespace, "labels": {"name": namespace}}})
        for number, (name, ip) in enumerate(NODES.items(), 1):
            self.network.add_node(ip, name, f"10.244.{number}.0/24")
        for number, node in ((1, "one"), (2, "one"), (3, "two")):
            self.pod(number, node)

    answering, silent = Answering(), Silent()

    def address(self, number: int, node: str = "") -> str:
        """Of a pod; without ``node`` that of one of the first three."""
        node = node or ("two" if number == 3 else "one")
        return f"10.244.{list(NODES).index(node) + 1}.{number + 1}"

    def endpoint(self, number: int, *, ready: bool = True, **more: Any) -> Object:
        conditions = {"ready": ready, **more.pop("conditions", {})}
        node = "two" if number == 3 else "one"
        return {"addresses": [self.address(number)], "conditions": conditions, "nodeName": node, **more}

    def listen(self, *numbers: int, port: int = 8080, protocol: str = "TCP") -> None:
        for number in numbers:
            self.network.listen(self.address(number), port, self.answering, protocol)

    def pod(
        self,
        number: int,
        node: str = "one",
        namespace: str = "shop",
        *,
        ports: tuple[Object, ...] = (),
        **labels: str,
    ) -> str:
        """The address of a pod ``pod-<number>``, which takes the place of an earlier one of that number."""
        ip = self.address(number, node)
        containers = [{"name": "c", "ports": list(ports)}]
        metadata = {"name": f"pod-{number}", "namespace": namespace, "labels": labels}
        self.network.attach(ip, {"metadata": metadata, "spec": {"nodeName": node, "containers": containers}})
        return ip

    def service(
        self, name: str, endpoints: list[Object], *, ports: list[Object] | None = None, **spec: Any
    ) -> Object:
        """A Service of port 80 to ``endpoints``' port 8080, or of the ``ports`` of its slice."""
        wanted = [{"port": 80, "targetPort": 8080}] if ports is None else ports
        created = self.client.create(
            "services",
            {
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"ports": wanted, "selector": {"app": name}, **spec},
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
                "ports": [
                    {
                        "name": port.get("name", ""),
                        "port": port["targetPort"],
                        "protocol": port.get("protocol", "TCP"),
                    }
                    for port in wanted
                ],
                "endpoints": endpoints,
            },
        )
        return created

    def policy(self, name: str, namespace: str = "shop", **spec: Any) -> None:
        self.client.create(
            "networkpolicies.networking.k8s.io",
            {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": {}, **spec}},
        )

    def ask(
        self, ip: str, port: int, asker: str = "10.244.1.2", timeout: float | None = None
    ) -> list[object]:
        answers: list[object] = []
        self.network.request(asker, ip, port, HttpRequest(), answers.append, timeout)
        return answers

    def seen(self, ip: str, port: int, asker: str) -> str:
        """The address that the program which is reached sees the request come from."""
        (answer,) = self.ask(ip, port, asker)
        assert isinstance(answer, HttpResponse), answer
        return answer.body.decode()

    def reached(self, ip: str, port: int = 80, asker: str = "10.244.1.2") -> set[str]:
        """The addresses that fifty connections reach."""
        return {self.network.connect(asker, ip, port).address for _ in range(50)}


@pytest.fixture
def world() -> World:
    return World()
