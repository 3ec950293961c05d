"""Keeps a claim while pods use it, and notes in its status whether any do.

Upstream: ``pkg/controller/volume/pvcprotection``. A claim whose deletion was asked for stays, with the finalizer
``kubernetes.io/pvc-protection``, until the last pod that is on a node and uses it is gone. Only a pod that was
never scheduled does not hold it: the kubelet would not start it.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import conditions, pods
from k8slearn.kube import storage

CLAIMS = "persistentvolumeclaims"


class ClaimProtection(Controller):
    name = "pvc-protection-controller"
    resource = CLAIMS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        client.add_index("pods", storage.BY_CLAIM, storage.claim_keys)

    def start(self) -> None:
        super().start()
        self.watch("pods", _claims)

    def reconcile(self, key: Key) -> None:
        claim = self.client.get(CLAIMS, *key)
        if claim is None:
            return
        if "deletionTimestamp" not in claim["metadata"]:
            if claim["status"]["phase"] == "Bound":
                self._note_use(claim, used=self._is_used(claim, _refers))
        elif not self._is_used(claim, _holds):
            self._let_go(claim)

    def _is_used(self, claim: Object, counts: Callable[[Object], bool]) -> bool:
        metadata = claim["metadata"]
        users = self.client.by_index("pods", storage.BY_CLAIM, f"{metadata['namespace']}/{metadata['name']}")
        return any(counts(pod) and _means(pod, claim) for pod in users)

    def _note_use(self, claim: Object, *, used: bool) -> None:
        unused = {
            "type": "Unused",
            "status": "False" if used else "True",
            "lastProbeTime": None,
            "lastTransitionTime": self.clock.timestamp(),
            "reason": "PodUsingPVC" if used else "NoPodsUsingPVC",
            "message": "A pod is currently referencing this PVC"
            if used
            else "No pods are currently referencing this PVC",
        }
        status = claim["status"]
        before = status.get("conditions") or []
        after = conditions.with_condition(before, unused)
        if after is not before:
            self.client.update_status(CLAIMS, {**claim, "status": {**status, "conditions": after}})

    def _let_go(self, claim: Object) -> None:
        finalizers = claim["metadata"].get("finalizers") or ()
        if storage.CLAIM_PROTECTION in finalizers:
            kept = [name for name in finalizers if name != storage.CLAIM_PROTECTION]
            metadata = {**claim["metadata"], "finalizers": kept}
            self.client.update(CLAIMS, {**claim, "metadata": metadata}, why="no pod uses it any more")


def _claims(change: Change) -> list[Key]:
    namespace = change.stored.key.namespace
    return [Key(namespace, name) for name, _ in storage.pod_claims(change.object)]


def _means(pod: Object, claim: Object) -> bool:
    """Whether the claim of that name is the one that the pod uses, not one that took an ephemeral one's name."""
    name = claim["metadata"]["name"]
    return any(
        used == name and (not ephemeral or storage.made_for(claim, pod))
        for used, ephemeral in storage.pod_claims(pod)
    )


def _refers(pod: Object) -> bool:
    return not pods.is_finished(pod)


def _holds(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName")) and pod["metadata"].get("deletionGracePeriodSeconds") != 0
