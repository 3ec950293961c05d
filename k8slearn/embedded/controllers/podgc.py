"""Pod garbage collection: pods that no kubelet will ever report the end of go by force.

Upstream: ``pkg/controller/podgc/gc_controller.go``. These are the pods of a node that was deleted (it gets 40
seconds to come back), and the terminating pods of a lost node that an administrator has given the taint
node.kubernetes.io/out-of-service: it says that the machine is really off, so that a StatefulSet may replace them.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import conditions, nodes, pods
from k8slearn.kube.disruption import disruption_target

QUARANTINE = 40.0
PERIOD = 20.0
"""How often upstream looks: a pod goes at the next look after its time has come."""


class PodGarbageCollector(Controller):
    """Looks at a node's pods some time after the node object has gone, or was declared out of service."""

    name = "pod-garbage-collector"
    resource = "nodes"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        nodes.add_index(client)

    def start(self) -> None:
        self.client.watch("nodes", self._notice_node)
        self.client.watch("pods", self._notice_pod)
        for pod in self.client.list("pods"):
            self._look_later(pod)

    def _notice_node(self, change: Change) -> None:
        if change.type == "DELETED":
            self.queue.add(change.stored.key, QUARANTINE)
        elif _out_of_service(change.object):
            self.queue.add(change.stored.key, PERIOD)

    def _notice_pod(self, change: Change) -> None:
        if change.type == "ADDED" or pods.is_going(change.object):
            self._look_later(change.object)

    def _look_later(self, pod: Object) -> None:
        name = pod["spec"].get("nodeName")
        if not name:
            return
        node = self.client.get("nodes", "", name)
        if node is None:
            self.queue.add(Key("", name), QUARANTINE)
        elif pods.is_going(pod) and _out_of_service(node):
            self.queue.add(Key("", name), PERIOD)

    def reconcile(self, key: Key) -> None:
        node = self.client.get("nodes", *key)
        if node is None:
            for pod in nodes.pods_on(self.client, key.name):
                disrupted = disruption_target(
                    pod, "DeletionByPodGC", "PodGC: node no longer exists", self.clock.timestamp()
                )
                self._remove(pod, f"its node {key.name} is gone", [disrupted])
        elif _out_of_service(node):
            for pod in nodes.pods_on(self.client, key.name):
                if pods.is_going(pod):
                    self._remove(pod, f"its node {key.name} is out of service", [])

    def _remove(self, pod: Object, why: str, news: list[dict[str, Any]]) -> None:
        """Delete ``pod`` by force; one that has not finished fails first, with the conditions ``news``."""
        if not pods.is_finished(pod):
            status = pod.get("status", {})
            found = status.get("conditions", [])
            for condition in news:
                found = conditions.with_condition(found, condition)
            failed = {
                **status,
                "phase": "Failed",
                "observedGeneration": pod["metadata"].get("generation", 1),
                "conditions": found,
            }
            pod = self.client.set_status("pods", pod, failed, why=why)
        self.client.delete("pods", pod, grace_seconds=0, why=why)


def _out_of_service(node: Object) -> bool:
    return not nodes.is_ready(node) and any(t["key"] == nodes.OUT_OF_SERVICE for t in nodes.taints(node))
