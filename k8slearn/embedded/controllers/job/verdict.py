"""Whether a Job has ended, and why. Upstream: ``syncJob`` in ``pkg/controller/job/job_controller.go``.

A Job ends in two steps, each a pair of conditions: ``SuccessCriteriaMet`` or ``FailureTarget`` says how it will
end, ``Complete`` or ``Failed`` follows when the last of its pods has.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.embedded.client import Object
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.controllers import conditions
from k8slearn.embedded.controllers.job.census import Census, is_failed
from k8slearn.embedded.controllers.job.indexes import is_indexed
from k8slearn.embedded.controllers.job.policies import judge_failure, met_success_rule


class Verdict(NamedTuple):
    success: bool
    reason: str
    message: str

    @property
    def first(self) -> str:
        """The type of the condition that says how the Job will end."""
        return "SuccessCriteriaMet" if self.success else "FailureTarget"

    @property
    def last(self) -> str:
        return "Complete" if self.success else "Failed"


COMPLETIONS = Verdict(True, "CompletionsReached", "Reached expected number of succeeded pods")
BACKOFF = Verdict(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE = Verdict(False, "DeadlineExceeded", "Job was active longer than specified deadline")
MANY_INDEXES = Verdict(
    False,
    "MaxFailedIndexesExceeded",
    "Job has exceeded the specified maximal number of failed indexes",
)
SOME_INDEXES = Verdict(False, "FailedIndexes", "Job has failed indexes")


def is_finished(job: Object) -> bool:
    return any(_is_true(job, type) for type in ("Complete", "Failed"))


def judge(job: Object, census: Census, now: float) -> Verdict | None:
    """The verdict that was given before, or what there is to say against or for the Job now; that its
    completions are reached is known only when its pods have been seen to (``complete``)."""
    return _given_before(job) or _policy(job, census) or _limits(job, census, now) or _indexed(job, census)


def _given_before(job: Object) -> Verdict | None:
    for success, type in ((True, "SuccessCriteriaMet"), (False, "FailureTarget")):
        if _is_true(job, type):
            found = conditions.find(job["status"]["conditions"], type) or {}
            return Verdict(success, found["reason"], found["message"])
    return None


def _policy(job: Object, census: Census) -> Verdict | None:
    if not job["spec"].get("podFailurePolicy"):
        return None
    failures = (judge_failure(job, pod) for pod in census.pods if is_failed(job, pod))
    message = next((failure.message for failure in failures if failure.message), "")
    return Verdict(False, "PodFailurePolicy", message) if message else None


def _limits(job: Object, census: Census, now: float) -> Verdict | None:
    limit = job["spec"]["backoffLimit"]
    if census.failed > limit or _restarts_exceed(job, census, limit):
        return BACKOFF
    left = seconds_left(job, now)
    return DEADLINE if left is not None and left <= 0 else None


def _restarts_exceed(job: Object, census: Census, limit: int) -> bool:
    """With restartPolicy OnFailure it is the containers' restarts that count."""
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        container.get("restartCount", 0)
        for pod in census.pods
        if (status := pod.get("status", {})).get("phase") in ("Running", "Pending")
        for field in ("initContainerStatuses", "containerStatuses")
        for container in status.get(field, ())
    )
    return restarts >= max(limit, 1)


def seconds_left(job: Object, now: float) -> float | None:
    """Until activeDeadlineSeconds have passed; None when they do not run."""
    start, deadline = job["status"].get("startTime"), job["spec"].get("activeDeadlineSeconds")
    if deadline is None or start is None or job["spec"].get("suspend"):
        return None
    return parse_timestamp(start) + deadline - now


def _indexed(job: Object, census: Census) -> Verdict | None:
    if not is_indexed(job):
        return None
    most, failed = job["spec"].get("maxFailedIndexes"), len(census.given_up or ())
    if most is not None and failed > most:
        return MANY_INDEXES
    if failed and failed + len(census.done) >= job["spec"]["completions"]:
        return SOME_INDEXES
    if message := met_success_rule(job, census.done):
        return Verdict(True, "SuccessPolicy", message)
    return None


def complete(job: Object, succeeded: int, active: int) -> bool:
    """Whether enough pods have succeeded and none is left. Without completions (a work queue) one that
    succeeds is enough: it has found the queue empty."""
    wanted = job["spec"].get("completions")
    return active == 0 and (succeeded > 0 if wanted is None else succeeded >= wanted)


def _is_true(job: Object, type: str) -> bool:
    found = conditions.find(job.get("status", {}).get("conditions", []), type)
    return found is not None and found["status"] == "True"
