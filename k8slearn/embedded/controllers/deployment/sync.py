"""What every way of rolling out needs: the new ReplicaSet, scaling, clean-up, the status.

Upstream: ``pkg/controller/deployment/sync.go``.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Object, Recorder
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import conditions
from k8slearn.embedded.controllers.deployment import progress, revision, sizes
from k8slearn.embedded.controllers.errors import namespace_is_going
from k8slearn.embedded.controllers.templates import template_hash

DEPLOYMENTS = "deployments.apps"
REPLICA_SETS = "replicasets.apps"


class Rollout:
    """One look at a Deployment with its ReplicaSets, and the writes that move it one step on.

    ``new`` is the ReplicaSet with the Deployment's template, None when there is none yet; it and ``old`` are
    as they were last written. What changes of the Deployment itself (conditions, revision) is written once,
    by ``write_status``. Every method may raise ApiError.
    """

    def __init__(
        self, client: Client, clock: Clock, events: Recorder, deployment: Object, sets: list[Object]
    ) -> None:
        self.client = client
        self.clock = clock
        self.events = events
        self.deployment = self._stored = deployment
        self._conditions: list[dict[str, Any]] = deployment.get("status", {}).get("conditions", [])
        ordered = sizes.by_age(sets)
        self.new = next((rs for rs in ordered if revision.same_template(deployment, rs)), None)
        self.old = [rs for rs in ordered if rs is not self.new]

    @property
    def all(self) -> list[Object]:
        return [*self.old, self.new] if self.new else self.old

    @property
    def active(self) -> list[Object]:
        return [rs for rs in self.all if sizes.size(rs) > 0]

    @property
    def active_old(self) -> list[Object]:
        return [rs for rs in self.old if sizes.size(rs) > 0]

    # -- the new ReplicaSet and its revision ------------------------------------------------------

    def sync_revision(self) -> None:
        """Give the new ReplicaSet, if it is there, the highest number, and the Deployment the same."""
        if self.new is None:
            return
        annotations = revision.annotations_for_new(
            self.deployment, self.new, revision.next_revision(self.old)
        )
        ready = self.deployment["spec"].get("minReadySeconds", 0)
        if annotations != revision.annotations_of(self.new) or ready != self.new["spec"].get(
            "minReadySeconds", 0
        ):
            spec = {name: value for name, value in self.new["spec"].items() if name != "minReadySeconds"}
            changed = {
                **self.new,
                "metadata": {**self.new["metadata"], "annotations": annotations},
                "spec": {**spec, "minReadySeconds": ready} if ready else spec,
            }
            self.new = self.client.update(REPLICA_SETS, changed, why="it is the newest revision")
        self._number_deployment(annotations[revision.REVISION])
        if progress.has_deadline(self.deployment) and not self._progressing:
            self._set_progressing("True", "FoundNewReplicaSet", f'Found new replica set "{_name(self.new)}"')

    def create_new(self) -> None:
        """Make the ReplicaSet for the Deployment's template, unless it is there.

        Its name ends in a hash of the template. Should another ReplicaSet have that name already, the
        collision is counted, and the count goes into the hash of the next try.
        """
        if self.new is not None:
            return
        status = self.deployment.get("status", {})
        hashed = template_hash(self.deployment["spec"]["template"], status.get("collisionCount"))
        number = revision.next_revision(self.old)
        wanted = revision.new_replica_set(self.deployment, hashed, number, self.old)
        try:
            self.new = self.client.create(
                REPLICA_SETS, wanted, why=f"no ReplicaSet has the template of revision {number}"
            )
        except ApiError as error:
            if error.reason == "AlreadyExists":
                self._write_status({**status, "collisionCount": status.get("collisionCount", 0) + 1})
            elif not namespace_is_going(error):
                message = f'Failed to create new replica set "{_name(wanted)}": {error.message}'
                if progress.has_deadline(self.deployment):
                    self._set_progressing("False", "ReplicaSetCreateError", message)
                    self._write_status({**status, "conditions": self._conditions})
                self.events.event(self.deployment, "Warning", "ReplicaSetCreateError", message)
            raise
        if sizes.size(self.new) > 0:
            self._scaled("up", self.new, 0)
        self._number_deployment(str(number))
        if progress.has_deadline(self.deployment):
            message = f'Created new replica set "{_name(self.new)}"'
            self._set_progressing("True", "NewReplicaSetCreated", message)

    def _number_deployment(self, number: str) -> None:
        """Written with the status: as an update of the object it would count as a new generation."""
        annotations = {**revision.annotations_of(self.deployment), revision.REVISION: number}
        metadata = {**self.deployment["metadata"], "annotations": annotations}
        self.deployment = {**self.deployment, "metadata": metadata}

    # -- scaling ----------------------------------------------------------------------------------

    def scale(self, rs: Object, replicas: int, why: str) -> bool:
        """Give a ReplicaSet a new size; False when it has that one."""
        return sizes.size(rs) != replicas and self._resize(rs, replicas, why)

    def _resize(self, rs: Object, replicas: int, why: str) -> bool:
        """Write size and the annotations that remember the Deployment's; True when the size changed."""
        before = sizes.size(rs)
        annotations = {**revision.annotations_of(rs), **sizes.replica_annotations(self.deployment)}
        if before == replicas and annotations == revision.annotations_of(rs):
            return False
        changed = {
            **rs,
            "metadata": {**rs["metadata"], "annotations": annotations},
            "spec": {**rs["spec"], "replicas": replicas},
        }
        written = self.client.update(REPLICA_SETS, changed, why=why)
        if rs is self.new:
            self.new = written
        else:
            self.old = [written if other is rs else other for other in self.old]
        if before != replicas:
            self._scaled("up" if replicas > before else "down", written, before)
        return before != replicas

    def _scaled(self, direction: str, rs: Object, before: int) -> None:
        message = f"Scaled {direction} replica set {_name(rs)} from {before} to {sizes.size(rs)}"
        self.events.event(self.deployment, "Normal", "ScalingReplicaSet", message)

    def is_scaling(self) -> bool:
        """Whether ``spec.replicas`` changed since the ReplicaSets were last sized."""
        remembered = [sizes.remembered(rs, sizes.DESIRED) for rs in self.active]
        return any(size is not None and size != sizes.size(self.deployment) for size in remembered)

    def follow_scaling(self) -> None:
        """Bring a Deployment that was scaled, or is paused, to its size without rolling out anything."""
        wanted = sizes.size(self.deployment)
        candidates = self.active or [self.new or self.old[-1]] if self.all else []
        if len(candidates) == 1:
            self.scale(candidates[0], wanted, "it follows the Deployment")
        elif sizes.is_saturated(self.deployment, self.new):
            for rs in self.active_old:
                self.scale(rs, 0, "the new ReplicaSet has all the pods that are needed")
        elif sizes.is_rolling(self.deployment):
            shares = sizes.proportional(self.deployment, self.active)
            for rs in self.active:
                self._resize(rs, shares[_name(rs)], "scaled in the middle of a rollout: each by its share")

    # -- pause, clean-up, status ------------------------------------------------------------------

    def note_pause(self) -> None:
        """Say in the condition Progressing that the Deployment was paused or resumed."""
        current = self._progressing
        if not progress.has_deadline(self.deployment):
            return
        if current and current["reason"] == "ProgressDeadlineExceeded":
            return
        noted = current is not None and current["reason"] == "DeploymentPaused"
        paused = self.deployment["spec"].get("paused", False)
        if paused and not noted:
            self._set_progressing("Unknown", "DeploymentPaused", "Deployment is paused")
        elif noted and not paused:
            self._set_progressing("Unknown", "DeploymentResumed", "Deployment is resumed")

    def clean_up(self) -> None:
        """Delete the oldest revisions above revisionHistoryLimit, of those that have no pods."""
        limit = self.deployment["spec"].get("revisionHistoryLimit", progress.NO_DEADLINE)
        alive = [rs for rs in self.old if "deletionTimestamp" not in rs["metadata"]]
        alive.sort(key=revision.revision_of)
        for rs in alive[: max(0, len(alive) - limit)]:
            status = rs.get("status", {})
            seen = rs["metadata"]["generation"] <= status.get("observedGeneration", 0)
            if seen and sizes.size(rs) == 0 and status.get("replicas", 0) == 0:
                self.client.delete(REPLICA_SETS, rs, why=f"more than {limit} old revisions")

    def write_status(self, *, rolling_out: bool) -> None:
        """Write the status if it changed; ``rolling_out``: with an estimate of the rollout's progress."""
        before = {**self.deployment.get("status", {}), "conditions": self._conditions}
        now = self.clock.now
        status = progress.counted(self.deployment, self.all, self.new, before, now)
        if rolling_out:
            status = progress.with_progress(self.deployment, self.all, self.new, status, now)
        self._write_status(status)

    def _write_status(self, status: dict[str, Any]) -> None:
        wanted = {**self.deployment, "status": status}
        if wanted != self._stored:
            self._stored = self.deployment = self.client.update_status(DEPLOYMENTS, wanted)

    @property
    def _progressing(self) -> dict[str, Any] | None:
        return conditions.find(self._conditions, progress.PROGRESSING)

    def _set_progressing(self, status: str, reason: str, message: str) -> None:
        new = progress.condition(progress.PROGRESSING, status, reason, message, self.clock.now)
        self._conditions = conditions.with_condition(self._conditions, new)


def _name(obj: Object) -> str:
    return obj["metadata"]["name"]
