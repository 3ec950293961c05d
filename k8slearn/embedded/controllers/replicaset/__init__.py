"""ReplicaSets: as many pods of one template as were asked for; ``ranking`` says which go first."""

from k8slearn.embedded.controllers.replicaset.replicaset import ReplicaSetController
from k8slearn.embedded.controllers.replicaset.replicationcontroller import ReplicationManager

__all__ = ["ReplicaSetController", "ReplicationManager"]
