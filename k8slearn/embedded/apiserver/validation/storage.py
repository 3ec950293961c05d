"""What is wrong with volumes and storage classes.

Upstream: ``ValidatePersistentVolume`` in ``pkg/apis/core/validation``, and ``pkg/apis/storage/validation``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.claims import (
    VOLUME_MODES,
    validate_class_name,
    validate_modes,
    validate_positive,
)
from k8slearn.embedded.apiserver.validation.fields import (
    each_invalid,
    forbidden,
    immutable,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.go_fields import diff
from k8slearn.embedded.apiserver.validation.scheduling import validate_node_selector
from k8slearn.embedded.apiserver.validation.volumes import (
    no_backsteps,
    validate_csi,
    validate_host_path,
    validate_nfs,
)
from k8slearn.kube.names import label_key

RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")

# -- volumes -------------------------------------------------------------------------------------


def _validate_local(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    if not source.get("path"):
        yield required(f"{path}.path")
    else:
        yield from no_backsteps(f"{path}.path", source["path"])


def _validate_csi(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    yield from validate_csi(path, source)
    if not source.get("volumeHandle"):
        yield required(f"{path}.volumeHandle")


_SOURCES: dict[str, Callable[[str, dict[str, Any]], Iterator[FieldError]] | None] = {
    "hostPath": validate_host_path,
    "gcePersistentDisk": None,
    "awsElasticBlockStore": None,
    "glusterfs": None,
    "flocker": None,
    "nfs": validate_nfs,
    "rbd": None,
    "quobyte": None,
    "cephfs": None,
    "iscsi": None,
    "cinder": None,
    "fc": None,
    "flexVolume": None,
    "azureFile": None,
    "vsphereVolume": None,
    "photonPersistentDisk": None,
    "portworxVolume": None,
    "azureDisk": None,
    "scaleIO": None,
    "local": _validate_local,
    "storageos": None,
    "csi": _validate_csi,
}
"""What a volume may be made of, in the order in which upstream looks: a second one is one too many."""


def validate_volume(volume: Object) -> Iterator[FieldError]:
    spec = volume["spec"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    yield from validate_modes("spec.accessModes", spec.get("accessModes") or ())
    yield from _validate_capacity(spec.get("capacity"))
    policy = spec["persistentVolumeReclaimPolicy"]
    if policy not in RECLAIM_POLICIES:
        yield not_supported("spec.persistentVolumeReclaimPolicy", policy, RECLAIM_POLICIES)
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        if affinity.get("required") is not None:
            yield from validate_node_selector("spec.nodeAffinity.required", affinity["required"])
        else:
            yield required("spec.nodeAffinity.required", "must specify required node constraints")
    yield from _validate_sources(spec)
    if posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".") == "/" and policy == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden("spec.persistentVolumeReclaimPolicy", detail)
    yield from validate_class_name("spec.storageClassName", spec.get("storageClassName"))
    if spec["volumeMode"] not in VOLUME_MODES:
        yield not_supported("spec.volumeMode", spec["volumeMode"], VOLUME_MODES)


def _validate_capacity(capacity: dict[str, str] | None) -> Iterator[FieldError]:
    if not capacity:
        yield required("spec.capacity")
    if not capacity or set(capacity) != {"storage"}:
        shown = dict(sorted(capacity.items())) if capacity is not None else None
        yield not_supported("spec.capacity", shown, ("storage",))
    for resource, amount in sorted((capacity or {}).items()):
        yield from validate_positive(f"spec.capacity[{resource}]", amount)


def _validate_sources(spec: dict[str, Any]) -> Iterator[FieldError]:
    given = [name for name in _SOURCES if spec.get(name) is not None]
    if not given:
        yield required("spec", "must specify a volume type")
        return
    first, *others = given
    if validate := _SOURCES[first]:
        yield from validate(f"spec.{first}", spec[first])
    if first == "local" and spec.get("nodeAffinity") is None:
        yield required("spec.nodeAffinity", "Local volume requires node affinity")
    for name in others:
        yield forbidden(f"spec.{name}", "may not specify more than 1 volume type")


def validate_volume_update(new: Object, old: Object) -> Iterator[FieldError]:
    if shown := diff(old["spec"], new["spec"], "PersistentVolumeSource"):
        detail = f"spec.persistentvolumesource is immutable after creation\n{shown}"
        yield forbidden("spec.persistentvolumesource", detail)
    yield from immutable("volumeMode", new["spec"]["volumeMode"], old["spec"]["volumeMode"])


# -- classes -------------------------------------------------------------------------------------


def validate_class(cls: Object) -> Iterator[FieldError]:
    provisioner = cls.get("provisioner", "")
    if not provisioner:
        yield required("provisioner")
    else:
        yield from each_invalid("provisioner", provisioner, label_key(provisioner.lower()))
    if cls["reclaimPolicy"] not in ("Delete", "Retain"):
        yield not_supported("reclaimPolicy", cls["reclaimPolicy"], ("Delete", "Retain"))
    modes = ("Immediate", "WaitForFirstConsumer")
    if cls["volumeBindingMode"] not in modes:
        yield not_supported("volumeBindingMode", cls["volumeBindingMode"], modes)
