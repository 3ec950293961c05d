"""The replication manager: ReplicationControllers are kept as ReplicaSets are.

Upstream: ``pkg/controller/replication``, which shows each of them to the ReplicaSet controller as a ReplicaSet.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.replicaset.replicaset import ReplicaSetController


class ReplicationManager(ReplicaSetController):
    """Its status does not count the pods that are on their way out."""

    name = "replication-controller"
    resource = "replicationcontrollers"
    kind = "ReplicationController"

    def _counted(self, rs: Object, active: list[Object], terminating: int) -> dict[str, Any]:
        counted = super()._counted(rs, active, terminating)
        del counted["terminatingReplicas"]
        return counted
