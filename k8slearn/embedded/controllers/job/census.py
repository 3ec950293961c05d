"""What the pods of a Job are at one moment, beside what its status has counted already.

Upstream: the first half of ``syncJob`` in ``pkg/controller/job/job_controller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.job import backoff
from k8slearn.embedded.controllers.job.indexes import failures_before, index_of, is_indexed, valid_index
from k8slearn.embedded.controllers.job.policies import judge_failure
from k8slearn.embedded.controllers.job.tracking import is_tracked, uncounted
from k8slearn.kube.index_ranges import parse_ranges


@dataclass(frozen=True)
class Census:
    """Pods by what they are, and numbers that include what the status has counted before."""

    pods: list[Object]
    active: list[Object]
    terminating: list[Object]
    ready: int
    new_succeeded: list[Object]
    new_failed: list[Object]
    """Ended and not yet in the status."""

    succeeded: int
    failed: int
    done: set[int]
    """Indexes that succeeded (of an Indexed Job)."""

    given_up: set[int] | None
    """Indexes that failed for good; None without a back-off limit per index."""

    replaceable: dict[int, Object]
    """Of each index that waits for another try, the pod that failed last. It keeps its finalizer until its
    replacement exists, which takes over its count of failures."""


def take(job: Object, found: Iterable[Object]) -> Census:
    status = job.get("status", {})
    ours = sorted(found, key=_order) if is_indexed(job) else list(found)
    new = [
        pod for pod in ours if is_tracked(pod) and (not is_indexed(job) or valid_index(job, pod) is not None)
    ]
    waiting = {outcome: uncounted(status, outcome) for outcome in ("succeeded", "failed")}
    succeeded = [pod for pod in new if _phase(pod) == "Succeeded" and _uid(pod) not in waiting["succeeded"]]
    failed = [pod for pod in new if is_failed(job, pod) and _uid(pod) not in waiting["failed"]]
    active = [pod for pod in ours if pods.is_active(pod)]
    done = _done(job, new)
    given_up = _given_up(job, new)
    count = status.get("succeeded", 0) + len(succeeded) + len(waiting["succeeded"])
    counted = [pod for pod in failed if judge_failure(job, pod).counts]
    return Census(
        pods=ours,
        active=active,
        terminating=[pod for pod in ours if pods.is_going(pod) and not pods.is_finished(pod)],
        ready=sum(pods.is_ready(pod) for pod in active),
        new_succeeded=succeeded,
        new_failed=failed,
        succeeded=len(done) if is_indexed(job) else count,
        failed=status.get("failed", 0) + len(counted) + len(waiting["failed"]),
        done=done,
        given_up=given_up,
        replaceable={} if given_up is None else _replaceable(job, new, active, done | given_up),
    )


def is_failed(job: Object, pod: Object) -> bool:
    """A pod that is being deleted counts as failed, unless only pods that have ended are to be replaced."""
    if _phase(pod) == "Failed":
        return True
    only_ended = job["spec"].get("podReplacementPolicy") == "Failed"
    return not only_ended and pods.is_going(pod) and _phase(pod) != "Succeeded"


def _done(job: Object, new: list[Object]) -> set[int]:
    if not is_indexed(job):
        return set()
    before = parse_ranges(job.get("status", {}).get("completedIndexes", ""), job["spec"]["completions"])
    return before | _indexes(pod for pod in new if _phase(pod) == "Succeeded")


def _given_up(job: Object, new: list[Object]) -> set[int] | None:
    limit = job["spec"].get("backoffLimitPerIndex")
    if limit is None:
        return None
    before = parse_ranges(job.get("status", {}).get("failedIndexes", ""), job["spec"]["completions"])
    return before | _indexes(pod for pod in new if _fails_its_index(job, pod, limit))


def _fails_its_index(job: Object, pod: Object, limit: int) -> bool:
    if not is_failed(job, pod):
        return False
    failure = judge_failure(job, pod)
    return failure.action == "FailIndex" or (failure.counts and failures_before(pod)[0] >= limit)


def _replaceable(
    job: Object, new: list[Object], active: list[Object], settled: set[int]
) -> dict[int, Object]:
    """The last failed pod of each index that is neither settled nor running."""
    busy = settled | _indexes(active)
    last: dict[int, Object] = {}
    for pod in new:
        index = index_of(pod)
        if index is None or index in busy or not is_failed(job, pod):
            continue
        if index not in last or _tries(last[index]) <= _tries(pod):
            last[index] = pod
    return last


def _tries(pod: Object) -> tuple[int, float]:
    return sum(failures_before(pod)), backoff.finished_at(pod)


def _indexes(found: Iterable[Object]) -> set[int]:
    return {index for pod in found if (index := index_of(pod)) is not None}


def _order(pod: Object) -> int:
    index = index_of(pod)
    return -1 if index is None else index


def _phase(pod: Object) -> str:
    return pod.get("status", {}).get("phase", "")


def _uid(pod: Object) -> str:
    return pod["metadata"]["uid"]
