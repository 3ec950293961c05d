"""One step of a Job towards its end. Upstream: ``syncJob`` in ``pkg/controller/job/job_controller.go``."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Object, Recorder
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import conditions, owners, pods
from k8slearn.embedded.controllers.errors import namespace_is_going
from k8slearn.embedded.controllers.job import backoff, census, verdict
from k8slearn.embedded.controllers.job.backoff import Failures
from k8slearn.embedded.controllers.job.indexes import (
    is_indexed,
    valid_index,
    with_index,
    with_variable,
)
from k8slearn.embedded.controllers.job.plan import plan
from k8slearn.embedded.controllers.job.policies import judge_failure
from k8slearn.embedded.controllers.job.tracking import (
    FINALIZER,
    count_released,
    is_tracked,
    uncounted,
    untrack,
    with_uncounted,
)
from k8slearn.embedded.controllers.job.verdict import Verdict
from k8slearn.embedded.controllers.templates import pod_of, slow_start
from k8slearn.kube.index_ranges import format_ranges

JOBS = "jobs.batch"


class Sync:
    """One look at one Job: what ``run`` does from beginning to end.

    ``job`` is private here and its status is built anew; ``failures`` is what to remember until the next look.
    """

    def __init__(
        self, client: Client, clock: Clock, events: Recorder, job: Object, failures: Failures
    ) -> None:
        self.client = client
        self.clock = clock
        self.events = events
        self.job = {**job, "status": {"uncountedTerminatedPods": {}, **job.get("status", {})}}
        self.suspended: bool = job["spec"].get("suspend", False)
        found = owners.claim(client, job, "pods", finalizer=FINALIZER)
        self.census = census.take(self.job, found)
        self.active = len(self.census.active)
        self.ready = self.census.ready
        self.terminating = len(self.census.terminating)
        self.failures = backoff.after(failures, self.census.new_succeeded, self.census.new_failed)
        self.refused: ApiError | None = None

    def run(self) -> float | None:
        """Returns after how many seconds to look again. Raises the first refusal, after all else is done."""
        if not self.suspended and "startTime" not in self.job["status"]:
            self._set(startTime=self.clock.timestamp())
        again: list[float | None] = []
        end = verdict.judge(self.job, self.census, self.clock.now)
        if end is not None:
            self._delete(self.census.active, f"the job ends: {end.message}", keep_tracked=True)
            if self.active:
                end = None
        else:
            if "deletionTimestamp" not in self.job["metadata"]:
                again.append(self._manage())
                again.append(verdict.seconds_left(self.job, self.clock.now))
            if verdict.complete(self.job, self.census.succeeded, self.active):
                end = verdict.COMPLETIONS
            elif "deletionTimestamp" not in self.job["metadata"]:
                self._tell_suspension()
        self._track(end)
        if self.refused:
            raise self.refused
        return min((seconds for seconds in again if seconds is not None), default=None)

    # -- pods -------------------------------------------------------------------------------------

    def _manage(self) -> float | None:
        todo = plan(self.job, self.census, self.failures, self.clock.now)
        if todo.delete:
            why = "the job is suspended" if self.suspended else "more pods than wanted"
            self._delete(todo.delete, why, keep_tracked=False)
        self._create(todo.create)
        return todo.wait

    def _delete(self, doomed: list[Object], why: str, *, keep_tracked: bool) -> None:
        """Without its finalizer a pod that is deleted is not counted."""
        for pod in doomed:
            try:
                if not keep_tracked:
                    untrack(self.client, pod, why)
                self.client.delete("pods", pod, why=why)
            except ApiError as error:
                self.events.event(self.job, "Warning", "FailedDelete", f"Error deleting: {error.message}")
                self.refused = self.refused or error
                continue
            name = pod["metadata"]["name"]
            self.events.event(self.job, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
            self.active -= 1
            self.terminating += 1
            self.ready -= pods.is_ready(pod)

    def _create(self, wanted: list[int | None]) -> None:
        if not wanted:
            return
        template = self._template()
        why = f"{len(self.census.active)} of at most {self.job['spec']['parallelism']} pods at a time"
        indexes = iter(wanted)
        for batch in slow_start(len(wanted)):
            for _ in range(batch):
                self._create_one(template, next(indexes), why)
            if self.refused:
                return

    def _template(self) -> Object:
        pod = pod_of(self.job, self.job["spec"]["template"])
        finalizers = [name for name in pod["metadata"].get("finalizers", ()) if name != FINALIZER]
        pod["metadata"]["finalizers"] = [*finalizers, FINALIZER]
        return {**pod, "spec": with_variable(pod["spec"])} if is_indexed(self.job) else pod

    def _create_one(self, pod: Object, index: int | None, why: str) -> None:
        if index is not None:
            pod = with_index(self.job, pod, index, self.census.replaceable.get(index))
        try:
            created = self.client.create("pods", pod, why=why)
        except ApiError as error:
            if not namespace_is_going(error):
                self.events.event(self.job, "Warning", "FailedCreate", f"Error creating: {error.message}")
                self.refused = self.refused or error
            return
        name = created["metadata"]["name"]
        self.events.event(self.job, "Normal", "SuccessfulCreate", f"Created pod: {name}")
        self.active += 1

    # -- status -----------------------------------------------------------------------------------

    def _set(self, **fields: Any) -> None:
        """Fields of the status that is being built."""
        self.job["status"] = {**self.job["status"], **fields}

    def _tell_suspension(self) -> None:
        """A Job that is suspended has no start: when it goes on, its deadline runs from then."""
        if self.suspended:
            if self._condition("Suspended", "True", "JobSuspended", "Job suspended"):
                status = self.job["status"]
                self.job["status"] = {name: status[name] for name in status if name != "startTime"}
                self.events.event(self.job, "Normal", "Suspended", "Job suspended")
        elif self._condition("Suspended", "False", "JobResumed", "Job resumed"):
            self._set(startTime=self.clock.timestamp())
            self.events.event(self.job, "Normal", "Resumed", "Job resumed")

    def _condition(self, type: str, status: str, reason: str, message: str) -> bool:
        """Set a condition in its place, and say whether that changed anything. None begins as False."""
        listed = self.job["status"].get("conditions", [])
        before = conditions.find(listed, type)
        if before is None and status == "False":
            return False
        if before and (before["status"], before["reason"], before["message"]) == (status, reason, message):
            return False
        now = self.clock.timestamp()
        new = {
            "type": type,
            "status": status,
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        kept = [new if condition["type"] == type else condition for condition in listed]
        self._set(conditions=kept if before else [*listed, new])
        return True

    def _track(self, end: Verdict | None) -> None:
        """Count the pods that have ended (see ``tracking``), and the Job's end when that was the last."""
        self._set(ready=self.ready, terminating=self.terminating, active=self.active)
        tracked = {pod["metadata"]["uid"] for pod in self.census.pods if is_tracked(pod)}
        self.job["status"] = count_released(self.job["status"], tracked)
        released = [pod for pod in self.census.pods if is_tracked(pod) and self._may_go(pod, end)]
        self._note_uncounted(released, end)
        if is_indexed(self.job):
            done, given_up = self.census.done, self.census.given_up
            self._set(succeeded=len(done), completedIndexes=format_ranges(done))
            if given_up is not None:
                self._set(failedIndexes=format_ranges(given_up))
        if end is not None:
            self._condition(end.first, "True", end.reason, end.message)
        self._write()
        for pod in released:
            untrack(self.client, pod, "its end is noted in the job's status")
            tracked.discard(pod["metadata"]["uid"])
        self.job["status"] = count_released(self.job["status"], tracked)
        if end is None or self.terminating or self._waiting():
            self._write()
            return
        self._condition(end.last, "True", end.reason, end.message)
        if end.success:
            self._set(completionTime=self.clock.timestamp())
        self._write()
        self._tell_end(end)

    def _may_go(self, pod: Object, end: Verdict | None) -> bool:
        """Whether a pod's finalizer may be taken: it has ended, or the whole Job does."""
        if "deletionTimestamp" in self.job["metadata"] or end is not None:
            return True
        if pod.get("status", {}).get("phase") == "Succeeded":
            return True
        waits = any(pod is replaceable for replaceable in self.census.replaceable.values())
        return census.is_failed(self.job, pod) and not waits

    def _note_uncounted(self, released: list[Object], end: Verdict | None) -> None:
        """When the Job has failed, so has every pod that had not ended."""
        for outcome in ("succeeded", "failed"):
            uids = uncounted(self.job["status"], outcome)
            new = [
                pod["metadata"]["uid"]
                for pod in released
                if self._outcome(pod, end) == outcome and pod["metadata"]["uid"] not in uids
            ]
            if new:
                self.job["status"] = with_uncounted(self.job["status"], outcome, [*uids, *new])

    def _outcome(self, pod: Object, end: Verdict | None) -> str:
        """In which number a pod counts; "" in none. Indexes that succeeded are known by themselves."""
        indexed = is_indexed(self.job)
        if pod.get("status", {}).get("phase") == "Succeeded":
            return "" if indexed else "succeeded"
        if not census.is_failed(self.job, pod) and (end is None or end.success):
            return ""
        if indexed and valid_index(self.job, pod) is None:
            return ""
        return "failed" if judge_failure(self.job, pod).counts else ""

    def _waiting(self) -> bool:
        return any(uncounted(self.job["status"], outcome) for outcome in ("succeeded", "failed"))

    def _write(self) -> None:
        left_out = ("active", "succeeded", "failed", "completedIndexes")
        status = {name: value for name, value in self.job["status"].items() if value or name not in left_out}
        # The object as stored is not to be altered: go on with a copy of it.
        self.job = {**self.client.update_status(JOBS, {**self.job, "status": status})}

    def _tell_end(self, end: Verdict) -> None:
        status, completions = self.job["status"], self.job["spec"].get("completions")
        if not end.success:
            self.events.event(self.job, "Warning", end.reason, end.message)
            return
        if completions is not None and status.get("succeeded", 0) > completions:
            message = "Too many succeeded pods running after completion count reached"
            self.events.event(self.job, "Warning", "TooManySucceededPods", message)
        self.events.event(self.job, "Normal", "Completed", "Job completed")
