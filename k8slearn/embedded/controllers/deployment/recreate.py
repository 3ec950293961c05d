"""Recreate: all old pods go before the first new one comes. Nothing serves in between.

Upstream: ``pkg/controller/deployment/recreate.go``. For programs of which two versions must never run at
once.
"""

from __future__ import annotations

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.deployment import progress, sizes
from k8slearn.embedded.controllers.deployment.sync import Rollout
from k8slearn.embedded.controllers.owners import OWNER


def recreate(rollout: Rollout) -> None:
    """Take one step, and write the status."""
    scaled = [rollout.scale(rs, 0, "old pods go before new ones come") for rs in rollout.active_old]
    if not any(scaled) and not _old_pods_run(rollout):
        rollout.create_new()
        new, deployment = rollout.new, rollout.deployment
        assert new is not None
        rollout.scale(new, sizes.size(deployment), "no old pod is left")
        if progress.is_complete(deployment, deployment.get("status", {})):
            rollout.clean_up()
    rollout.write_status(rolling_out=True)


def _old_pods_run(rollout: Rollout) -> bool:
    """Whether a pod of an old ReplicaSet is left, be it one that is still ending."""
    if sizes.observed(rollout.old, "replicas") > 0:
        return True
    return any(_runs(pod) for rs in rollout.old for pod in _pods(rollout, rs))


def _pods(rollout: Rollout, rs: Object) -> list[Object]:
    return rollout.client.by_index("pods", OWNER, rs["metadata"]["uid"])


def _runs(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
