"""Job (batch/v1). https://kubernetes.io/docs/concepts/workloads/controllers/job/"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import (
    age,
    columns,
    container_images,
    container_names,
    name,
)
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_job_template
from k8slearn.embedded.apiserver.validation.jobs import (
    NAME_LABELS,
    UID_LABELS,
    validate_job,
    validate_job_update,
)
from k8slearn.embedded.apiserver.validation.pod_warnings import (
    template_update_warnings,
    warn_of_name,
    warn_of_template,
)
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube.duration import human_duration
from k8slearn.kube.label_selectors import format_selector

NO_LIMIT = 2**31 - 1
"""The back-off limit of a Job that has one per index."""

ORPHANS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)

_STATES = ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet")


def _default(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    template = spec.setdefault("template", {})
    if spec.get("parallelism") is None:
        spec["parallelism"] = 1
        if spec.get("completions") is None:
            spec["completions"] = 1
    per_index = spec.get("backoffLimitPerIndex") is not None
    for field, value in {
        "backoffLimit": NO_LIMIT if per_index else 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed",
        "manualSelector": False,
    }.items():
        if spec.get(field) is None:
            spec[field] = value
    labels = (template.get("metadata") or {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = {**labels}
    default_job_template(spec)


def _prepare_create(obj: Object) -> None:
    """Give the template labels that no other Job's pods have, and select by one of them."""
    obj["status"] = {}
    spec, metadata = obj.setdefault("spec", {}), obj["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec["template"] = spec.get("template") or {}
    described = template["metadata"] = template.get("metadata") or {}
    labels = described["labels"] = described.get("labels") or {}
    for label in NAME_LABELS:
        labels.setdefault(label, metadata.get("name", ""))  # without one it will be refused
    for label in UID_LABELS:
        labels.setdefault(label, metadata["uid"])
    selector = spec["selector"] = spec.get("selector") or {}
    chosen = selector["matchLabels"] = selector.get("matchLabels") or {}
    chosen.setdefault("batch.kubernetes.io/controller-uid", metadata["uid"])
    _default(obj)  # as what is read back from etcd: the Job gets its template's labels


def _warnings(obj: Object) -> Iterator[str]:
    yield from warn_of_name(obj)
    yield from warn_of_template(obj["spec"]["template"])


def _state(obj: Object, now: float) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    true = {condition["type"] for condition in conditions if condition["status"] == "True"}
    if "deletionTimestamp" in obj["metadata"] and not true & {"Complete", "Failed"}:
        return "Terminating"
    return next((state for state in _STATES if state in true), "Running")


def _completions(obj: Object, now: float) -> str:
    spec, succeeded = obj["spec"], (obj.get("status") or {}).get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    return f"{succeeded}/1 of {spec['parallelism']}" if spec["parallelism"] > 1 else f"{succeeded}/1"


def _duration(obj: Object, now: float) -> str:
    status = obj.get("status") or {}
    if "startTime" not in status:
        return ""
    end = parse_timestamp(status["completionTime"]) if "completionTime" in status else now
    return human_duration(end - parse_timestamp(status["startTime"]))


KIND = Kind(
    kind="Job",
    plural="jobs",
    group="batch",
    categories=("all",),
    message="k8s.io.api.batch.v1.Job",
    columns=columns(
        "jobs.batch",
        {
            "Name": name,
            "Status": _state,
            "Completions": _completions,
            "Duration": _duration,
            "Age": age,
            "Containers": container_names,
            "Images": container_images,
            "Selector": lambda obj, now: format_selector(obj["spec"]["selector"]),
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=validate_job,
    validate_update=validate_job_update,
    creation_warnings=_warnings,
    update_warnings=template_update_warnings,
    has_status=True,
    counts_generation=True,
    orphans_by_default=True,
    orphans_warning=ORPHANS,
    selectable_fields={
        "status.successful": lambda obj: str((obj.get("status") or {}).get("succeeded", 0)),
    },
)
