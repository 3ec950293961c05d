"""A cluster's control plane with nodes that only pretend to run pods: what controllers do is seen alone."""

from __future__ import annotations

import pytest

from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Client, Controller, Key, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import all_controllers, nodes
from k8slearn.embedded.metrics_server import MetricsServer
from k8slearn.embedded.scheduler import Scheduler
from k8slearn.embedded.store import Object, Store

LEASES = "leases.coordination.k8s.io"
START = 1.0
STOP = 0.5


class PretendKubelet(Controller):
    """A pod with a node is ready a second later, unless its image is ``broken``; deleted, it soon goes."""

    name = "kubelet"
    resource = "pods"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self.addresses = iter(f"10.244.0.{number}" for number in range(1, 255))

    def start(self) -> None:
        self.watch("pods", lambda change: [change.stored.key] if change.type != "DELETED" else [])

    def reconcile(self, key: Key) -> None:
        pod = self.client.get("pods", *key)
        if pod is None or not pod["spec"].get("nodeName"):
            return
        if "deletionTimestamp" in pod["metadata"]:
            self.clock.call_later(STOP, lambda: self.client.delete("pods", pod, grace_seconds=0))
        elif pod["status"].get("phase") == "Pending" and not pod["status"].get("podIP"):
            self.clock.call_later(START, lambda: self.run(key))

    def run(self, key: Key) -> None:
        pod = self.client.get("pods", *key)
        if pod is None or pod["status"].get("podIP"):
            return
        status = {**pod["status"], "podIP": next(self.addresses), "phase": "Running"}
        status["startTime"] = self.clock.timestamp()
        ready = "False" if pod["spec"]["containers"][0]["image"] == "broken" else "True"
        condition = {"type": "Ready", "status": ready, "lastTransitionTime": self.clock.timestamp()}
        status["conditions"] = [*status.get("conditions", []), condition]
        self.client.set_status("pods", pod, status)


class World:
    """The control plane, and short ways to say what a test wants."""

    def __init__(self) -> None:
        self.silent: set[str] = set()
        """Nodes of which nothing is heard."""
        self.clock = Clock(seed=1)
        self.store = Store()
        self.registry = Registry(self.store, self.clock, kinds.load())
        self.trace = Trace(self.registry)
        self.client = self.client_for("test")
        for name in ("default", "kube-system", "kube-node-lease"):
            self.client.create("namespaces", {"metadata": {"name": name}})
        for name in ("worker-1", "worker-2"):
            self.add_node(name)
        self.add_class("standard", default=True)
        self.kubelet = PretendKubelet(self.client_for("kubelet"), self.clock)
        scheduler = Scheduler(self.client_for("default-scheduler"), self.clock)
        self.metrics = MetricsServer(self.client, self.clock, {})
        controllers = all_controllers(self.client_for, self.clock, self.metrics, root_ca="PEM")
        for part in (*controllers, scheduler, self.kubelet):
            part.start()
        self._renew_leases()
        self.clock.settle()

    def _renew_leases(self) -> None:
        """The nodes are alive and ready; that is all that their kubelets would say of them."""
        for node in self.client.list("nodes"):
            name = node["metadata"]["name"]
            if name in self.silent:
                continue
            spec = {"holderIdentity": name, "renewTime": self.clock.micro_timestamp()}
            held = self.client.get(LEASES, "kube-node-lease", name)
            if held is None:
                lease = {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec}
                self.client.create(LEASES, lease)
            else:
                self.client.update(LEASES, {**held, "spec": spec})
            if not nodes.is_ready(node):
                self._report_ready(node)
        self.clock.call_later(10.0, self._renew_leases, background=True)

    def _report_ready(self, node: Object) -> Object:
        now = self.clock.timestamp()
        ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": now, "lastTransitionTime": now}
        return self.client.set_status("nodes", node, {**node["status"], "conditions": [ready]})

    def client_for(self, component: str) -> Client:
        return Client(self.registry, self.clock, component, self.trace)

    def settle(self) -> None:
        assert self.clock.settle()

    def add_node(self, name: str) -> Object:
        node = self.client.create(
            "nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}
        )
        offered = {"cpu": "8", "memory": "16Gi", "pods": "110"}
        return self._report_ready({**node, "status": {"allocatable": offered, "capacity": offered}})

    def add_class(self, name: str, *, default: bool = False, **fields: object) -> Object:
        """A StorageClass of the provisioner that is there, whose claims wait for their first pod."""
        mark = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
        cls = {"provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer", **fields}
        metadata = {"name": name, "annotations": mark}
        return self.client.create("storageclasses.storage.k8s.io", {"metadata": metadata, **cls})

    def get(self, resource: str, name: str, namespace: str = "default") -> Object:
        found = self.client.get(resource, namespace, name)
        assert found is not None, f"no {resource} {name}"
        return found

    def names(self, resource: str, namespace: str = "default") -> list[str]:
        return [obj["metadata"]["name"] for obj in self.client.list(resource, namespace)]

    def events(self, resource: str, name: str) -> list[str]:
        """``Reason: message`` of an object's events in the order in which they came."""
        uid = self.get(resource, name)["metadata"]["uid"]
        events = [e for e in self.client.list("events") if e["involvedObject"].get("uid") == uid]
        events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
        return [f"{event['reason']}: {event['message']}" for event in events]

    # -- Deployments ------------------------------------------------------------------------------

    def deploy(
        self, name: str = "web", replicas: int = 3, image: str = "nginx:1.27", **spec: object
    ) -> Object:
        labels = {"app": name}
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "web", "image": image}]},
        }
        wanted = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template,
            **spec,
        }
        metadata = {"name": name, "namespace": "default"}
        created = self.registry.create("deployments.apps", {"metadata": metadata, "spec": wanted})
        self.settle()
        return created

    def change(self, name: str = "web", **spec: object) -> None:
        """Update fields of a Deployment's spec; nothing has happened yet afterwards."""
        deployment = self.get("deployments.apps", name)
        self.client.update("deployments.apps", {**deployment, "spec": {**deployment["spec"], **spec}})

    def set_image(self, image: str, name: str = "web") -> None:
        template = self.get("deployments.apps", name)["spec"]["template"]
        containers = [{**template["spec"]["containers"][0], "image": image}]
        self.change(name, template={**template, "spec": {**template["spec"], "containers": containers}})

    def sets(self) -> dict[str, int]:
        """The sizes of ReplicaSets by their image."""
        return {
            rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"]
            for rs in self.client.list("replicasets.apps", "default")
        }

    def condition(self, resource: str, name: str, type: str) -> tuple[str, str, str]:
        """(status, reason, message)"""
        status = self.get(resource, name)["status"]
        found = next(c for c in status["conditions"] if c["type"] == type)
        return found["status"], found["reason"], found["message"]


@pytest.fixture
def world() -> World:
    return World()
