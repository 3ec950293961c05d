"""What both halves of the volume controller write: the two ends of a binding, and the phases.

A binding is told twice: ``spec.claimRef`` of the volume names the claim, ``spec.volumeName`` of the claim the
volume. It is written in four steps, volume first; whatever stops half way is finished by the next reconcile.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.client import Client, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.kube import storage

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"

OFFER = "offer"
"""Index of the volumes: under ``namespace/name`` of the claim they are kept for, free ones under their class."""

WANT = "want"
"""Index of the claims: under the volume that they name, those that name none under their class."""


def add_indexes(client: Client) -> None:
    client.add_index(VOLUMES, OFFER, _offer)
    client.add_index(CLAIMS, WANT, _want)


def _offer(volume: Object) -> list[str]:
    key = claim_key(volume)
    return [str(key) if key else free_in(storage.class_of(volume))]


def _want(claim: Object) -> list[str]:
    return [claim["spec"].get("volumeName") or free_in(storage.class_of(claim))]


def free_in(cls: str) -> str:
    """Where both indexes keep what is not bound; no name has a space."""
    return f"class {cls}"


def key_of(claim: Object) -> Key:
    return Key(claim["metadata"]["namespace"], claim["metadata"]["name"])


def claim_key(volume: Object) -> Key | None:
    """The claim that a volume is bound to or kept for."""
    reference = volume["spec"].get("claimRef")
    return Key(reference.get("namespace", ""), reference.get("name", "")) if reference else None


def bind(client: Client, clock: Clock, volume: Object, claim: Object) -> None:
    """Bind the two to each other; what is written already stays. Raises ApiError."""
    why = f"{key_of(claim)} asks for what {volume['metadata']['name']} offers"
    bound = storage.reserved(volume, claim)
    if bound is not volume:
        volume = client.update(VOLUMES, bound, why=why)
    volume = set_volume_phase(client, clock, volume, "Bound")
    name, added = volume["metadata"]["name"], {storage.BIND_COMPLETED: "yes"}
    spec = claim["spec"]
    if spec.get("volumeName") != name:
        spec, added[storage.BOUND_BY_CONTROLLER] = {**spec, "volumeName": name}, "yes"
    if spec is not claim["spec"] or storage.BIND_COMPLETED not in storage.annotations_of(claim):
        claim = client.update(CLAIMS, storage.annotated({**claim, "spec": spec}, added), why=why)
    set_claim_phase(client, claim, "Bound", volume)


def set_volume_phase(client: Client, clock: Clock, volume: Object, phase: str, message: str = "") -> Object:
    before = volume.get("status") or {}
    if (before.get("phase"), before.get("message", "")) == (phase, message):
        return volume
    status = {"phase": phase, "lastPhaseTransitionTime": clock.timestamp()}
    if before.get("phase") == phase and "lastPhaseTransitionTime" in before:
        status["lastPhaseTransitionTime"] = before["lastPhaseTransitionTime"]
    if message:
        status["message"] = message
    return client.update_status(VOLUMES, {**volume, "status": status})


def set_claim_phase(client: Client, claim: Object, phase: str, volume: Object | None = None) -> Object:
    """A claim shows its volume's size and modes, which may be more than it asked for."""
    before = claim.get("status") or {}
    status: dict[str, Any] = {
        field: value for field, value in before.items() if field not in ("accessModes", "capacity")
    }
    status["phase"] = phase
    if volume is not None:
        status["accessModes"] = volume["spec"]["accessModes"]
        status["capacity"] = before.get("capacity") or volume["spec"]["capacity"]
    return claim if status == before else client.update_status(CLAIMS, {**claim, "status": status})
