"""How a node stays known: its kubelet registers it, renews its Lease and reports its conditions.

Upstream: pkg/kubelet/kubelet_node_status.go and component-helpers' ``lease``. The Lease is renewed every ten
seconds. The status is looked at as often, and written when it is not what it should be (a condition changed, or
the node controller has set it to Unknown meanwhile), and every five minutes in any case.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.clock import Timer
from k8slearn.embedded.kubelet import node_status
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.runtime import catalogue

Object = node_status.Object

STATUS_SECONDS = 300.0
"""How often an unchanged status is written all the same (nodeStatusReportFrequency)."""

PRESSURE_SECONDS = 300.0
"""How long a node goes on to report pressure after its last sign (eviction-pressure-transition-period)."""

NOTICED = (1.0, 10.0)
"""Seconds until the kubelet, which measures every ten, sees that its disk is full."""

LEASES = "leases.coordination.k8s.io"


MIGRATED_PLUGINS = "storage.alpha.kubernetes.io/migrated-plugins"
_MIGRATED = (
    "kubernetes.io/aws-ebs",
    "kubernetes.io/azure-disk",
    "kubernetes.io/azure-file",
    "kubernetes.io/cinder",
    "kubernetes.io/gce-pd",
    "kubernetes.io/portworx-volume",
    "kubernetes.io/vsphere-volume",
)
"""Volumes of Kubernetes' own that are served by CSI drivers now, as the kubelet of 1.37 says it of its node."""


class NodeReporter:
    """``registration`` is the Node that it creates when there is none; ``back`` is called when the API server,
    after it could not be reached or took no writes, takes them again."""

    def __init__(self, host: Host, registration: Object, back: Callable[[], None]) -> None:
        self._host = host
        self._registration = registration
        self._back = back
        self._refused = False
        self._timer: Timer | None = None
        self._write_by = 0.0
        self._pressed: set[str] = set()
        self._pressed_until: dict[str, float] = {}
        self._schedulable = True

    def start(self) -> None:
        """Register the Node if it is not there, and report from now on."""
        self._write_by = 0.0
        self._tell({}, "Starting", "Starting kubelet.")
        self._tell({}, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
        self.register()

    def register(self) -> None:
        """Create the Node if it is not there, and report on it now."""
        if self._host.client.get("nodes", "", self._host.name) is None:
            node = self._host.client.create("nodes", self._registration, why="it registers its node")
            if self._host.client.get("csinodes.storage.k8s.io", "", self._host.name) is None:
                self._host.client.create(
                    "csinodes.storage.k8s.io", _csi_node(node), why="it has no volume drivers"
                )
        self.beat()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def beat(self) -> None:
        """Renew the Lease, see to the status, and come back in ten seconds."""
        self.stop()
        self._timer = self._host.clock.call_later(node_status.RENEW_SECONDS, self.beat, background=True)
        node = self._host.client.get("nodes", "", self._host.name)
        if node is None:
            return  # deleted while this kubelet runs: it registers only when it starts
        try:
            self._renew(node)
            self._report(node)
        except ApiError:
            self._refused = True
            return  # the API cannot be reached; the next beat tries again
        if self._refused:
            self._refused = False
            self._back()

    def fill(self, full: bool) -> None:
        """The disk is ``full`` from now on, or has room again."""
        self.press("DiskPressure", full)
        self._host.clock.call_later(self._host.between(*NOTICED), self._measured)

    def press(self, condition: str, present: bool) -> None:
        """There are signs of ``condition`` (MemoryPressure, DiskPressure) from now on, or no more. The next beat
        tells; a condition outlasts its last sign, so that a node does not go back and forth."""
        if present:
            self._pressed.add(condition)
        elif condition in self._pressed:
            self._pressed.discard(condition)
            self._pressed_until[condition] = self._host.clock.now + PRESSURE_SECONDS

    def _measured(self) -> None:
        if self._timer is not None:
            self.beat()

    # -- writing --------------------------------------------------------------------------------

    def _renew(self, node: Object) -> None:
        client, name = self._host.client, self._host.name
        lease = node_status.lease(name, node["metadata"]["uid"], self._host.clock.micro_timestamp())
        held = client.get(LEASES, "kube-node-lease", name)
        if held is None:
            client.create(LEASES, lease)
        else:
            client.update(LEASES, {**held, "spec": lease["spec"]})

    def _report(self, node: Object) -> None:
        host, now = self._host, self._host.clock.now
        before = node.get("status") or {}
        lasting = {condition for condition, end in self._pressed_until.items() if now < end}
        pressures = self._pressed | lasting
        as_expected = node_status.verdicts(before) == node_status.verdicts_of(pressures)
        if not as_expected or now >= self._write_by:
            status = node_status.node_status(
                host.name, host.ip, before, catalogue(), host.clock.timestamp(), pressures
            )
            host.client.set_status("nodes", node, status)
            self._write_by = now + STATUS_SECONDS
            for reason in node_status.news(before, status):
                self._tell(node, reason, f"Node {host.name} status is now: {reason}")
        schedulable = not node["spec"].get("unschedulable")
        if schedulable != self._schedulable:
            self._schedulable = schedulable
            reason = "NodeSchedulable" if schedulable else "NodeNotSchedulable"
            self._tell(node, reason, f"Node {host.name} status is now: {reason}")

    def _tell(self, node: Object, reason: str, message: str) -> None:
        """An event on the Node; what the kubelet says before it has read it carries no uid."""
        uid = {"uid": node["metadata"]["uid"]} if node else {}
        about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._host.name, **uid}}
        self._host.events.event(about, "Normal", reason, message)


def _csi_node(node: Object) -> Object:
    """Which drivers of volumes a node has: none. It goes with its Node (``csi/nodeinfomanager``)."""
    name, uid = node["metadata"]["name"], node["metadata"]["uid"]
    return {
        "metadata": {
            "name": name,
            "annotations": {MIGRATED_PLUGINS: ",".join(_MIGRATED)},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}],
        },
        "spec": {"drivers": None},
    }
