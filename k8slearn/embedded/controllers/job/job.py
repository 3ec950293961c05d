"""The Job controller. Upstream: ``pkg/controller/job/job_controller.go``.

https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Client, Controller, Key, Object, WorkQueue
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import owners, pods
from k8slearn.embedded.controllers.job.backoff import Failures
from k8slearn.embedded.controllers.job.sync import JOBS, Sync
from k8slearn.embedded.controllers.job.tracking import is_tracked, untrack
from k8slearn.embedded.controllers.job.verdict import is_finished

BATCH = 1.0
"""Seconds in which changes of pods are gathered before their Job is looked at."""

OURS = "kubernetes.io/job-controller"
"""The value of ``spec.managedBy`` that means this controller."""


class JobController(Controller):
    """Looks when a Job changes, or a pod that it controls or could adopt.

    A second queue takes the finalizer from pods whose Job is no longer there to do it.
    """

    name = "job-controller"
    resource = JOBS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        owners.add_indexes(client, "pods")
        self._failures: dict[Key, Failures] = {}
        self._orphans: WorkQueue[Key] = WorkQueue(clock, self._let_go, client.change_under_way)

    def start(self) -> None:
        self.client.watch(JOBS, self._notice_job)
        owners.watch(self.client, "pods", "Job", self._notice_pod)
        for job in self.client.list(JOBS):
            self.queue.add(_key(job))
        for pod in self.client.list("pods"):
            if is_tracked(pod):
                self._orphans.add(_key(pod))

    def _notice_job(self, change: Change) -> None:
        metadata = change.object["metadata"]
        if change.type == "DELETED":
            self._failures.pop(change.stored.key, None)
            for pod in self.client.by_index("pods", owners.OWNER, metadata["uid"]):
                self._orphans.add(_key(pod))
            return
        before = change.previous.object["metadata"] if change.previous else {}
        if metadata["generation"] == before.get("generation"):
            self.queue.add(change.stored.key, BATCH)
        else:
            self.queue.add(change.stored.key)

    def _notice_pod(self, change: Change) -> None:
        for key in owners.interested(self.client, change, JOBS, "Job"):
            self.queue.add(key, BATCH)
        pod = change.object
        alone = owners.controller_of(pod) is None or pods.is_going(pod)
        if change.type != "DELETED" and alone and is_tracked(pod):
            self._orphans.add(change.stored.key)

    def reconcile(self, key: Key) -> float | None:
        job = self.client.get(JOBS, *key)
        if job is None or job["spec"].get("managedBy") not in (None, OURS):
            return None
        if is_finished(job):
            self._failures.pop(key, None)
            return None
        sync = Sync(self.client, self.clock, self.events, job, self._failures.get(key, Failures()))
        self._failures[key] = sync.failures
        return sync.run()

    def _let_go(self, key: Key) -> None:
        pod = self.client.get("pods", *key)
        if pod is None or not is_tracked(pod):
            return
        reference = owners.controller_of(pod)
        if reference is not None:
            if reference["kind"] != "Job":
                return
            job = self.client.get(JOBS, key.namespace, reference["name"])
            if job is not None and job["metadata"]["uid"] == reference["uid"] and not is_finished(job):
                return
        untrack(self.client, pod, "its Job is gone or has ended: nobody counts it any more")


def _key(obj: Object) -> Key:
    return Key(obj["metadata"]["namespace"], obj["metadata"]["name"])
