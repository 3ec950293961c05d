"""What is wrong with VolumeAttachments and CSINodes. Upstream: ``pkg/apis/storage/validation``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    IMMUTABLE,
    duplicate,
    each_invalid,
    forbidden,
    immutable,
    invalid,
    non_negative,
    required,
)
from k8slearn.embedded.apiserver.validation.volumes import validate_driver_name

LONGEST_NODE_ID = 256

_ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def validate_attachment(spec: dict[str, Any]) -> Iterator[FieldError]:
    attacher = spec.get("attacher", "")
    if attacher:
        yield from validate_driver_name("spec.attacher", attacher)
    source = spec.get("source") or {}
    volume, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if volume is None and inline is None:
        yield required("spec.source", _ONE_SOURCE)
    elif volume is not None and inline is not None:
        yield forbidden("spec.source", _ONE_SOURCE)
    elif volume == "":
        yield required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")
    node = spec.get("nodeName", "")
    yield from each_invalid("spec.nodeName", node, formats.dns_subdomain(node))
    if volume is not None:
        yield from each_invalid("spec.source.persistentVolumeName", volume, formats.dns_subdomain(volume))
    if not attacher:
        yield required("spec.attacher")  # declarative validation, new with 1.36, comes last


def validate_attachment_update(new: Object, old: Object) -> Iterator[FieldError]:
    if new["spec"] != old["spec"]:
        yield invalid("spec", None, IMMUTABLE)  # it shows no value


def validate_csi_node(spec: dict[str, Any]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, driver in enumerate(spec.get("drivers") or ()):
        path = f"spec.drivers[{index}]"
        name, node_id = driver.get("name", ""), driver.get("nodeID", "")
        yield from validate_driver_name(f"{path}.name", name)
        if not node_id:
            yield required(f"{path}.nodeID")
        if len(node_id) > LONGEST_NODE_ID:
            yield invalid(f"{path}.nodeID", node_id, f"must be {LONGEST_NODE_ID} characters or less")
        yield from non_negative(f"{path}.allocatable.count", (driver.get("allocatable") or {}).get("count"))
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        yield from _validate_topology(path, driver.get("topologyKeys") or ())


def _validate_topology(path: str, keys: list[str]) -> Iterator[FieldError]:
    for index, key in enumerate(keys):
        if not key:
            yield required(path)
        if key in keys[:index]:
            yield duplicate(path, key)
        yield from each_invalid(path, key, formats.label_key(key))


def validate_csi_node_update(new: Object, old: Object) -> Iterator[FieldError]:
    """What a driver has said of itself stays, but for how many volumes it can attach."""
    before = {driver["name"]: driver for driver in old["spec"].get("drivers") or ()}
    for driver in new["spec"].get("drivers") or ():
        if driver["name"] in before:
            was, now = ({**d, "allocatable": None} for d in (before[driver["name"]], driver))
            yield from immutable("spec.drivers", now, was)
