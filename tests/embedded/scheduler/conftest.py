"""Three nodes as in a real small cluster, and the scheduler alone: nothing runs the pods it places."""

from __future__ import annotations

import pytest

from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Client, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.scheduler import Scheduler
from k8slearn.embedded.store import Object, Store

TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


class Yard:
    """The nodes, and short ways to put pods to them."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = Clock(seed=seed)
        self.registry = Registry(Store(), self.clock, kinds.load())
        self.client = Client(self.registry, self.clock, "test", Trace(self.registry))
        self.client.create("namespaces", {"metadata": {"name": "default"}})
        self.client.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})
        self.add_node("control-plane", taints=[TAINT])
        self.add_node("worker-1")
        self.add_node("worker-2")
        Scheduler(
            Client(self.registry, self.clock, "default-scheduler", Trace(self.registry)), self.clock
        ).start()

    def add_node(self, name: str, *, cpu: str = "4", pods: str = "110", **spec: object) -> Object:
        labels = {"kubernetes.io/hostname": name}
        node = self.client.create("nodes", {"metadata": {"name": name, "labels": labels}, "spec": spec})
        allocatable = {"cpu": cpu, "memory": "8Gi", "pods": pods}
        return self.client.set_status("nodes", node, {"allocatable": allocatable, "capacity": allocatable})

    def change_node(self, name: str, *, labels: dict[str, str] | None = None, **spec: object) -> None:
        node = self.client.get("nodes", "", name)
        assert node is not None
        metadata = {**node["metadata"], "labels": {**node["metadata"]["labels"], **(labels or {})}}
        changed = {**node, "metadata": metadata, "spec": {**node["spec"], **spec}}
        self.client.update("nodes", changed)

    def ask(self, name: str, requests: dict[str, str] | None = None, **spec: object) -> None:
        """Create a pod; nothing has happened yet afterwards. ``labels`` and ``ports`` come out of spec."""
        metadata = {"name": name, "namespace": "default", "labels": spec.pop("labels", {"app": name})}
        container = {"name": "app", "image": "nginx:1.27", "ports": spec.pop("ports", [])}
        if requests:
            extended = {name: number for name, number in requests.items() if "/" in name}
            container["resources"] = {"requests": requests, "limits": extended}
        self.registry.create("pods", {"metadata": metadata, "spec": {"containers": [container], **spec}})

    def place(self, name: str, requests: dict[str, str] | None = None, **spec: object) -> str | None:
        """Create a pod, and say on which node it ends up."""
        self.ask(name, requests, **spec)
        self.clock.settle()
        return self.node_of(name)

    def node_of(self, name: str) -> str | None:
        return self.pod(name)["spec"].get("nodeName")

    def pod(self, name: str) -> Object:
        pod = self.client.get("pods", "default", name)
        assert pod is not None
        return pod

    def events(self, name: str) -> list[str]:
        events = [e for e in self.client.list("events") if e["involvedObject"]["name"] == name]
        return [f"{e['type']} {e['reason']}: {e['message']}" for e in events]

    def refusal(self, name: str, requests: dict[str, str] | None = None, **spec: object) -> str:
        """Create a pod that fits nowhere, and give the sentence that says why."""
        assert self.place(name, requests, **spec) is None
        (condition,) = self.pod(name)["status"]["conditions"]
        assert (condition["type"], condition["status"]) == ("PodScheduled", "False")
        assert condition["reason"] == "Unschedulable"
        assert self.events(name) == [f"Warning FailedScheduling: {condition['message']}"]
        return condition["message"]


@pytest.fixture
def new_yard() -> type[Yard]:
    """To make more than one, or one with a seed."""
    return Yard


@pytest.fixture
def yard() -> Yard:
    return Yard()
