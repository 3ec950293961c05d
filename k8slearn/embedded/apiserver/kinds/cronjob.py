"""CronJob (batch/v1). https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import (
    Cell,
    age,
    columns,
    container_images,
    container_names,
    name,
    since,
)
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_job_template
from k8slearn.embedded.apiserver.validation.cronjobs import validate_cronjob
from k8slearn.embedded.apiserver.validation.pod_warnings import warn_of_name, warn_of_pod_spec
from k8slearn.kube.label_selectors import format_selector

DEFAULTS = {
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}


def _default(obj: Object) -> None:
    """The Job in it gets its own defaults when it is created, its pods' are set here."""
    spec = obj.setdefault("spec", {})
    for field, value in DEFAULTS.items():
        if spec.get(field) is None:
            spec[field] = value
    default_job_template(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))


def _prepare_create(obj: Object) -> None:
    obj["status"] = {}


def _warnings(obj: Object) -> Iterator[str]:
    yield from warn_of_name(obj)
    yield from _pod_warnings(obj)


def _pod_warnings(obj: Object) -> Iterator[str]:
    template = obj["spec"]["jobTemplate"]["spec"]["template"]
    yield from warn_of_pod_spec("spec.jobTemplate.spec.template.spec", template.get("spec") or {})


def _update_warnings(new: Object, old: Object) -> Iterator[str]:
    if new["metadata"].get("generation") != old["metadata"].get("generation"):
        yield from _pod_warnings(new)


def _of_job(cell: Cell) -> Cell:
    """A cell that a Job has, of the Job that the CronJob describes."""
    return lambda obj, now: cell(obj["spec"]["jobTemplate"], now)


def _last_schedule(obj: Object, now: float) -> str:
    last = _status(obj).get("lastScheduleTime")
    return since(last, now) if last else "<none>"


def _status(obj: Object) -> dict[str, Any]:
    return obj.get("status") or {}


KIND = Kind(
    kind="CronJob",
    plural="cronjobs",
    group="batch",
    short_names=("cj",),
    categories=("all",),
    message="k8s.io.api.batch.v1.CronJob",
    columns=columns(
        "cronjobs.batch",
        {
            "Name": name,
            "Schedule": lambda obj, now: obj["spec"]["schedule"],
            "Timezone": lambda obj, now: obj["spec"].get("timeZone") or "<none>",
            "Suspend": lambda obj, now: str(obj["spec"]["suspend"]),
            "Active": lambda obj, now: len(_status(obj).get("active") or ()),
            "Last Schedule": _last_schedule,
            "Age": age,
            "Containers": _of_job(container_names),
            "Images": _of_job(container_images),
            "Selector": _of_job(
                lambda job, now: (
                    format_selector(job["spec"]["selector"]) if "selector" in job["spec"] else "<none>"
                )
            ),
        },
    ),
    default=_default,
    prepare_create=_prepare_create,
    validate=validate_cronjob,
    creation_warnings=_warnings,
    update_warnings=_update_warnings,
    has_status=True,
    counts_generation=True,
)
