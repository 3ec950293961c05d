"""The CronJob controller. Upstream: ``pkg/controller/cronjob/cronjob_controllerv2.go``.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock, timestamp
from k8slearn.embedded.controllers import owners
from k8slearn.embedded.controllers.cronjob.times import MANY, NoTime, due, schedule_of, seconds_to_next
from k8slearn.embedded.controllers.errors import namespace_is_going
from k8slearn.kube import cron

CRON_JOBS = "cronjobs.batch"
JOBS = "jobs.batch"

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""Annotation of a Job: for which time it was made."""

TOO_MANY = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"


class CronJobController(Controller):
    """Looks when a CronJob changes, or a Job of it, and when the next time of its schedule has come."""

    name = "cronjob-controller"
    resource = CRON_JOBS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        owners.add_indexes(client, JOBS)

    def start(self) -> None:
        self.client.watch(CRON_JOBS, self._notice)
        self.watch(JOBS, lambda change: owners.controllers_concerned(change, "CronJob"))
        for cronjob in self.client.list(CRON_JOBS):
            self.queue.add(Key(cronjob["metadata"]["namespace"], cronjob["metadata"]["name"]))

    def _notice(self, change: Change) -> None:
        """A new schedule does not look back: the next of its times is the first that counts."""
        if change.type == "MODIFIED" and change.previous:
            before, after = change.previous.object["spec"], change.object["spec"]
            if any(before.get(field) != after.get(field) for field in ("schedule", "timeZone")):
                try:
                    wait = seconds_to_next(change.object, schedule_of(change.object), self.clock.now)
                except ValueError:
                    wait = 0.0
                self.queue.add(change.stored.key, wait, background=True)
                return
        self.queue.add(change.stored.key)

    def reconcile(self, key: Key) -> float | None:
        cronjob = self.client.get(CRON_JOBS, *key)
        if cronjob is None:
            return None
        step = _Step(self, cronjob)
        try:
            return step.run()
        finally:
            step.write()


class _Step:
    """One look at one CronJob; ``active`` and ``status`` are what is to be written at its end."""

    def __init__(self, controller: CronJobController, cronjob: Object) -> None:
        self.client = controller.client
        self.events = controller.events
        self.now = controller.clock.now
        self.cronjob = cronjob
        self.status: dict[str, Any] = {**cronjob.get("status", {})}
        self.active: list[dict[str, Any]] = [*self.status.get("active", ())]

    def run(self) -> float | None:
        jobs = list(self._jobs())
        self._clean_up(jobs)
        for job in jobs:
            self._look_at(job)
        self._forget_missing()
        spec = self.cronjob["spec"]
        if "deletionTimestamp" in self.cronjob["metadata"] or spec.get("suspend"):
            return None
        try:
            schedule = schedule_of(self.cronjob)
        except ValueError as error:
            message = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            self._warn("UnparseableSchedule", message)
            return None
        try:
            last = due(self.cronjob, schedule, self.now)
            if last.missed > MANY and last.time is not None:
                self._warn("TooManyMissedTimes", TOO_MANY)
            if last.time is not None and self._may_start(last.time):
                self._start(last.time)
            return seconds_to_next({**self.cronjob, "status": self.status}, schedule, self.now)
        except NoTime as error:
            self._warn("InvalidSchedule", f"invalid schedule: {spec['schedule']} : {error}")
            return None

    def write(self) -> None:
        status = {name: value for name, value in self.status.items() if name != "active"}
        if self.active:
            status["active"] = self.active
        if status != self.cronjob.get("status", {}):
            self.client.set_status(CRON_JOBS, self.cronjob, status)

    # -- the Jobs there are -----------------------------------------------------------------------

    def _jobs(self) -> Iterator[Object]:
        uid = self.cronjob["metadata"]["uid"]
        for job in self.client.by_index(JOBS, owners.OWNER, uid):
            reference = owners.controller_of(job)
            if reference and reference["uid"] == uid:
                yield job

    def _look_at(self, job: Object) -> None:
        name, uid, how = job["metadata"]["name"], job["metadata"]["uid"], _end_of(job)
        listed = any(reference["uid"] == uid for reference in self.active)
        if not how:
            if not listed:
                message = f"Saw a job that the controller did not create or forgot: {name}"
                self._warn("UnexpectedJob", message)
            return
        if listed:
            self._drop(uid)
            self._tell("SawCompletedJob", f"Saw completed job: {name}, condition: {how}")
        finished = job["status"].get("completionTime")
        if how == "Complete" and finished and finished > self.status.get("lastSuccessfulTime", ""):
            self.status["lastSuccessfulTime"] = finished

    def _forget_missing(self) -> None:
        for reference in list(self.active):
            job = self.client.get(JOBS, reference["namespace"], reference["name"])
            if job is None or job["metadata"]["uid"] != reference["uid"]:
                self._tell("MissingJob", f"Active job went missing: {reference['name']}")
                self._drop(reference["uid"])

    def _clean_up(self, jobs: list[Object]) -> None:
        """Of the Jobs that have ended keep the latest: three that succeeded, one that failed."""
        spec = self.cronjob["spec"]
        for how, limit in (
            ("Complete", spec.get("successfulJobsHistoryLimit")),
            ("Failed", spec.get("failedJobsHistoryLimit")),
        ):
            if limit is None:
                continue
            ended = sorted((job for job in jobs if _end_of(job) == how), key=_start_order)
            for job in ended[: max(len(ended) - limit, 0)]:
                self._delete(job, f"only the last {limit} of the jobs with condition {how} are kept")

    def _delete(self, job: Object, why: str) -> None:
        name = job["metadata"]["name"]
        try:
            self.client.delete(JOBS, job, why=why)
        except ApiError as error:
            self._warn("FailedDelete", f"Deleted job: {error.message}")
            raise
        self._drop(job["metadata"]["uid"])
        self._tell("SuccessfulDelete", f"Deleted job {name}")

    def _drop(self, uid: str) -> None:
        self.active = [reference for reference in self.active if reference["uid"] != uid]

    # -- the next Job -----------------------------------------------------------------------------

    def _may_start(self, time: float) -> bool:
        spec = self.cronjob["spec"]
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and time + deadline < self.now:
            when = datetime.fromtimestamp(time, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
            self._warn("MissSchedule", f"Missed scheduled time to start a job: {when}")
            return False
        name = self._name(time)
        if self.status.get("lastScheduleTime") == timestamp(time):
            return False
        if any(reference["name"] == name for reference in self.active):
            return False
        if spec["concurrencyPolicy"] == "Forbid" and self.active:
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._tell("JobAlreadyActive", message)
            return False
        return True

    def _start(self, time: float) -> None:
        if self.cronjob["spec"]["concurrencyPolicy"] == "Replace":
            for reference in list(self.active):
                if job := self.client.get(JOBS, reference["namespace"], reference["name"]):
                    self._delete(job, "the next one starts, and the concurrency policy is Replace")
        job = self._create(time)
        if job is None or any(reference["uid"] == job["metadata"]["uid"] for reference in self.active):
            return
        metadata = job["metadata"]
        self.active.append(
            {
                "kind": "Job",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
                "apiVersion": "batch/v1",
                "resourceVersion": metadata["resourceVersion"],
            }
        )
        self.status["lastScheduleTime"] = timestamp(time)

    def _create(self, time: float) -> Object | None:
        """The Job for ``time``, which may be there already; None where its name is another's, or its namespace
        is being deleted. Raises ApiError."""
        wanted = self._job(time)
        try:
            job = self.client.create(JOBS, wanted, why=f"its schedule says {timestamp(time)}")
        except ApiError as error:
            if namespace_is_going(error):
                return None
            if error.reason != "AlreadyExists":
                self._warn("FailedCreate", f"Error creating job: {error.message}")
                raise
            job = self.client.get(JOBS, wanted["metadata"]["namespace"], wanted["metadata"]["name"])
            return (
                job
                if job and job["metadata"]["uid"] in {each["metadata"]["uid"] for each in self._jobs()}
                else None
            )
        self._tell("SuccessfulCreate", f"Created job {job['metadata']['name']}")
        return job

    def _job(self, time: float) -> Object:
        template, metadata = self.cronjob["spec"]["jobTemplate"], self.cronjob["metadata"]
        described = template.get("metadata", {})
        zone = cron.time_zone(self.cronjob["spec"].get("timeZone") or "")
        when = datetime.fromtimestamp(time, zone).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "kind": "Job",
            "apiVersion": "batch/v1",
            "metadata": {
                "name": self._name(time),
                "namespace": metadata["namespace"],
                "labels": {**described.get("labels", {})},
                "annotations": {**described.get("annotations", {}), SCHEDULED: when},
                "ownerReferences": [owners.controller_reference(self.cronjob)],
            },
            "spec": template["spec"],
        }

    def _name(self, time: float) -> str:
        """``report-29456123``: the minutes since 1970, so that no time gets two Jobs."""
        return f"{self.cronjob['metadata']['name']}-{int(time) // 60}"

    def _tell(self, reason: str, message: str) -> None:
        self.events.event(self.cronjob, "Normal", reason, message)

    def _warn(self, reason: str, message: str) -> None:
        self.events.event(self.cronjob, "Warning", reason, message)


def _end_of(job: Object) -> str:
    """``Complete``, ``Failed``, or "" for a Job that has not ended."""
    for condition in job.get("status", {}).get("conditions", ()):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return condition["type"]
    return ""


def _start_order(job: Object) -> tuple[bool, str, str]:
    start = job.get("status", {}).get("startTime", "")
    return not start, start, job["metadata"]["name"]
