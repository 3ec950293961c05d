"""Deletes a Job some time after it has ended, if ``spec.ttlSecondsAfterFinished`` says so.

Upstream: ``pkg/controller/ttlafterfinished``.
"""

from __future__ import annotations

from k8slearn.embedded.client import Controller, Key, Object
from k8slearn.embedded.clock import parse_timestamp

JOBS = "jobs.batch"


class TTLAfterFinishedController(Controller):
    """Looks when a Job changes, and when its time is over."""

    name = "ttl-after-finished-controller"
    resource = JOBS

    def reconcile(self, key: Key) -> float | None:
        job = self.client.get(JOBS, *key)
        if job is None or "deletionTimestamp" in job["metadata"]:
            return None
        seconds, ended = job["spec"].get("ttlSecondsAfterFinished"), _ended(job)
        if seconds is None or ended is None:
            return None
        left = ended + seconds - self.clock.now
        if left > 0:
            return left
        why = f"it ended {seconds} s ago, which is as long as it is to be kept"
        self.client.delete(JOBS, job, propagation="Foreground", why=why)
        return None


def _ended(job: Object) -> float | None:
    """When a Job came to its end, in seconds since 1970; None while it runs."""
    for condition in job.get("status", {}).get("conditions", ()):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return parse_timestamp(condition["lastTransitionTime"])
    return None
