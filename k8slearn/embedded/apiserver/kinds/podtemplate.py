"""PodTemplate (core/v1): a template that stands by itself. https://kubernetes.io/docs/concepts/workloads/pods/#pod-templates"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import columns, name
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_template
from k8slearn.embedded.apiserver.validation.pod_warnings import warn_of_pod_spec
from k8slearn.embedded.apiserver.validation.pods import validate_template


def _containers(obj: Object, field: str) -> str:
    return ",".join(c.get(field, "") for c in obj["template"]["spec"].get("containers") or ())


def _labels(obj: Object, now: float) -> str:
    labels = obj["template"]["metadata"].get("labels") or {}
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>"


KIND = Kind(
    kind="PodTemplate",
    plural="podtemplates",
    message="k8s.io.api.core.v1.PodTemplate",
    columns=columns(
        "podtemplates",
        {
            "Name": name,
            "Containers": lambda obj, now: _containers(obj, "name"),
            "Images": lambda obj, now: _containers(obj, "image"),
            "Pod Labels": _labels,
        },
    ),
    default=lambda obj: default_template(obj.setdefault("template", {})),
    validate=lambda obj: validate_template("template", obj["template"]),
    creation_warnings=lambda obj: warn_of_pod_spec("template.spec", obj["template"]["spec"]),
    counts_generation=True,
    wanted=lambda obj: obj["template"],
    delete_answers_object=True,
)
