"""Facts about volumes and claims as pure functions: their classes, what fits, who uses what.

Upstream: ``k8s.io/component-helpers/storage`` and ``pkg/apis/core/v1/helper``.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from k8slearn.kube import quantity
from k8slearn.kube.label_selectors import matches

Object = dict[str, Any]

ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
"""Each with its short name, in the order in which ``kubectl get`` lists them."""

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"
"""Finalizers: a claim stays while pods use it, a volume while it is bound."""

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"

SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""On a claim: where its pod will run, written by the scheduler for the provisioner."""

PROVISIONERS: tuple[str, ...] = (
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
)
"""On a claim: who is asked to make a volume for it."""

PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"

DELAYED = "WaitForFirstConsumer"
"""The binding mode of classes whose claims wait until a pod needs them."""


def annotations_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def annotated(obj: Object, added: Mapping[str, str]) -> Object:
    metadata = {**obj["metadata"], "annotations": {**annotations_of(obj), **added}}
    return {**obj, "metadata": metadata}


def class_of(obj: Object) -> str:
    """The name of a claim's or volume's class, "" for none. The old annotation still overrules the field."""
    return annotations_of(obj).get(BETA_CLASS) or obj["spec"].get("storageClassName") or ""


def is_default_class(cls: Object) -> bool:
    return "true" in (annotations_of(cls).get(DEFAULT_CLASS), annotations_of(cls).get(BETA_DEFAULT_CLASS))


def default_class(classes: Iterable[Object]) -> Object | None:
    """Of the classes that are marked as the default, the newest."""
    marked = sorted(filter(is_default_class, classes), key=lambda cls: cls["metadata"]["name"])
    return max(marked, key=lambda cls: cls["metadata"]["creationTimestamp"], default=None)


def requested(claim: Object) -> str:
    """The storage that a claim asks for: ``10Gi``."""
    return ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")


def capacity(volume: Object) -> str:
    return (volume["spec"].get("capacity") or {}).get("storage", "0")


def short_modes(modes: Iterable[str]) -> str:
    """``RWO,ROX`` of ``ReadOnlyMany`` and ``ReadWriteOnce``."""
    given = set(modes)
    return ",".join(short for mode, short in ACCESS_MODES.items() if mode in given)


def is_bound(claim: Object) -> bool:
    """Whether binding has been completed on the claim's side."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations_of(claim)


def is_reserved_for(volume: Object, claim: Object) -> bool:
    """Whether a volume is bound to, or kept for, this claim. A user reserves it by name, without a uid."""
    reference, metadata = volume["spec"].get("claimRef"), claim["metadata"]
    return (
        reference is not None
        and (reference.get("namespace"), reference.get("name")) == (metadata["namespace"], metadata["name"])
        and reference.get("uid") in (None, "", metadata["uid"])
    )


def reference_to(claim: Object) -> Object:
    """What ``spec.claimRef`` of its volume says."""
    metadata = claim["metadata"]
    return {
        "apiVersion": claim["apiVersion"],
        "kind": claim["kind"],
        **{field: metadata[field] for field in ("name", "namespace", "resourceVersion", "uid")},
    }


def reserved(volume: Object, claim: Object) -> Object:
    """``volume`` bound to ``claim``; the same object when it is already."""
    if (volume["spec"].get("claimRef") or {}).get("uid") == claim["metadata"]["uid"]:
        return volume
    bound = {**volume, "spec": {**volume["spec"], "claimRef": reference_to(claim)}}
    if is_reserved_for(volume, claim):
        return bound  # by the user, in advance
    return annotated(bound, {BOUND_BY_CONTROLLER: "yes"})


def mismatch(volume: Object, claim: Object) -> str:
    """Why a volume cannot satisfy a claim, "" when it can."""
    if "deletionTimestamp" in volume["metadata"]:
        return f'the volume is marked for deletion "{volume["metadata"]["name"]}"'
    if quantity.compare(capacity(volume), requested(claim)) < 0:
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _attributes_class(volume) != _attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if volume_mode(volume) != volume_mode(claim):
        return "incompatible volumeMode"
    if not set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def volume_mode(obj: Object) -> str:
    return obj["spec"].get("volumeMode") or "Filesystem"


def _attributes_class(obj: Object) -> str:
    return obj["spec"].get("volumeAttributesClassName") or ""


def best_match(
    claim: Object, volumes: Sequence[Object], *, fits: Callable[[Object], bool] = lambda volume: True
) -> Object | None:
    """The volume for a claim: the one that is reserved for it, or else the smallest free one.

    A volume with more access modes than asked for comes after those with fewer: a claim for ReadWriteOnce
    leaves the one that could also be ReadWriteMany. ``fits`` is a further wish, such as a node's. A reserved
    volume that does not fit means that nothing does.
    """
    for volume in volumes:
        if is_reserved_for(volume, claim) and _large_enough(volume, claim):
            return volume if fits(volume) else None
    selector = claim["spec"].get("selector")
    free = [
        volume
        for volume in volumes
        if volume["spec"].get("claimRef") is None
        and (volume.get("status") or {}).get("phase") == "Available"
        and not mismatch(volume, claim)
        and (selector is None or matches(selector, volume["metadata"].get("labels")))
        and fits(volume)
    ]
    return min(
        free,
        key=lambda volume: (len(volume["spec"]["accessModes"]), quantity.parse(capacity(volume))),
        default=None,
    )


def _large_enough(volume: Object, claim: Object) -> bool:
    return (
        "deletionTimestamp" not in volume["metadata"]
        and quantity.compare(capacity(volume), requested(claim)) >= 0
        and volume_mode(volume) == volume_mode(claim)
    )


def pod_claims(pod: Object) -> Iterator[tuple[str, bool]]:
    """The names of the claims that a pod uses, each with whether it is made for this pod (``ephemeral``)."""
    for volume in pod["spec"].get("volumes") or ():
        if source := volume.get("persistentVolumeClaim"):
            yield source["claimName"], False
        elif "ephemeral" in volume:
            yield f"{pod['metadata']['name']}-{volume['name']}", True


BY_CLAIM = "claim"
"""Name of the index of the pods by the claims that they use; ``claim_keys`` makes it."""


def claim_keys(pod: Object) -> list[str]:
    """``namespace/name`` of each claim that a pod uses."""
    namespace = pod["metadata"].get("namespace", "")
    return [f"{namespace}/{name}" for name, _ in pod_claims(pod)]


def made_for(claim: Object, pod: Object) -> bool:
    """Whether an ephemeral volume's claim belongs to this pod, and not to somebody who took its name."""
    owners = claim["metadata"].get("ownerReferences") or ()
    return any(owner.get("controller") and owner["uid"] == pod["metadata"]["uid"] for owner in owners)
