"""Watches over the nodes: marks those that fell silent, and keeps the taints that follow from conditions.

Upstream: ``pkg/controller/nodelifecycle/node_lifecycle_controller.go`` and
https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller.

Every 5 s it looks at all nodes. One that has been silent for 50 s becomes NotReady, its pods lose their
condition Ready (so Services leave them out), and it gets the taint unreachable:NoExecute, by which the
taint eviction controller deletes its pods 300 s later.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Client, Controller, Key, Object, Recorder
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers import nodes, pods
from k8slearn.embedded.controllers.nodelifecycle.health import Health, is_silent, listen, silenced
from k8slearn.embedded.controllers.nodelifecycle.zones import State, Zone, rate_of, state_of, zone_of
from k8slearn.embedded.controllers.nodes import Taint

MONITOR_SECONDS = 5.0
TAINTING_SECONDS = 0.1
"""From that look to the NoExecute taint, which so comes after the NoSchedule one."""

LEASES = "leases.coordination.k8s.io"
EXCLUDED = "node.kubernetes.io/exclude-disruption"
"""A node with this label does not count when a zone is judged."""

_NO_SCHEDULE = {
    ("Ready", "False"): Taint(nodes.NOT_READY, "NoSchedule"),
    ("Ready", "Unknown"): Taint(nodes.UNREACHABLE, "NoSchedule"),
    ("MemoryPressure", "True"): Taint("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("DiskPressure", "True"): Taint("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("PIDPressure", "True"): Taint("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("NetworkUnavailable", "True"): Taint("node.kubernetes.io/network-unavailable", "NoSchedule"),
}
_UNSCHEDULABLE = Taint("node.kubernetes.io/unschedulable", "NoSchedule")

_NO_EXECUTE = {
    "False": Taint(nodes.NOT_READY, "NoExecute"),
    "Unknown": Taint(nodes.UNREACHABLE, "NoExecute"),
}


class NodeLifecycleController(Controller):
    """Reconciles a node's NoSchedule taints when it changes; the rest is the look every five seconds."""

    name = "node-lifecycle-controller"
    resource = "nodes"

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        self.events = Recorder(client, clock, "node-controller")
        self._known: dict[str, Object] = {}
        self._health: dict[str, Health] = {}
        self._zones: dict[tuple[str, str], Zone] = {}
        self._states: dict[tuple[str, str], State] = {}
        nodes.add_index(client)

    def start(self) -> None:
        super().start()
        self.clock.call_later(0.0, self._monitor)

    def reconcile(self, key: Key) -> None:
        """Let the NoSchedule taints be those that its conditions and ``spec.unschedulable`` ask for."""
        node = self.client.get("nodes", *key)
        if node is None:
            return
        found = node.get("status", {}).get("conditions", ())
        wanted = [taint for c in found if (taint := _NO_SCHEDULE.get((c["type"], c["status"]))) is not None]
        if node["spec"].get("unschedulable"):
            wanted.append(_UNSCHEDULABLE)
        unwanted = {*_NO_SCHEDULE.values(), _UNSCHEDULABLE} - set(wanted)
        self._change_taints(node, add=wanted, remove=unwanted, why="its conditions ask for it")

    # -- the look at all nodes ------------------------------------------------------------------

    def _monitor(self) -> None:
        self.clock.call_later(MONITOR_SECONDS, self._monitor, background=True)
        present = self.client.list("nodes")
        self._register(present)
        ready: dict[tuple[str, str], list[bool]] = {}
        for node in present:
            try:
                with self.client.working_on("nodes", Key("", node["metadata"]["name"])):
                    well = self._look_at(node)
            except ApiError:
                continue  # it has changed or gone meanwhile; the next look sees how it is
            if EXCLUDED not in (node["metadata"].get("labels") or {}):
                ready.setdefault(zone_of(node), []).append(well)
        self._judge_zones(present, ready)
        if any(zone.waiting for zone in self._zones.values()):
            self.clock.call_later(TAINTING_SECONDS, self._taint_next)

    def _register(self, present: list[Object]) -> None:
        """Tell of nodes that are new and of those that have gone."""
        now = {node["metadata"]["name"]: node for node in present}
        for name, node in now.items():
            self._zones.setdefault(zone_of(node), Zone())
            if name not in self._known:
                self._tell(node, "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller")
        for name, node in self._known.items():
            if name not in now:
                self._tell(node, "RemovingNode", f"Node {name} event: Removing Node {name} from Controller")
                self._health.pop(name, None)
                self._zones[zone_of(node)].remove(name)
        self._known = now

    def _look_at(self, node: Object) -> bool:
        """Whether it is ready; a change is written, and what follows from its state is seen to.

        Raises ApiError.
        """
        name = node["metadata"]["name"]
        lease = self.client.get(LEASES, "kube-node-lease", name)
        health = listen(self._health.get(name), node, lease, self.clock.now)
        self._health[name] = health
        was_ready = nodes.is_ready(node)
        observed = nodes.ready_condition(node)
        if is_silent(health, node, self.clock.now) and (observed is None or observed["status"] != "Unknown"):
            status = silenced(node, self.clock.timestamp())
            node = self.client.set_status("nodes", node, status, why="its kubelet stopped posting its status")
        condition = nodes.ready_condition(node)
        if condition is None:
            return False
        zone = self._zones[zone_of(node)]
        if condition["status"] == "True":
            zone.remove(name)
            self._change_taints(node, remove=_NO_EXECUTE.values(), why="it is ready")
            return True
        wanted = _NO_EXECUTE[condition["status"]]
        others = [taint for taint in _NO_EXECUTE.values() if taint != wanted]
        if any(nodes.has_taint(node, other) for other in others):
            self._change_taints(node, add=[wanted], remove=others, why="its condition Ready asks for it")
        elif not nodes.has_taint(node, wanted):
            zone.add(name)
        if was_ready:
            self._tell(node, "NodeNotReady", f"Node {name} status is now: NodeNotReady")
            self._mark_pods(name)
        return False

    def _mark_pods(self, node: str) -> None:
        """Nobody on the node can say any more that its pods are ready."""
        for pod in nodes.pods_on(self.client, node):
            if not pods.is_ready(pod):
                continue
            marked = [
                {**c, "status": "False", "lastTransitionTime": self.clock.timestamp()}
                if c["type"] == "Ready"
                else c
                for c in pod["status"]["conditions"]
            ]
            why = f"its node {node} is not ready"
            pod = self.client.set_status("pods", pod, {**pod["status"], "conditions": marked}, why=why)
            self.events.event(pod, "Warning", "NodeNotReady", "Node is not ready")

    # -- evictions: how many, how fast ----------------------------------------------------------

    def _judge_zones(self, present: list[Object], ready: dict[tuple[str, str], list[bool]]) -> None:
        """Set the rate of every zone, by how many of its nodes are ready."""
        before, self._states = self._states, {zone: state_of(found) for zone, found in ready.items()}
        all_lost = bool(ready) and all(state is State.FULL for state in self._states.values())
        all_were = bool(before) and all(state is State.FULL for state in before.values())
        if all_lost and not all_were:
            for node in present:
                self._change_taints(node, remove=_NO_EXECUTE.values(), why="all nodes are lost: none evicts")
        elif all_were and not all_lost:
            # The others get the whole grace period to be heard again.
            for name, health in self._health.items():
                self._health[name] = health._replace(heard=self.clock.now)
        for zone, state in self._states.items():
            self._zones[zone].rate = 0.0 if all_lost else rate_of(state, len(ready[zone]))

    def _taint_next(self) -> None:
        """Give every zone's next node its NoExecute taint; others wait for the looks to come."""
        for zone in self._zones.values():
            name = zone.due(self.clock.now)
            node = self.client.get("nodes", "", name) if name else None
            condition = nodes.ready_condition(node) if node else None
            if node and condition and (wanted := _NO_EXECUTE.get(condition["status"])):
                others = [taint for taint in _NO_EXECUTE.values() if taint != wanted]
                self._change_taints(node, add=[wanted], remove=others, why="its condition Ready asks for it")

    # -- writing --------------------------------------------------------------------------------

    def _change_taints(
        self, node: Object, *, add: Iterable[Taint] = (), remove: Iterable[Taint] = (), why: str
    ) -> None:
        changed = nodes.with_taints(node, add=add, remove=remove, now=self.clock.timestamp())
        if changed is not node:
            self.client.update("nodes", changed, why=why)

    def _tell(self, node: Object, reason: str, message: str) -> None:
        self.events.event(node, "Normal", reason, message)
