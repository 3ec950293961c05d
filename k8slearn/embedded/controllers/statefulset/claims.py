"""The claims of a StatefulSet's pods: made before the pod, kept when it goes, unless the policy says otherwise.

Upstream: ``stateful_pod_control.go`` and ``stateful_set_utils.go`` in ``pkg/controller/statefulset``;
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention.
Nobody here deletes a claim: the controller makes the StatefulSet or the pod its owner, and the garbage
collector does the rest.

=============  =============  ================================================================
whenDeleted    whenScaled     owner of the claim
=============  =============  ================================================================
Retain         Retain         none
Delete         Retain         the StatefulSet
Retain         Delete         the pod, once its ordinal is no longer wanted
Delete         Delete         the StatefulSet; the pod, once its ordinal is no longer wanted
=============  =============  ================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Object, Recorder
from k8slearn.embedded.controllers.owners import controller_reference
from k8slearn.embedded.controllers.statefulset import identity

CLAIMS = "persistentvolumeclaims"

Reference = dict[str, Any]


class Claims:
    """The claims of one StatefulSet."""

    def __init__(self, client: Client, events: Recorder, sts: Object) -> None:
        self.client = client
        self.events = events
        self.sts = sts
        self.policy = sts["spec"]["persistentVolumeClaimRetentionPolicy"]

    def create_missing(self, pod: Object) -> None:
        """Make the claims that ``pod`` lacks. Raises ApiError; also where one is being deleted."""
        for template in self._templates():
            wanted = self._of_template(template, pod)
            name = wanted["metadata"]["name"]
            there = self.client.get(CLAIMS, wanted["metadata"]["namespace"], name)
            if there is None:
                self._create(wanted, pod)
            elif "deletionTimestamp" in there["metadata"]:
                raise ApiError(409, "Conflict", f"pvc {name} is being deleted")

    def _create(self, claim: Object, pod: Object) -> None:
        name, sts = claim["metadata"]["name"], self.sts["metadata"]["name"]
        try:
            self.client.create(CLAIMS, claim, why=f"{pod['metadata']['name']} will mount it")
        except ApiError as error:
            about = f"Create Claim {name} for Pod {pod['metadata']['name']} in StatefulSet {sts}"
            self.events.event(self.sts, "Warning", "FailedCreate", f"{about} failed error: {error.message}")
            raise ApiError(
                error.code, error.reason, f"failed to create PVC {name}: {error.message}", error.details
            ) from error
        message = f"Create Claim {name} Pod {pod['metadata']['name']} in StatefulSet {sts} success"
        self.events.event(self.sts, "Normal", "SuccessfulCreate", message)

    def are_stale(self, pod: Object) -> bool:
        """Whether a claim still waits to be deleted with an earlier pod of that name: then no pod may be made."""
        if self.policy["whenScaled"] == "Retain":
            return False
        return any(_refers(ref, pod) for claim in self._existing(pod) for ref in _references(claim))

    def set_owners(self, pod: Object) -> None:
        """Bring the owners of the claims of ``pod`` in line with the policy."""
        for claim in self._existing(pod):
            references = self._wanted_references(claim, pod)
            if references != _references(claim):
                metadata = {k: v for k, v in claim["metadata"].items() if k != "ownerReferences"}
                if references:
                    metadata["ownerReferences"] = references
                why = (
                    "persistentVolumeClaimRetentionPolicy: whenDeleted {whenDeleted}, whenScaled {whenScaled}"
                )
                changed = {**claim, "metadata": metadata}
                self.client.update(CLAIMS, changed, why=why.format(**self.policy))

    def _wanted_references(self, claim: Object, pod: Object) -> list[Reference]:
        there = _references(claim)
        owned_before = any(
            _refers(ref, owner) and ref["uid"] != owner["metadata"]["uid"]
            for ref in there
            for owner in (self.sts, pod)
        )
        if owned_before:
            return there  # by a StatefulSet or pod of that name which is gone: the garbage collector's
        others = [ref for ref in there if not _refers(ref, self.sts) and not _refers(ref, pod)]
        deletes = {when for when, what in self.policy.items() if what == "Delete"}
        if deletes and any(ref.get("controller") for ref in others):
            return others  # somebody else manages it
        scaled_down = identity.ordinal_of(pod) not in identity.ordinals(self.sts)
        if scaled_down and "whenScaled" in deletes:
            return [*others, controller_reference(pod)]
        return [*others, controller_reference(self.sts)] if "whenDeleted" in deletes else others

    def _templates(self) -> list[Object]:
        return self.sts["spec"].get("volumeClaimTemplates", [])

    def _existing(self, pod: Object) -> Iterator[Object]:
        namespace, ordinal = self.sts["metadata"]["namespace"], identity.ordinal_of(pod)
        for template in self._templates():
            claim = self.client.get(CLAIMS, namespace, identity.claim_name(self.sts, template, ordinal))
            if claim is not None:
                yield claim

    def _of_template(self, template: Object, pod: Object) -> Object:
        described = template["metadata"]
        labels = {
            **described.get("labels", {}),
            **self.sts["spec"]["selector"].get("matchLabels", {}),
        }
        metadata = {
            "name": identity.claim_name(self.sts, template, identity.ordinal_of(pod)),
            "namespace": self.sts["metadata"]["namespace"],
            **({"labels": labels} if labels else {}),
            **({"annotations": described["annotations"]} if "annotations" in described else {}),
        }
        return {
            "kind": "PersistentVolumeClaim",
            "apiVersion": "v1",
            "metadata": metadata,
            "spec": template["spec"],
        }


def _references(claim: Object) -> list[Reference]:
    return claim["metadata"].get("ownerReferences", [])


def _refers(reference: Reference, owner: Object) -> bool:
    """Whether it names ``owner``, or one of the same name before it."""
    named = (reference["apiVersion"], reference["kind"], reference["name"])
    return named == (owner["apiVersion"], owner["kind"], owner["metadata"]["name"])
