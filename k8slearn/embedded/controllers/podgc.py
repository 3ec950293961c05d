"""Pod garbage collection: the pods of a node that was deleted go by force.

Upstream: ``pkg/controller/podgc/gc_controller.go``. No kubelet is left that could report their end. A node
that goes gets 40 seconds to come back before its pods are given up.
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import conditions, pods

QUARANTINE = 40.0
BY_NODE = "node"


class PodGarbageCollector(Controller):
    """Looks at a node's pods some time after the node object has gone."""

    name = "pod-garbage-collector"
    resource = "nodes"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        client.add_index("pods", BY_NODE, lambda pod: [pod["spec"].get("nodeName", "")])

    def start(self) -> None:
        self.client.watch("nodes", self._notice_node)
        self.client.watch("pods", self._notice_pod)
        for pod in self.client.list("pods"):
            self._look_later(pod)

    def _notice_node(self, change: Change) -> None:
        if change.type == "DELETED":
            self.queue.add(change.stored.key, QUARANTINE)

    def _notice_pod(self, change: Change) -> None:
        if change.type == "ADDED":
            self._look_later(change.object)

    def _look_later(self, pod: Object) -> None:
        node = pod["spec"].get("nodeName")
        if node and self.client.get("nodes", "", node) is None:
            self.queue.add(Key("", node), QUARANTINE)

    def reconcile(self, key: Key) -> None:
        if self.client.get("nodes", *key) is not None:
            return
        for pod in self.client.by_index("pods", BY_NODE, key.name):
            if not pods.is_finished(pod):
                pod = self.client.set_status("pods", pod, self._failed(pod), why="its node is gone")
            self.client.delete("pods", pod, grace_seconds=0, why=f"its node {key.name} is gone")

    def _failed(self, pod: Object) -> dict[str, object]:
        status = pod.get("status", {})
        disrupted = {
            "type": "DisruptionTarget",
            "status": "True",
            "observedGeneration": pod["metadata"]["generation"],
            "lastProbeTime": None,
            "lastTransitionTime": self.clock.timestamp(),
            "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
        }
        found = conditions.with_condition(status.get("conditions", []), disrupted)
        return {**status, "phase": "Failed", "conditions": found}
