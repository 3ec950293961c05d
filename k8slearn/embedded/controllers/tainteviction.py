"""Taint eviction: pods leave a node with a NoExecute taint that they do not tolerate, or no longer.

Upstream: ``pkg/controller/tainteviction/taint_eviction.go``. A pod without a matching toleration goes at once;
``tolerationSeconds`` says how long one with it stays. Every pod gets 300 s for the taints of a lost node
(admission), so its pods are deleted five minutes after it was found lost, unless the node comes back earlier.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock, Timer
from k8slearn.embedded.controllers import conditions, nodes
from k8slearn.embedded.scheduler.nodeselection import toleration_of
from k8slearn.kube.disruption import disruption_target


class _Eviction(NamedTuple):
    """A deletion that is due when ``timer`` is; its ``tolerationSeconds`` count from ``since``."""

    since: float
    timer: Timer


class TaintEvictionController(Controller):
    """Its keys are nodes (no namespace) and pods."""

    name = "taint-eviction-controller"
    resource = "nodes"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self._tainted: dict[str, list[dict[str, Any]]] = {}
        """The NoExecute taints of the nodes that have any."""
        self._evictions: dict[Key, _Eviction] = {}
        nodes.add_index(client)

    def start(self) -> None:
        self.client.watch("nodes", self._notice_node)
        self.client.watch("pods", self._notice_pod)
        for node in self.client.list("nodes"):
            if _no_execute(node):
                self.queue.add(Key("", node["metadata"]["name"]))

    def _notice_node(self, change: Change) -> None:
        before = change.previous.object if change.previous else None
        if _no_execute(change.object) != (_no_execute(before) if before else []):
            self.queue.add(change.stored.key)

    def _notice_pod(self, change: Change) -> None:
        if not self._tainted and not self._evictions:
            return
        spec, before = change.object["spec"], change.previous.object["spec"] if change.previous else {}
        if change.type == "DELETED" or any(
            spec.get(field) != before.get(field) for field in ("nodeName", "tolerations")
        ):
            self.queue.add(change.stored.key)

    def reconcile(self, key: Key) -> None:
        if key.namespace:
            pod = self.client.get("pods", *key)
            if pod is None:
                self._cancel(key)
            elif pod["spec"].get("nodeName") in self._tainted:
                self._judge(key, pod)
            return
        node = self.client.get("nodes", *key)
        taints = _no_execute(node) if node else []
        if taints:
            self._tainted[key.name] = taints
        else:
            self._tainted.pop(key.name, None)
        if node is None:
            return
        for pod in nodes.pods_on(self.client, key.name):
            pod_key = Key(pod["metadata"]["namespace"], pod["metadata"]["name"])
            if taints:
                self._judge(pod_key, pod)
            else:
                self._cancel(pod_key)

    def _judge(self, key: Key, pod: Object) -> None:
        """Evict ``pod`` now, later or never, by the taints of its node."""
        taints = self._tainted[pod["spec"]["nodeName"]]
        used = [toleration_of(pod, taint) for taint in taints]
        tolerated = [toleration for toleration in used if toleration is not None]
        if len(tolerated) < len(taints):
            self._cancel(key)
            self._evict_in(key, pod, 0.0, self.clock.now)
            return
        limits = [t["tolerationSeconds"] for t in tolerated if t.get("tolerationSeconds") is not None]
        if not limits:
            self._cancel(key)
            return
        seconds, since = max(min(limits), 0), self.clock.now
        if (planned := self._evictions.get(key)) is not None:
            # More taints, or other tolerations: the time that has passed counts, and may not be prolonged.
            if planned.since < since:
                return
            since = planned.since
            self._cancel(key)
        self._evict_in(key, pod, seconds, since)

    def _evict_in(self, key: Key, pod: Object, seconds: float, since: float) -> None:
        uid, node = pod["metadata"]["uid"], pod["spec"]["nodeName"]
        timer = self.clock.call_at(
            since + seconds, lambda: self._evict(key, uid, node), background=seconds > 0
        )
        self._evictions[key] = _Eviction(since, timer)

    def _evict(self, key: Key, uid: str, node: str) -> None:
        del self._evictions[key]
        self._tell(key, f"Marking for deletion Pod {key}")
        pod = self.client.get("pods", *key)
        if pod is None or pod["metadata"]["uid"] != uid:
            return
        try:
            with self.client.working_on("nodes", Key("", node)):
                self._disrupt_and_delete(
                    pod, f"it does not tolerate the taints of its node {node} any longer"
                )
        except ApiError:
            self.queue.retry(key)

    def _disrupt_and_delete(self, pod: Object, why: str) -> None:
        status = pod.get("status", {})
        disrupted = disruption_target(
            pod,
            "DeletionByTaintManager",
            "Taint manager: deleting due to NoExecute taint",
            self.clock.timestamp(),
        )
        marked = conditions.with_condition(status.get("conditions", []), disrupted)
        if marked is not status.get("conditions"):
            pod = self.client.set_status("pods", pod, {**status, "conditions": marked}, why=why)
        self.client.delete("pods", pod, why=why)

    def _cancel(self, key: Key) -> None:
        planned = self._evictions.pop(key, None)
        if planned is not None:
            planned.timer.cancel()
            self._tell(key, f"Cancelling deletion of Pod {key}")

    def _tell(self, key: Key, message: str) -> None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": key.namespace, "name": key.name}}
        self.events.event(pod, "Normal", "TaintManagerEviction", message)


def _no_execute(node: Object) -> list[dict[str, Any]]:
    return [taint for taint in nodes.taints(node) if taint["effect"] == "NoExecute"]
