"""What is wrong with a CronJob. Upstream: ``pkg/apis/batch/validation``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import (
    choice,
    invalid,
    non_negative,
    not_supported,
    required,
)
from k8slearn.embedded.apiserver.validation.jobs import validate_job_spec
from k8slearn.embedded.apiserver.validation.selectors import in_go_order
from k8slearn.kube import cron

CONCURRENCY_POLICIES = ("Allow", "Forbid", "Replace")

LONGEST_NAME = 52
"""``-29456123`` and more is put behind it: eleven characters of the 63 that a Job's name may have."""

_ZONE_PART = re.compile(r"[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}")


def validate_cronjob(cronjob: dict[str, Any]) -> Iterator[FieldError]:
    spec = cronjob["spec"]
    schedule = spec.get("schedule")
    if schedule:
        yield from _validate_schedule("spec.schedule", schedule)
    yield from non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if spec.get("timeZone") is not None:
        yield from _validate_zone("spec.timeZone", spec["timeZone"])
    yield from choice("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), CONCURRENCY_POLICIES)
    yield from _validate_job("spec.jobTemplate.spec", spec["jobTemplate"].get("spec") or {})
    yield from non_negative("spec.successfulJobsHistoryLimit", spec.get("successfulJobsHistoryLimit"))
    yield from non_negative("spec.failedJobsHistoryLimit", spec.get("failedJobsHistoryLimit"))
    if not schedule:
        yield required("spec.schedule")
    if len(name := cronjob["metadata"].get("name", "")) > LONGEST_NAME:
        yield invalid("metadata.name", name, f"must be no more than {LONGEST_NAME} characters")


def _validate_job(path: str, spec: dict[str, Any]) -> Iterator[FieldError]:
    yield from validate_job_spec(path, spec)
    if (selector := spec.get("selector")) is not None:
        yield invalid(f"{path}.selector", in_go_order(selector), "`selector` will be auto-generated")
    if spec.get("manualSelector"):
        yield not_supported(f"{path}.manualSelector", True, ("nil", "false"))


def _validate_schedule(path: str, schedule: str) -> Iterator[FieldError]:
    try:
        cron.parse(schedule)
    except ValueError as error:
        yield invalid(path, schedule, str(error))
    if "TZ" in schedule:
        yield invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")


def _validate_zone(path: str, zone: str) -> Iterator[FieldError]:
    if not zone:
        yield invalid(path, zone, "timeZone must be nil or non-empty string")
        return
    if not all(_ZONE_PART.fullmatch(part) and part not in (".", "..") for part in zone.split("/")):
        yield invalid(path, zone, f"unknown time zone {zone}")
        return
    if zone.lower() == "local":
        detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield invalid(path, zone, detail)
    try:
        if zone != "Local":
            cron.time_zone(zone)
    except ValueError as error:
        yield invalid(path, zone, str(error))
