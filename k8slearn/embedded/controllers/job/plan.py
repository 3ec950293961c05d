"""Which pods a running Job lacks, and which it has too many of.

Upstream: ``manageJob`` in ``pkg/controller/job/job_controller.go``. In one step it either deletes or creates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.job import backoff
from k8slearn.embedded.controllers.job.backoff import Failures
from k8slearn.embedded.controllers.job.census import Census
from k8slearn.embedded.controllers.job.indexes import failures_before, index_of, is_indexed, valid_index
from k8slearn.embedded.controllers.replicaset.ranking import deletion_order

BURST = 500
"""Pods made or deleted in one go, at the most."""


@dataclass(frozen=True)
class Plan:
    delete: list[Object] = field(default_factory=list)
    create: list[int | None] = field(default_factory=list)
    """The new pods' indexes; None for each pod of a Job without."""

    wait: float | None = None
    """Seconds after which more pods may be made: the back-off after failures."""


def plan(job: Object, census: Census, failures: Failures, now: float) -> Plan:
    if job["spec"].get("suspend"):
        return Plan(delete=census.active)
    wanted = _wanted(job, census)
    doomed = _too_many(job, census, len(census.active) - wanted, now)[:BURST]
    if doomed:
        return Plan(delete=doomed)
    missing = wanted - len(census.active)
    if job["spec"].get("podReplacementPolicy") == "Failed":
        missing -= len(census.terminating)
    if missing <= 0:
        return Plan()
    missing = min(missing, BURST)
    if census.given_up is not None:
        return _per_index(list(islice(_pending(job, census), missing)), census, now)
    if wait := backoff.remaining(failures, now):
        return Plan(wait=wait)
    if is_indexed(job):
        return Plan(create=list(islice(_pending(job, census), missing)))
    return Plan(create=[None] * missing)


def _wanted(job: Object, census: Census) -> int:
    """How many pods should be active: never more than completions are missing."""
    parallelism, completions = job["spec"]["parallelism"], job["spec"].get("completions")
    if completions is None:
        return len(census.active) if census.succeeded else parallelism
    return max(min(parallelism, completions - census.succeeded), 0)


def _too_many(job: Object, census: Census, surplus: int, now: float) -> list[Object]:
    """First those whose index is wrong or has another pod already, then whoever did the least."""
    wrong, left = [], deletion_order(census.active, (), now)
    if is_indexed(job):
        taken: set[int] = set()
        kept = []
        # From the end: of two pods with one index the one that got further stays.
        for pod in reversed(left):
            index = valid_index(job, pod)
            if index is None or index in taken:
                wrong.append(pod)
            else:
                taken.add(index)
                kept.append(pod)
        left = kept[::-1]
    return [*wrong, *left[: max(surplus - len(wrong), 0)]]


def _pending(job: Object, census: Census) -> Iterator[int]:
    """Indexes that have neither succeeded nor been given up nor have a pod, in order."""
    busy = [*census.active]
    if job["spec"].get("podReplacementPolicy") == "Failed":
        busy += census.terminating
    taken = census.done | (census.given_up or set()) | {index_of(pod) for pod in busy}
    return (index for index in range(job["spec"]["completions"]) if index not in taken)


def _per_index(indexes: list[int], census: Census, now: float) -> Plan:
    """With a back-off limit per index each index waits for itself."""
    waits = {index: _wait_of(census.replaceable.get(index), now) for index in indexes}
    ready: list[int | None] = [index for index, wait in waits.items() if not wait]
    return Plan(create=ready, wait=None if ready else min(waits.values(), default=None))


def _wait_of(failed: Object | None, now: float) -> float:
    if failed is None:
        return 0.0
    count = sum(failures_before(failed)) + 1
    return backoff.remaining(Failures(count, backoff.finished_at(failed)), now)
