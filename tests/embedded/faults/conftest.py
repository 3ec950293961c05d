"""A cluster of three nodes with something on each worker, and short ways to ask how it fares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from k8slearn.embedded.apiserver.http import Request, Response, Session
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.store import Object


class Town:
    """``lost`` is worker-2, to which things happen."""

    lost = "worker-2"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client = cluster.client
        self.clock = cluster.clock
        cluster.settle()
        self.clock.advance(9)  # leases were renewed nine seconds ago
        self.begun = self.clock.now

    # -- making ---------------------------------------------------------------------------------

    def template(self, app: str, **spec: Any) -> Object:
        container = {"name": "main", "image": "nginx:1.29"}
        return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **spec}}

    def workload(self, resource: str, name: str, **spec: Any) -> None:
        selector = {"matchLabels": {"app": name}}
        self.client.create(
            resource,
            {
                "metadata": {"name": name},
                "spec": {"selector": selector, "template": self.template(name), **spec},
            },
        )

    def deployment(self, replicas: int = 4) -> None:
        """``web``, behind a Service of that name, half of it on the node that will be lost."""
        self.workload("deployments.apps", "web", replicas=replicas)
        self.client.create(
            "services",
            {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}},
        )
        self.cluster.settle()
        assert len(self.on(self.lost, "web")) == replicas // 2

    def pod(self, name: str, node: str = lost, script: str = "", **spec: Any) -> None:
        """A pod without a controller: nginx, or a shell with ``script``."""
        made = self.template(name, nodeName=node, **spec)
        if script:
            made["spec"]["containers"] = [
                {"name": "main", "image": "busybox:1.37", "command": ["sh", "-c", script]}
            ]
        self.client.create("pods", {"metadata": {"name": name, **made["metadata"]}, "spec": made["spec"]})
        self.cluster.settle()

    # -- time -----------------------------------------------------------------------------------

    def crash(self) -> None:
        self.cluster.nodes[self.lost].crash()
        self.begun = self.clock.now

    def at(self, seconds: float) -> None:
        """Let time pass until ``seconds`` after the fault."""
        self.clock.advance(self.begun + seconds - self.clock.now)

    # -- looking --------------------------------------------------------------------------------

    def on(self, node: str, app: str = "") -> list[Object]:
        pods = [p for p in self.client.list("pods", "default") if p["spec"].get("nodeName") == node]
        return [p for p in pods if app in ("", p["metadata"]["labels"]["app"])]

    def get(self, name: str, resource: str = "pods", namespace: str = "default") -> Object:
        found = self.client.get(resource, namespace, name)
        assert found is not None, f"there is no {name} in {resource}"
        return found

    def gone(self, name: str) -> bool:
        return self.client.get("pods", "default", name) is None

    def node(self, name: str = lost) -> Object:
        return self.get(name, "nodes", "")

    def ready(self, name: str = lost) -> str:
        return next(c["status"] for c in self.node(name)["status"]["conditions"] if c["type"] == "Ready")

    def taints(self, name: str = lost) -> list[str]:
        return [
            f"{t['key'].partition('/')[2]}:{t['effect']}" for t in self.node(name)["spec"].get("taints", ())
        ]

    def column(self, pod: str) -> list[str]:
        """READY, STATUS and RESTARTS as ``kubectl get pod`` shows them."""
        answer = self.request("GET", f"/api/v1/namespaces/default/pods/{pod}", table=True)
        return [str(cell) for cell in answer["rows"][0]["cells"][1:4]]

    def endpoints(self) -> list[tuple[str, bool, bool, bool]]:
        """Node, ready, serving and terminating of each endpoint of the Service web."""
        (piece,) = self.client.list("endpointslices.discovery.k8s.io", "default")[-1:]
        return [
            (e["nodeName"], *(e["conditions"][c] for c in ("ready", "serving", "terminating")))
            for e in piece["endpoints"]
        ]

    def events(self, name: str, reason: str = "") -> list[str]:
        found = [e for e in self.client.list("events") if e["involvedObject"]["name"] == name]
        found.sort(key=lambda e: (e["lastTimestamp"], e["metadata"]["name"]))
        return [f"{e['type']} {e['reason']}: {e['message']}" for e in found if reason in ("", e["reason"])]

    def log(self, pod: str) -> str:
        answer = self.cluster.handle(Request("GET", f"/api/v1/namespaces/default/pods/{pod}/log", {}))
        assert isinstance(answer, Response)
        return answer.body.decode()

    def request(self, method: str, path: str, *, table: bool = False) -> Any:
        kind = "application/json;as=Table;v=v1;g=meta.k8s.io" if table else "application/json"
        answer = self.cluster.handle(Request(method, path, {}, {"accept": kind}))
        assert isinstance(answer, Response)
        return orjson.loads(answer.body)

    def exec(self, pod: str, *command: str, seconds: float = 10.0) -> str:
        """The output of a command in a pod, "" while it has none; a refused exec gives its message."""
        query = {"command": list(command), "stdout": ["1"], "stderr": ["1"]}
        path = f"/api/v1/namespaces/default/pods/{pod}/exec"
        answer = self.cluster.handle(Request("POST", path, query))
        if isinstance(answer, Response):
            return orjson.loads(answer.body)["message"]
        assert isinstance(answer, Session)
        self.clock.advance(seconds)
        return b"".join(data for channel, data in answer.take() if channel in (1, 2)).decode()

    def reach(self, source: str, target: str) -> bool:
        """Whether the pod ``source`` gets the page of the pod ``target``."""
        address = self.get(target)["status"]["podIP"]
        return "Welcome to nginx" in self.exec(source, "wget", "-qO-", "-T", "3", f"http://{address}/")


@pytest.fixture
def town() -> Iterator[Town]:
    with Cluster(3) as cluster:
        yield Town(cluster)
