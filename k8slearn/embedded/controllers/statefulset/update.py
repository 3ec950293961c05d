"""Which pods of an old revision a rolling update deletes now. Pure.

Upstream: ``updateStatefulSetAfterInvariantEstablished``;
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates. Only pods from the
partition upwards are updated, from the highest ordinal down, and never more than maxUnavailable of all pods are
unavailable by that. With 5 pods, partition 1 and maxUnavailable 2: db-4 and db-3 first, then db-2 and db-1, each
as soon as one of those before it is available; db-0 stays as it is.
"""

from __future__ import annotations

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.deployment.sizes import whole
from k8slearn.embedded.controllers.statefulset import identity
from k8slearn.embedded.controllers.statefulset.status import is_available


def pods_to_replace(sts: Object, replicas: list[Object], revision: str, now: float) -> list[Object]:
    """``replicas`` are all the pods that there should be, by ordinal; ``revision`` names the new one.

    With Parallel, old pods that do not work anyway go at once; they use up nothing of maxUnavailable, but they
    count as unavailable for the others.
    """
    rolling = sts["spec"]["updateStrategy"].get("rollingUpdate") or {}
    wait = sts["spec"].get("minReadySeconds", 0)

    def works(pod: Object) -> bool:
        return is_available(pod, wait, now)

    unavailable = sum(pods.is_going(pod) or not works(pod) for pod in replicas)
    budget = max_unavailable(rolling, len(replicas)) - unavailable
    old = [
        pod
        for pod in reversed(replicas[rolling.get("partition", 0) :])
        if identity.revision_of(pod) != revision and not pods.is_going(pod)
    ]
    if sts["spec"]["podManagementPolicy"] == "OrderedReady":
        return old[: max(0, budget)]
    broken = [pod for pod in old if not works(pod)]
    working = [pod for pod in old if works(pod)]
    return [*broken, *working[: max(0, budget)]]


def max_unavailable(rolling: dict[str, int | str], replicas: int) -> int:
    """At least 1: a small percentage, rounded down, would stop every update."""
    return max(1, whole(rolling.get("maxUnavailable", 1), replicas, round_up=False))
