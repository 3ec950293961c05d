"""The Deployment controller: which ReplicaSets a Deployment has, and what to do about them now.

Upstream: ``pkg/controller/deployment/deployment_controller.go``.
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Client, Controller, Key
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import owners
from k8slearn.embedded.controllers.deployment import progress, sizes
from k8slearn.embedded.controllers.deployment.recreate import recreate
from k8slearn.embedded.controllers.deployment.rolling import roll
from k8slearn.embedded.controllers.deployment.sync import DEPLOYMENTS, REPLICA_SETS, Rollout


class DeploymentController(Controller):
    """Looks when a Deployment or a ReplicaSet of it changes, and when an old pod of a Recreate is gone."""

    name = "deployment-controller"
    resource = DEPLOYMENTS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        owners.add_indexes(client, REPLICA_SETS)
        owners.add_indexes(client, "pods")

    def start(self) -> None:
        super().start()
        self.watch(REPLICA_SETS, self._of_replica_set)
        self.watch("pods", self._of_pod)

    def _of_replica_set(self, change: Change) -> list[Key]:
        return owners.interested(self.client, change, DEPLOYMENTS, "Deployment")

    def _of_pod(self, change: Change) -> list[Key]:
        """The Deployment of a pod that is gone: a Recreate may have waited for it."""
        if change.type != "DELETED":
            return []
        keys = []
        for key in owners.controllers_concerned(change, "ReplicaSet"):
            rs = self.client.get(REPLICA_SETS, *key)
            owner = owners.controller_of(rs) if rs else None
            deployment = self.client.get(DEPLOYMENTS, key.namespace, owner["name"]) if owner else None
            if deployment and not sizes.is_rolling(deployment):
                keys.append(Key(key.namespace, deployment["metadata"]["name"]))
        return keys

    def reconcile(self, key: Key) -> float | None:
        deployment = self.client.get(DEPLOYMENTS, *key)
        if deployment is None:
            return None
        sets = owners.claim(self.client, deployment, REPLICA_SETS)
        rollout = Rollout(self.client, self.clock, self.events, deployment, sets)
        if "deletionTimestamp" in deployment["metadata"]:
            rollout.write_status(rolling_out=False)
            return None
        rollout.note_pause()
        rollout.sync_revision()
        if deployment["spec"].get("paused"):
            rollout.follow_scaling()
            rollout.clean_up()
            rollout.write_status(rolling_out=False)
        elif rollout.is_scaling():
            rollout.follow_scaling()
            rollout.write_status(rolling_out=False)
        elif sizes.is_rolling(deployment):
            roll(rollout)
        else:
            recreate(rollout)
        written = rollout.deployment
        return progress.seconds_to_deadline(written, written.get("status", {}), self.clock.now)
