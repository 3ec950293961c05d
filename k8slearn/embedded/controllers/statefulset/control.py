"""One look at a StatefulSet with its pods, and what is done about them.

Upstream: ``pkg/controller/statefulset/stateful_set_control.go`` and ``stateful_pod_control.go``. Three things
are done, in this order; with OrderedReady the first that has to wait ends the look:

1. the pods that there should be, from the lowest ordinal: make what is missing, replace what has ended; the next
   one's turn comes when this one is available;
2. the pods above (or below) the wanted ordinals, from the highest: delete, one at a time;
3. the pods of an old revision (see ``update``), from the highest: delete; 1. makes them anew.

So a pod that never gets ready also stops a rollout that would mend it: it has to be deleted by hand. And a pod
that is being deleted is waited for, however long: on a node that is lost it is never replaced.

With Parallel nobody waits for anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Object, Recorder
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import history, pods
from k8slearn.embedded.controllers.errors import namespace_is_going
from k8slearn.embedded.controllers.statefulset import identity, status, update
from k8slearn.embedded.controllers.statefulset.claims import Claims
from k8slearn.embedded.controllers.templates import slow_start

STALE_CLAIM_WAIT = 1.0
"""Seconds until it is looked again whether the garbage collector has deleted a claim."""


class Look:
    """``current`` and ``updated`` are the ControllerRevisions that the pods come from and go to.

    After ``run``: ``failure`` is the first refusal, after which it stopped early; ``again`` the seconds after
    which to look again where no change will tell.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        events: Recorder,
        sts: Object,
        mine: list[Object],
        current: Object,
        updated: Object,
    ) -> None:
        self.client = client
        self.events = events
        self.sts = sts
        self.now = clock.now
        self.current = current
        self.updated = updated
        self.failure: ApiError | None = None
        self.again: float | None = None
        self._claims = Claims(client, events, sts)
        self._ordered = sts["spec"]["podManagementPolicy"] == "OrderedReady"
        self._wait = sts["spec"].get("minReadySeconds", 0)
        self._mine = mine
        self._updates = 0
        by_ordinal = {identity.ordinal_of(pod): pod for pod in mine}
        wanted = identity.ordinals(sts)
        self._replicas = {ordinal: by_ordinal.get(ordinal) for ordinal in wanted}
        self._condemned = [by_ordinal[o] for o in sorted(by_ordinal, reverse=True) if o not in wanted]

    def run(self) -> None:
        steps = (self._process_replicas, self._fix_claims, self._process_condemned, self._roll)
        try:
            for step in steps:
                if step():
                    return
        except ApiError as error:
            self.failure = error

    def status(self) -> dict[str, Any]:
        """The counts as they were when the look began, less the pods that the rolling update deleted."""
        current, updated = self.current["metadata"]["name"], self.updated["metadata"]["name"]
        counts = status.counted(self.sts, self._mine, current, updated, self.now)
        return {**counts, "currentReplicas": counts["currentReplicas"] - self._updates}

    # -- 1. the pods that there should be ---------------------------------------------------------

    def _process_replicas(self) -> bool:
        ordinals = list(self._replicas)
        return self._for_all([lambda ordinal=ordinal: self._process_replica(ordinal) for ordinal in ordinals])

    def _process_replica(self, ordinal: int) -> bool:
        """True when others have to wait for this one."""
        pod = self._replicas[ordinal]
        if pod is None:
            self._create(ordinal)
            return True
        if pods.is_finished(pod):
            if not pods.is_going(pod):
                self._delete(pod, "it has ended, and is to be replaced")
            return True
        if pod["status"].get("phase") == "Pending":
            self._claims.create_missing(pod)
            self._claims.set_owners(pod)
        if self._ordered and (pods.is_going(pod) or not self._works(pod)):
            return True
        self._claims.set_owners(pod)
        if not identity.matches(self.sts, pod):
            self._correct(pod)
        return False

    def _works(self, pod: Object) -> bool:
        return status.is_running_and_ready(pod) and status.is_available(pod, self._wait, self.now)

    def _create(self, ordinal: int) -> None:
        revision = self._revision_for(ordinal)
        template = history.template_of(revision)
        pod = identity.new_pod(self.sts, template, revision["metadata"]["name"], ordinal)
        if self._claims.are_stale(pod):
            self.again = STALE_CLAIM_WAIT
            return
        try:
            self._claims.create_missing(pod)
            created = self.client.create("pods", pod, why=f"{_range(self.sts)} are wanted")
        except ApiError as error:
            if error.reason != "AlreadyExists" and not namespace_is_going(error):
                self._tell("create", pod, error)
            raise
        self._claims.set_owners(created)
        self._tell("create", created)

    def _revision_for(self, ordinal: int) -> Object:
        """A pod below the partition is made as it was, also in the middle of an update."""
        strategy = self.sts["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return self.updated
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            kept = self.sts.get("status", {}).get("currentReplicas", 0)
        else:
            kept = rolling["partition"]
        start = self.sts["spec"].get("ordinals", {}).get("start", 0)
        return self.current if ordinal < start + kept else self.updated

    def _correct(self, pod: Object) -> None:
        corrected = identity.with_volumes(self.sts, identity.with_labels(pod))
        self._claims.create_missing(corrected)
        try:
            self.client.update("pods", corrected, why="its labels or volumes did not say who it is")
        except ApiError as error:
            self._tell("update", pod, error)
            raise
        self._tell("update", pod)

    # -- 2. the pods that there should not be -----------------------------------------------------

    def _fix_claims(self) -> bool:
        for pod in self._condemned:
            self._claims.set_owners(pod)
        return False

    def _process_condemned(self) -> bool:
        return self._for_all([lambda pod=pod: self._condemn(pod) for pod in self._condemned])

    def _condemn(self, pod: Object) -> bool:
        if pods.is_going(pod):
            return True
        if self._ordered and not self._works(pod) and pod is not self._first_unavailable():
            return True
        self._delete(pod, f"{_range(self.sts)} are wanted")
        return True

    def _first_unavailable(self) -> Object | None:
        """The lowest of the condemned that does not work or is going; all those that should be work here."""
        unavailable = (pod for pod in reversed(self._condemned) if pods.is_going(pod) or not self._works(pod))
        return next(unavailable, None)

    # -- 3. the pods of an old revision -----------------------------------------------------------

    def _roll(self) -> bool:
        strategy = self.sts["spec"]["updateStrategy"]
        replicas = [pod for pod in self._replicas.values() if pod is not None]
        if strategy["type"] == "RollingUpdate" and len(replicas) == len(self._replicas):
            name = self.updated["metadata"]["name"]
            for pod in update.pods_to_replace(self.sts, replicas, name, self.now):
                self._delete(pod, f"it is not of revision {name}")
                self._updates += 1
        return False

    # -- what all of them need --------------------------------------------------------------------

    def _for_all(self, actions: list[Callable[[], bool]]) -> bool:
        """One after the other until one says that the rest has to wait; with Parallel more and more at a time,
        where only a refusal ends it. True when the look ends here."""
        if self._ordered:
            return any(action() for action in actions)
        remaining = iter(actions)
        for batch in slow_start(len(actions)):
            for _, action in zip(range(batch), remaining, strict=False):
                try:
                    action()
                except ApiError as error:
                    self.failure = self.failure or error
            if self.failure:
                return True
        return False

    def _delete(self, pod: Object, why: str) -> None:
        try:
            self.client.delete("pods", pod, why=why)
        except ApiError as error:
            self._tell("delete", pod, error)
            raise
        self._tell("delete", pod)

    def _tell(self, verb: str, pod: Object, error: ApiError | None = None) -> None:
        verb, about = (
            verb.title(),
            f"Pod {pod['metadata']['name']} in StatefulSet {self.sts['metadata']['name']}",
        )
        if error is None:
            self.events.event(self.sts, "Normal", f"Successful{verb}", f"{verb} {about} successful")
        else:
            message = f"{verb} {about} failed error: {error.message}"
            self.events.event(self.sts, "Warning", f"Failed{verb}", message)


def _range(sts: Object) -> str:
    """``db-0 to db-2``."""
    name, wanted = sts["metadata"]["name"], identity.ordinals(sts)
    return f"{name}-{wanted[0]} to {name}-{wanted[-1]}" if wanted else "none"
