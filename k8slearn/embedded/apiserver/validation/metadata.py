"""``metadata`` of every kind: names, namespace, labels, annotations, owners, finalizers.

Upstream: apimachinery ``api/validation/objectmeta.go``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import (
    IMMUTABLE,
    each_invalid,
    forbidden,
    invalid,
    required,
    too_long,
)
from k8slearn.embedded.apiserver.validation.selectors import validate_labels

ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all keys and values together."""

STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def validate_metadata(kind: Kind, obj: Object) -> Iterator[FieldError]:
    """What is wrong with ``obj``'s metadata, whether it is new or an update."""
    metadata = obj["metadata"]
    name_rule = kind.validate_name or formats.dns_subdomain
    generate_name, name = metadata.get("generateName", ""), metadata.get("name", "")
    if generate_name:
        wrong = name_rule(formats.prefix_of_name(generate_name))
        yield from each_invalid("metadata.generateName", generate_name, wrong)
    if name:
        yield from each_invalid("metadata.name", name, name_rule(name))
    else:
        yield required("metadata.name", "name or generateName is required")
    yield from _validate_namespace(kind, metadata.get("namespace", ""))
    yield from validate_labels("metadata.labels", metadata.get("labels"))
    yield from validate_annotations("metadata.annotations", metadata.get("annotations"))
    yield from _validate_owners("metadata.ownerReferences", metadata.get("ownerReferences") or ())
    finalizers = metadata.get("finalizers") or ()
    yield from _validate_finalizers("metadata.finalizers", finalizers, custom=kind.custom_schema is not None)


def _validate_namespace(kind: Kind, namespace: str) -> Iterator[FieldError]:
    if not kind.namespaced:
        if namespace:
            yield forbidden("metadata.namespace", "not allowed on this type")
    elif not namespace:
        yield required("metadata.namespace")
    else:
        yield from each_invalid("metadata.namespace", namespace, formats.dns_label(namespace))


def validate_annotations(path: str, annotations: Mapping[str, str] | None) -> Iterator[FieldError]:
    size = 0
    for key, value in sorted((annotations or {}).items()):
        yield from each_invalid(path, key, formats.label_key(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > ANNOTATIONS_LIMIT:
        yield too_long(path, ANNOTATIONS_LIMIT)


def _validate_owners(path: str, owners: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    controller = ""
    for index, owner in enumerate(owners):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                yield required(f"{path}[{index}].{name}", "must not be empty")
        if owner.get("apiVersion", "").count("/") > 1:
            yield invalid(
                f"{path}[{index}].apiVersion",
                owner["apiVersion"],
                "must be <group>/<version> or <version>",
            )
        if owner.get("apiVersion") == "v1" and owner.get("kind") == "Event":
            yield invalid(
                f"{path}[{index}]",
                owner,
                "/v1, Kind=Event is disallowed from being an owner",
            )
        if owner.get("controller"):
            this = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if controller:
                detail = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {this}'
                )
                yield invalid(path, [_in_go_order(owner) for owner in owners], detail)
            controller = controller or this


def _in_go_order(owner: dict[str, Any]) -> dict[str, Any]:
    fields = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    return {field: owner[field] for field in fields if field in owner}


def _validate_finalizers(path: str, finalizers: Sequence[str], *, custom: bool) -> Iterator[FieldError]:
    """A finalizer is ``example.com/name``, or one of the few without a domain that Kubernetes owns. A custom
    resource is only warned of others."""
    for finalizer in finalizers:
        yield from each_invalid(path, finalizer, formats.label_key(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid(path, list(finalizers), detail)
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS and not custom:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid(f"{path}[{index}]", finalizer, detail)


def validate_fixed_metadata(asked: dict[str, Any], before: dict[str, Any]) -> Iterator[FieldError]:
    """To ask for another value of these is an error; other fields that the server owns it keeps in silence."""
    for name in ("uid", "deletionTimestamp", "deletionGracePeriodSeconds"):
        dying = name != "uid" and name in before
        if not dying and asked.get(name) not in ("", None, before.get(name)):
            yield invalid(f"metadata.{name}", asked[name], IMMUTABLE)


def validate_metadata_update(new: Object, old: Object) -> Iterator[FieldError]:
    """What an update may not do to metadata. (What the server owns the registry has kept already.)"""
    before, after = old["metadata"], new["metadata"]
    if "deletionTimestamp" in before:
        added = sorted(set(after.get("finalizers") or ()) - set(before.get("finalizers") or ()))
        if added:
            shown = ", ".join(f'"{finalizer}"' for finalizer in added)
            detail = (
                "no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{shown}}}"
            )
            yield forbidden("metadata.finalizers", detail)
