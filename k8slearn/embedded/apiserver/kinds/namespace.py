"""Namespace. https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/

It goes in two steps: a deletion makes it Terminating, and it stays while ``spec.finalizers`` holds
``kubernetes``; the namespace controller takes that away when the namespace is empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.fields import each_invalid, invalid
from k8slearn.embedded.apiserver.validation.metadata import STANDARD_FINALIZERS

NAME_LABEL = "kubernetes.io/metadata.name"


def _default(obj: Object) -> None:
    metadata = obj["metadata"]
    if metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), NAME_LABEL: metadata["name"]}


def _prepare_create(obj: Object) -> None:
    spec = obj.get("spec") or {}
    finalizers = spec.get("finalizers") or []
    if "kubernetes" not in finalizers:
        finalizers = [*finalizers, "kubernetes"]
    obj["spec"] = {**spec, "finalizers": finalizers}
    obj["status"] = {"phase": "Active"}


def _prepare_update(new: Object, old: Object) -> None:
    """``spec.finalizers`` change through the finalize subresource only."""
    new["spec"] = old["spec"]


def _prepare_delete(obj: Object) -> None:
    obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}


def _validate(obj: Object) -> Iterator[FieldError]:
    for finalizer in obj["spec"].get("finalizers") or ():
        yield from each_invalid("spec.finalizers", finalizer, formats.label_key(finalizer))
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid("spec.finalizers", finalizer, detail)


KIND = Kind(
    kind="Namespace",
    plural="namespaces",
    namespaced=False,
    short_names=("ns",),
    message="k8s.io.api.core.v1.Namespace",
    columns=columns(
        "namespaces", {"Name": name, "Status": lambda obj, now: obj["status"]["phase"], "Age": age}
    ),
    default=_default,
    prepare_create=_prepare_create,
    prepare_update=_prepare_update,
    prepare_delete=_prepare_delete,
    held=lambda obj: bool((obj.get("spec") or {}).get("finalizers")),
    validate=_validate,
    validate_name=formats.dns_label,
    has_status=True,
    subresources=("finalize",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    selectable_fields={"status.phase": lambda obj: (obj.get("status") or {}).get("phase", "")},
    delete_answers_object=True,
)
