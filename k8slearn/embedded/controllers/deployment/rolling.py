"""RollingUpdate: the new ReplicaSet grows while the old ones shrink, within surge and unavailable.

Upstream: ``pkg/controller/deployment/rolling.go``. One step per look: grow the new one, or else shrink old
ones; pods that become available, or are gone, bring the next look.

With 5 replicas, 25 %/25 % and an image that does not exist: at most 7 pods, at least 4 available. The new
ReplicaSet gets 2 (5 + 2 = 7), the old one goes to 4, and that leaves room for a third new pod. No new pod
ever becomes available, so no further old one may go: the rollout stands, and four pods still serve.
"""

from __future__ import annotations

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.deployment import progress, sizes
from k8slearn.embedded.controllers.deployment.sync import Rollout


def roll(rollout: Rollout) -> None:
    """Take one step of a rolling update, and write the status."""
    rollout.create_new()
    moved = _grow_new(rollout) or _shrink_old(rollout)
    if not moved and progress.is_complete(rollout.deployment, rollout.deployment.get("status", {})):
        rollout.clean_up()
    rollout.write_status(rolling_out=True)


def _grow_new(rollout: Rollout) -> bool:
    new, deployment = rollout.new, rollout.deployment
    assert new is not None
    if sizes.size(new) > sizes.size(deployment):
        return rollout.scale(new, sizes.size(deployment), "it is larger than the Deployment")
    size = sizes.new_size(deployment, rollout.all, new)
    limit = sizes.size(deployment) + sizes.max_surge(deployment)
    return rollout.scale(new, size, f"at most {limit} pods may exist in all")


def _shrink_old(rollout: Rollout) -> bool:
    """Scale old ReplicaSets down by as many pods as are not needed.

    Of all pods, ``spec.replicas - maxUnavailable`` must stay available, and new pods that are not available
    yet do not help: 10 replicas, maxUnavailable 2, old 8 and new 5 of which 2 are not available: at most
    13 - 8 - 2 = 3 old pods may go. Those that do not work anyway go first.
    """
    new, deployment = rollout.new, rollout.deployment
    assert new is not None
    needed = sizes.size(deployment) - sizes.max_unavailable(deployment)
    waiting = sizes.size(new) - sizes.observed([new], "availableReplicas")
    spare = sizes.total(rollout.all) - needed - waiting
    if not rollout.active_old or spare <= 0:
        return False
    shrunk = False
    for rs in rollout.active_old:
        broken = min(spare, sizes.size(rs) - sizes.observed([rs], "availableReplicas"))
        if broken > 0:
            spare -= broken
            shrunk |= _shrink(rollout, rs, broken, "these pods are not available anyway")
    available = sum(_available(rs) for rs in rollout.all)
    surplus = available - needed
    for rs in rollout.active_old:
        count = min(surplus, sizes.size(rs))
        if count > 0:
            surplus -= count
            why = f"of {available} available pods {needed} must stay"
            shrunk |= _shrink(rollout, rs, count, why)
    return shrunk


def _available(rs: Object) -> int:
    """Its available pods, but for those that it is about to delete: just scaled from 4 to 3, its status still has 4.

    The real controller counts these too, and may for a moment take a pod too many.
    """
    return min(sizes.observed([rs], "availableReplicas"), sizes.size(rs))


def _shrink(rollout: Rollout, rs: Object, by: int, why: str) -> bool:
    return rollout.scale(rs, sizes.size(rs) - by, why)
