"""How large each ReplicaSet of a Deployment may be. Pure arithmetic.

Upstream: ``pkg/controller/deployment/util/deployment_util.go``.

For 5 replicas with maxSurge 25 % and maxUnavailable 25 %: surge is rounded up (2), so at most 7 pods exist;
unavailable is rounded down (1), so at least 4 are available.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.embedded.client import Object

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


def size(obj: Object) -> int:
    """``spec.replicas`` of a Deployment or a ReplicaSet."""
    return obj["spec"]["replicas"]


def total(sets: Iterable[Object]) -> int:
    return sum(size(rs) for rs in sets)


def observed(sets: Iterable[Object], count: str) -> int:
    """The sum of a count in the status of ReplicaSets: ``replicas``, ``availableReplicas``, …"""
    return sum(rs.get("status", {}).get(count, 0) for rs in sets)


def whole(value: int | str, of: int, *, round_up: bool) -> int:
    """A number of pods from an IntOrString: 2 is 2; ``"25%"`` of 5 is 2 rounded up and 1 rounded down."""
    if isinstance(value, int):
        return value
    hundredths = int(value.removesuffix("%")) * of
    return -(-hundredths // 100) if round_up else hundredths // 100


def is_rolling(deployment: Object) -> bool:
    return deployment["spec"]["strategy"]["type"] == "RollingUpdate"


def max_surge(deployment: Object) -> int:
    """How many pods there may be above ``spec.replicas`` during a rollout."""
    if not is_rolling(deployment):
        return 0
    return whole(deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"], size(deployment), round_up=True)


def max_unavailable(deployment: Object) -> int:
    """How many pods below ``spec.replicas`` may be available during a rollout.

    Where surge and unavailable both come to 0 nothing could ever move, so one pod may be missing.
    """
    if not is_rolling(deployment) or size(deployment) == 0:
        return 0
    asked = deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]
    unavailable = whole(asked, size(deployment), round_up=False)
    if unavailable == 0 and max_surge(deployment) == 0:
        return 1
    return min(unavailable, size(deployment))


def new_size(deployment: Object, sets: Iterable[Object], new: Object | None) -> int:
    """How large the new ReplicaSet may be now, with ``sets`` all there are (the new one among them)."""
    wanted = size(deployment)
    if not is_rolling(deployment):
        return wanted
    now = size(new) if new else 0
    room = wanted + max_surge(deployment) - total(sets)
    return now + min(room, wanted - now) if room > 0 else now


def replica_annotations(deployment: Object) -> dict[str, str]:
    """What a ReplicaSet remembers of the Deployment's size, to tell a scaling from a rollout."""
    wanted = size(deployment)
    return {DESIRED: str(wanted), MAXIMUM: str(wanted + max_surge(deployment))}


def remembered(rs: Object, annotation: str) -> int | None:
    text = rs["metadata"].get("annotations", {}).get(annotation, "")
    return int(text) if text.isdecimal() else None


def is_saturated(deployment: Object, new: Object | None) -> bool:
    """Whether the new ReplicaSet alone is all that was asked for, and all of it available."""
    wanted = size(deployment)
    return (
        new is not None
        and size(new) == remembered(new, DESIRED) == wanted
        and observed([new], "availableReplicas") == wanted
    )


def by_age(sets: Iterable[Object]) -> list[Object]:
    """Oldest first."""
    return sorted(sets, key=_age)


def _age(rs: Object) -> tuple[str, str]:
    return rs["metadata"]["creationTimestamp"], rs["metadata"]["name"]


def proportional(deployment: Object, active: list[Object]) -> dict[str, int]:
    """New sizes by name when a Deployment is scaled in the middle of a rollout: in proportion, leftovers to
    the largest.

    Scaled from 10 to 15 (surge 3, so from 13 to 18 pods) with old 8 and new 5: of the 5 more, old gets
    round(8 x 18 / 13) - 8 = 3, new round(5 x 18 / 13) - 5 = 2.
    """
    allowed = size(deployment) + max_surge(deployment) if size(deployment) > 0 else 0
    to_add = allowed - total(active)
    ordered = by_age(active)
    if to_add > 0:
        ordered.reverse()  # among equals the newer grows first, the older shrinks first
    ordered.sort(key=size, reverse=True)
    sizes, added = {}, 0
    for rs in ordered:
        share = _share(deployment, rs)
        share = min(share, to_add - added) if to_add > 0 else max(share, to_add - added)
        share = 0 if to_add in (0, added) else share
        sizes[rs["metadata"]["name"]] = size(rs) + share
        added += share
    if ordered:
        largest = ordered[0]["metadata"]["name"]
        sizes[largest] = max(0, sizes[largest] + to_add - added)
    return sizes


def _share(deployment: Object, rs: Object) -> int:
    """By how much ``rs`` changes if it keeps its share of all pods."""
    if size(deployment) == 0:
        return -size(rs)
    before = remembered(rs, MAXIMUM) or deployment.get("status", {}).get("replicas", 0)
    if before == 0:
        return 0
    after = size(deployment) + max_surge(deployment)
    return int(size(rs) * after / before + 0.5) - size(rs)
