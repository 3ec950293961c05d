"""ReplicaSet (apps/v1). https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/"""

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
    warn_of_template,
)
from k8slearn.embedded.apiserver.validation.selectors import immutable_selector
from k8slearn.embedded.apiserver.validation.workloads import validate_selector_and_template
from k8slearn.kube.label_selectors import format_selector


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("replicas") is None:
        spec["replicas"] = 1
    default_template(spec.setdefault("template", {}))


def _prepare_create(obj: Object) -> None:
    obj["status"] = {"replicas": 0}


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from validate_selector_and_template(spec)


KIND = Kind(
    kind="ReplicaSet",
    plural="replicasets",
    group="apps",
    short_names=("rs",),
    categories=("all",),
    message="k8s.io.api.apps.v1.ReplicaSet",
    columns=columns(
        "replicasets.apps",
        {
            "Name": name,
            "Desired": lambda obj, now: obj["spec"]["replicas"],
            "Current": status_number("replicas"),
            "Ready": status_number("readyReplicas"),
            "Age": age,
            "Containers": container_names,
            "Images": container_images,
            "Selector": lambda obj, now: format_selector(obj["spec"]["selector"]) or "<none>",
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=_validate,
    creation_warnings=lambda obj: warn_of_template(obj["spec"]["template"]),
    update_warnings=template_update_warnings,
    validate_update=lambda new, old: immutable_selector(new["spec"].get("selector"), old["spec"]["selector"]),
    has_status=True,
    counts_generation=True,
    scale=Scale(selector=lambda obj: format_selector(obj["spec"]["selector"])),
    selectable_fields={"status.replicas": lambda obj: str((obj.get("status") or {}).get("replicas", 0))},
)
