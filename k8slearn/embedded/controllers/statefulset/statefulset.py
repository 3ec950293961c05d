"""The StatefulSet controller. Upstream: ``pkg/controller/statefulset/stateful_set.go``."""

from __future__ import annotations

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import history, owners, pods
from k8slearn.embedded.controllers.statefulset import identity, status
from k8slearn.embedded.controllers.statefulset.control import Look
from k8slearn.kube.names import revision_hash

STATEFUL_SETS = "statefulsets.apps"
REVISION_LABEL = "controller.kubernetes.io/hash"


class StatefulSetController(Controller):
    """Looks when a StatefulSet changes, or a pod that it controls or could adopt."""

    name = "statefulset-controller"
    resource = STATEFUL_SETS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        owners.add_indexes(client, "pods")
        history.add_indexes(client)

    def start(self) -> None:
        super().start()
        owners.watch(self.client, "pods", "StatefulSet", self._notice_pod)

    def _notice_pod(self, change: Change) -> None:
        for key in owners.interested(self.client, change, STATEFUL_SETS, "StatefulSet"):
            self.queue.add(key)

    def reconcile(self, key: Key) -> float | None:
        sts = self.client.get(STATEFUL_SETS, *key)
        if sts is None:
            return None
        mine = owners.claim(self.client, sts, "pods", lambda pod: identity.is_member(sts, pod))
        if "deletionTimestamp" in sts["metadata"]:
            self._write(sts, status.while_deleted(sts, mine, self.clock.now))
            return None
        revisions = history.revisions_of(self.client, sts)
        update, collisions = history.record(
            self.client, sts, revisions, hashed=revision_hash, label=REVISION_LABEL
        )
        named = sts.get("status", {}).get("currentRevision")
        current = next((r for r in revisions if r["metadata"]["name"] == named), update)
        look = Look(self.client, self.clock, self.events, sts, mine, current, update)
        look.run()
        self._write(sts, status.completed(sts, {**look.status(), "collisionCount": collisions}))
        self._forget_old(sts, mine, revisions, {current["metadata"]["name"], update["metadata"]["name"]})
        if look.failure:
            raise look.failure
        wait = sts["spec"].get("minReadySeconds", 0)
        if soon := pods.next_available_in(mine, wait, self.clock.now):
            self.queue.add(key, soon)
        return look.again

    def _write(self, sts: Object, wanted: status.Status) -> None:
        if wanted != sts.get("status"):
            self.client.update_status(STATEFUL_SETS, {**sts, "status": wanted})

    def _forget_old(self, sts: Object, mine: list[Object], revisions: list[Object], used: set[str]) -> None:
        """Delete the oldest revisions above revisionHistoryLimit, of those that no pod has any more."""
        limit = sts["spec"]["revisionHistoryLimit"]
        used |= {identity.revision_of(pod) for pod in mine}
        unused = [revision for revision in revisions if revision["metadata"]["name"] not in used]
        if limit >= 0:
            history.delete_oldest(self.client, unused, len(unused) - limit)
