"""The ReplicaSet controller: keeps as many pods of one template as were asked for.

Upstream: ``pkg/controller/replicaset/replica_set.go`` and ``replica_set_utils.go``. It never looks into a
pod: it counts those that match its selector and are neither finished nor being deleted, makes what is
missing and deletes what is too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import conditions, owners, pods
from k8slearn.embedded.controllers.podcontrol import PodControl
from k8slearn.embedded.controllers.replicaset.ranking import deletion_order
from k8slearn.embedded.controllers.templates import pod_of

REPLICA_SETS = "replicasets.apps"

BURST = 500
"""Pods made or deleted in one go, at the most."""


class ReplicaSetController(Controller):
    """Looks when a ReplicaSet changes, or a pod that it controls or could adopt."""

    name = "replicaset-controller"
    resource = REPLICA_SETS
    kind = "ReplicaSet"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self.pods = PodControl(client, self.events)
        owners.add_indexes(client, self.resource)
        owners.add_indexes(client, "pods")

    def start(self) -> None:
        super().start()
        owners.watch(self.client, "pods", self.kind, self._notice_pod)

    def _notice_pod(self, change: Change) -> None:
        for key in owners.interested(self.client, change, self.resource, self.kind):
            self.queue.add(key)

    def reconcile(self, key: Key) -> None:
        rs = self.client.get(self.resource, *key)
        if rs is None:
            return
        claimed = owners.claim(self.client, rs, "pods", lambda pod: not pods.is_finished(pod))
        active = [pod for pod in claimed if not pods.is_going(pod)]
        failure = None
        if "deletionTimestamp" not in rs["metadata"]:
            failure = self._scale(rs, active)
        self._write_status(rs, active, len(claimed) - len(active), failure)
        if failure:
            raise failure
        wait = rs["spec"].get("minReadySeconds", 0)
        if soon := pods.next_available_in(active, wait, self.clock.now):
            self.queue.add(key, soon)

    # -- pods -------------------------------------------------------------------------------------

    def _scale(self, rs: Object, active: list[Object]) -> ApiError | None:
        """Create or delete pods. Returns the first refusal, after which it stops early."""
        wanted = rs["spec"]["replicas"]
        missing = wanted - len(active)
        why = f"{wanted} wanted, {len(active)} there"
        if missing > 0:
            pod = pod_of(rs, rs["spec"]["template"])
            return self.pods.create(rs, [pod] * min(missing, BURST), why)
        if missing < 0:
            count = min(-missing, BURST)
            doomed = active
            if count < len(active):
                doomed = deletion_order(active, self._related(rs), self.clock.now)[:count]
            return self.pods.delete(rs, doomed, why)
        return None

    def _related(self, rs: Object) -> Iterator[Object]:
        """The pods of all ReplicaSets that have the same controller, ``rs`` among them."""
        owner = owners.controller_of(rs)
        sets = self.client.by_index(self.resource, owners.OWNER, owner["uid"]) if owner else [rs]
        for related in sets:
            yield from self.client.by_index("pods", owners.OWNER, related["metadata"]["uid"])

    # -- status -----------------------------------------------------------------------------------

    def _write_status(
        self, rs: Object, active: list[Object], terminating: int, failure: ApiError | None
    ) -> None:
        before = rs.get("status", {})
        status = self._counted(rs, active, terminating)
        kept = before.get("conditions", [])
        current = conditions.find(kept, "ReplicaFailure")
        if failure and current is None:
            reason = "FailedCreate" if len(active) < rs["spec"]["replicas"] else "FailedDelete"
            kept = conditions.with_condition(kept, self._failed(reason, failure.message))
        elif current and not failure:
            kept = conditions.without(kept, "ReplicaFailure")
        if kept:
            status["conditions"] = kept
        if status != before:
            self.client.update_status(self.resource, {**rs, "status": status})

    def _counted(self, rs: Object, active: list[Object], terminating: int) -> dict[str, Any]:
        labels = rs["spec"]["template"]["metadata"].get("labels", {}).items()
        wait = rs["spec"].get("minReadySeconds", 0)
        available = [pods.available_in(pod, wait, self.clock.now) for pod in active]
        counts = {
            "fullyLabeledReplicas": sum(labels <= pod["metadata"]["labels"].items() for pod in active),
            "readyReplicas": sum(seconds is not None for seconds in available),
            "availableReplicas": sum(seconds == 0 for seconds in available),
        }
        return {
            "replicas": len(active),
            **{name: count for name, count in counts.items() if count},
            "terminatingReplicas": terminating,
            "observedGeneration": rs["metadata"]["generation"],
        }

    def _failed(self, reason: str, message: str) -> dict[str, Any]:
        return {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": self.clock.timestamp(),
            "reason": reason,
            "message": message,
        }
