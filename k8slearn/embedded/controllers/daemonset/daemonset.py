"""The DaemonSet controller. Upstream: ``pkg/controller/daemon/daemon_controller.go``."""

from __future__ import annotations

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import history, owners, pods
from k8slearn.embedded.controllers.daemonset import status
from k8slearn.embedded.controllers.daemonset.placement import Fit, Placement, node_of
from k8slearn.embedded.controllers.daemonset.surplus import surplus
from k8slearn.embedded.controllers.daemonset.update import Places, Step, allows_surge, next_step
from k8slearn.embedded.controllers.podcontrol import PodControl
from k8slearn.embedded.controllers.templates import template_hash

DAEMON_SETS = "daemonsets.apps"

BURST = 250
"""Pods made or deleted in one go, at the most."""

FIRST_WAIT = 1.0
LAST_WAIT = 900.0
"""Seconds before a node's failed pod is replaced, doubling from the first to the last: a node that refuses its
pod shall not be asked without end."""


class DaemonSetController(Controller):
    """Looks when a DaemonSet changes, a pod that it controls or could adopt, or what a node offers."""

    name = "daemonset-controller"
    resource = DAEMON_SETS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self.pods = PodControl(client, self.events)
        self._waits: dict[tuple[str, int, str], tuple[float, float]] = {}
        owners.add_indexes(client, "pods")
        history.add_indexes(client)

    def start(self) -> None:
        super().start()
        owners.watch(self.client, "pods", "DaemonSet", self._notice_pod)
        self.watch("nodes", self._of_node)

    def _notice_pod(self, change: Change) -> None:
        for key in owners.interested(self.client, change, DAEMON_SETS, "DaemonSet"):
            self.queue.add(key)

    def _of_node(self, change: Change) -> list[Key]:
        """All DaemonSets, when a node comes, goes, or changes its labels or taints."""
        if change.type == "MODIFIED" and change.previous is not None:
            before, after = change.previous.object, change.object
            if before["metadata"].get("labels") == after["metadata"].get("labels") and (
                before["spec"].get("taints") == after["spec"].get("taints")
            ):
                return []
        sets = self.client.list(DAEMON_SETS)
        return [Key(ds["metadata"]["namespace"], ds["metadata"]["name"]) for ds in sets]

    def reconcile(self, key: Key) -> float | None:
        ds = self.client.get(DAEMON_SETS, *key)
        if ds is None or "deletionTimestamp" in ds["metadata"]:
            return None
        revisions = history.revisions_of(self.client, ds)
        current, collisions = history.record(
            self.client,
            ds,
            revisions,
            hashed=lambda data, count: template_hash(ds["spec"]["template"], count or None),
            label=history.HASH_LABEL,
        )
        hash = current["metadata"]["labels"][history.HASH_LABEL]
        mine = owners.claim(self.client, ds, "pods")
        placement = Placement(ds)
        fits = {node["metadata"]["name"]: placement.fit(node) for node in self.client.list("nodes")}
        places = _by_node(mine)
        step, again = self._manage(ds, fits, places, hash)
        why = "every node that suits has one pod"
        if not any(step) and ds["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            wanted: Places = {node: [] for node, fit in fits.items() if fit.runs}
            step = next_step(ds, {**wanted, **places}, wanted.keys(), hash, self.clock.now)
            why = "rolling update to the new template"
        failure = self._apply(ds, placement, step, hash, why)
        name = current["metadata"]["name"]
        self._forget_old(ds, mine, [old for old in revisions if old["metadata"]["name"] != name])
        told = status.counted(ds, fits, places, hash, collisions, self.clock.now)
        if told != ds.get("status"):
            self.client.update_status(DAEMON_SETS, {**ds, "status": told})
        if failure:
            raise failure
        wait = ds["spec"].get("minReadySeconds", 0)
        if soon := pods.next_available_in(mine, wait, self.clock.now):
            self.queue.add(key, soon)
        return again

    # -- one pod for each node that suits ---------------------------------------------------------

    def _manage(
        self, ds: Object, fits: dict[str, Fit], places: Places, hash: str
    ) -> tuple[Step, float | None]:
        """What is missing or too much, and the seconds until a failed pod may be replaced."""
        step, waits = Step([], []), []
        for node, fit in fits.items():
            here = places.get(node)
            if here is None:
                if fit.runs:
                    step.create.append(node)
                continue
            staying = [pod for pod in here if not pods.is_going(pod)]
            if not fit.stays:
                step.delete.extend(staying)
                continue
            running = [pod for pod in staying if not pods.is_finished(pod)]
            for pod in staying:
                if pods.is_finished(pod):
                    if wait := self._wait_for(ds, node, pod):
                        waits.append(wait)
                    else:
                        step.delete.append(pod)
            step.delete.extend(surplus(ds, running, hash, self.clock.now))
            if not running and fit.runs and allows_surge(ds):
                step.create.append(node)
        for node, here in places.items():
            if node not in fits:
                # The scheduler will never bind these; those that are bound the pod garbage collector removes.
                step.delete.extend(p for p in here if not p["spec"].get("nodeName") and not pods.is_going(p))
        return step, min(waits, default=None)

    def _wait_for(self, ds: Object, node: str, pod: Object) -> float:
        """Seconds until the finished ``pod`` may be replaced; 0 for now, which an event tells."""
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if pod["status"].get("phase") == "Succeeded":
            message = f"Found succeeded daemon pod {name} on node {node}, will try to delete it"
            self.events.event(ds, "Normal", "SucceededDaemonPod", message)
            return 0.0
        key = (ds["metadata"]["uid"], ds["metadata"]["generation"], node)
        wait, since = self._waits.get(key, (0.0, self.clock.now))
        if since + wait > self.clock.now:
            return since + wait - self.clock.now
        forgotten = self.clock.now - since > 2 * LAST_WAIT
        wait = FIRST_WAIT if forgotten or not wait else min(2 * wait, LAST_WAIT)
        self._waits[key] = wait, self.clock.now
        message = f"Found failed daemon pod {name} on node {node}, will try to kill it"
        self.events.event(ds, "Warning", "FailedDaemonPod", message)
        return 0.0

    def _apply(self, ds: Object, placement: Placement, step: Step, hash: str, why: str) -> ApiError | None:
        made = placement.pods_for(step.create[:BURST], hash)
        failure = self.pods.create(ds, made, why)
        return self.pods.delete(ds, step.delete[:BURST], why) or failure

    # -- history ----------------------------------------------------------------------------------

    def _forget_old(self, ds: Object, mine: list[Object], old: list[Object]) -> None:
        """Delete the oldest revisions above revisionHistoryLimit, of those that no pod has any more."""
        used = {pod["metadata"].get("labels", {}).get(history.HASH_LABEL) for pod in mine}
        unused = [r for r in old if r["metadata"]["labels"].get(history.HASH_LABEL) not in used]
        history.delete_oldest(self.client, unused, len(old) - ds["spec"]["revisionHistoryLimit"])


def _by_node(mine: list[Object]) -> Places:
    """Pods that have ended and are being deleted are of no interest any more."""
    places: Places = {}
    for pod in mine:
        node = node_of(pod)
        if node is not None and not (pods.is_finished(pod) and pods.is_going(pod)):
            places.setdefault(node, []).append(pod)
    return places
