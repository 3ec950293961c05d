"""ReplicationController (core/v1), which ReplicaSets replaced.

https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object, Scale
from k8slearn.embedded.apiserver.kinds._columns import (
    age,
    columns,
    container_images,
    container_names,
    name,
    status_number,
)
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_template
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import non_negative
from k8slearn.embedded.apiserver.validation.pod_warnings import (
    template_update_warnings,
    warn_of_name,
    warn_of_template,
)
from k8slearn.embedded.apiserver.validation.workloads import validate_labels_and_template


def _default(obj: Object) -> None:
    """A selector and labels that are not given are those of the template."""
    spec = obj.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    if (template := spec.get("template")) is None:
        return
    if labels := (template.get("metadata") or {}).get("labels"):
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        if not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)
    default_template(template)


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"replicas": 0}


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    yield from validate_labels_and_template(spec)
    # Declarative validation, new with 1.36, comes last.
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))


def _creation_warnings(obj: Object) -> Iterator[str]:
    yield from warn_of_name(obj)
    yield from warn_of_template(obj["spec"]["template"])


def selector_text(obj: Object) -> str:
    """``app=web,tier=front``"""
    return ",".join(f"{key}={value}" for key, value in sorted((obj["spec"].get("selector") or {}).items()))


KIND = Kind(
    kind="ReplicationController",
    plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    message="k8s.io.api.core.v1.ReplicationController",
    columns=columns(
        "replicationcontrollers",
        {
            "Name": name,
            "Desired": lambda obj, now: obj["spec"]["replicas"],
            "Current": status_number("replicas"),
            "Ready": status_number("readyReplicas"),
            "Age": age,
            "Containers": container_names,
            "Images": container_images,
            "Selector": lambda obj, now: selector_text(obj) or "<none>",
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=_validate,
    creation_warnings=_creation_warnings,
    update_warnings=template_update_warnings,
    has_status=True,
    counts_generation=True,
    scale=Scale(selector=selector_text),
    selectable_fields={"status.replicas": lambda obj: str((obj.get("status") or {}).get("replicas", 0))},
    orphans_by_default=True,
)
