"""The embedded cluster: the parts of a real one, put together in one process.

    >>> with Cluster(nodes=3, seed=7) as cluster:
    ...     cluster.settle()
    ...     [node["metadata"]["name"] for node in cluster.client.list("nodes")]
    True
    ['control-plane', 'worker-1', 'worker-2']

Nothing happens by itself: virtual time stands still until ``settle``, ``clock.advance`` or a watch that is
being read lets it go on. ``serve`` puts a real server in front, whose time follows the wall clock.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from k8slearn.embedded import bootstrap, controlplane, kubelet, transport
from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.authentication import Issuer, user
from k8slearn.embedded.apiserver.authorization import policy
from k8slearn.embedded.apiserver.fieldmanager import tracking
from k8slearn.embedded.apiserver.http import Answer, Request
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Client, Trace
from k8slearn.embedded.clock import SETTLE_LIMIT, START, Clock
from k8slearn.embedded.controllers import all_controllers
from k8slearn.embedded.kubelet import Kubelet, NodeFaults, disks
from k8slearn.embedded.metrics_server import GROUP as METRICS_GROUP
from k8slearn.embedded.metrics_server import MetricsServer
from k8slearn.embedded.network import Network
from k8slearn.embedded.network.api_endpoint import ApiEndpoint
from k8slearn.embedded.network.api_proxy import ApiProxy
from k8slearn.embedded.scheduler import Scheduler
from k8slearn.embedded.store import Journal, Store
from k8slearn.kube.duration import parse_duration

if TYPE_CHECKING:
    import socket

    from kubernetes.client import ApiClient

    from k8slearn.embedded.server import Server

T = TypeVar("T")

LARGEST = 100
"""Nodes that a cluster may have: a class needs three, and every node has its own address range."""


class Cluster:
    """``nodes`` counts the control plane. ``seed`` decides everything that chance decides in reality.

    With ``journal`` the cluster goes on where that file ends, and writes every change to it. ``start`` is the
    virtual time at which a new cluster begins (seconds since 1970). ``root_ca`` is the certificate (PEM) that
    pods find in the ConfigMap kube-root-ca.crt. Raises StorageError, ValueError.
    """

    def __init__(
        self,
        nodes: int = 3,
        seed: int = 0,
        *,
        journal: Path | None = None,
        start: float = START,
        root_ca: str = "",
    ) -> None:
        if not 1 <= nodes <= LARGEST:
            raise ValueError(f"A cluster has 1 to {LARGEST} nodes, not {nodes}.")
        self._exits = ExitStack()
        written = Journal(journal) if journal else None
        if written is not None and written.time is not None:
            start = written.time
        self._clock = Clock(seed, start)
        self.store = Store(written, tracking.restored)
        if written is not None:
            written.now = lambda: self._clock.now
            self._exits.callback(written.close)
            # The same seed would draw the same names and uids again that the journal holds already.
            self._clock.reseed(f"{seed} {self.store.revision}")
        self.registry = Registry(self.store, self._clock, kinds.load(), Issuer(str(seed)))
        self.apiserver = APIServer(self.registry)
        self.trace = Trace(self.registry)
        self.apiserver.acting = self.trace.asking
        self.server: Server | None = None
        self.clock = ClusterClock(self)
        self.client = self._client_for("k8slearn")
        bootstrap.objects(self.client)
        self.registry.authorizer.policy = lambda: policy.install(self.store)
        network = Network(self.client, self._clock)
        names = bootstrap.node_names(nodes)
        kubelets = {
            name: Kubelet(
                self._client_for("kubelet", name),
                self._clock,
                network,
                name,
                ip=bootstrap.node_ip(number),
                pod_cidr=f"10.244.{number}.0/24",
                control_plane=number == 0,
                # A cluster of one node has nowhere else to put pods.
                taints=[kubelet.CONTROL_PLANE_TAINT] if number == 0 and nodes > 1 else [],
                manifests=controlplane.manifests(name, bootstrap.node_ip(0)) if number == 0 else [],
            )
            for number, name in enumerate(names)
        }
        if journal is not None:
            files, saved = {name: k.host.files for name, k in kubelets.items()}, journal.with_suffix(".disks")
            if written is not None and written.time is not None:
                disks.load(saved, files)
            self._exits.callback(disks.save, saved, files)
        self._faults = NodeFaults(kubelets, network, self._clock, self.trace)
        self.nodes = {name: ClusterNode(self, self._faults, name) for name in kubelets}
        kubelet.connect(self.apiserver, kubelets)
        ApiProxy(self.apiserver, self.client, network, bootstrap.node_ip(0))
        ApiEndpoint(self.apiserver, root_ca).listen(network, bootstrap.node_ip(0), bootstrap.API_PORT)
        self.metrics = MetricsServer(self._client_for("metrics-server"), self._clock, kubelets)
        """What ``kubectl top`` and autoscalers see; ``metrics.skew`` falsifies it."""
        self.apiserver.aggregate(METRICS_GROUP, self.metrics.answer)
        scheduler = Scheduler(self._client_for("default-scheduler"), self._clock)
        controllers = all_controllers(self._client_for, self._clock, self.metrics, root_ca=root_ca)
        for part in (*controllers, scheduler, *kubelets.values()):
            part.start()

    def _client_for(self, component: str, node: str = "") -> Client:
        return Client(self.registry, self._clock, component, self.trace, node=node)

    # -- asking it ------------------------------------------------------------------------------

    def handle(self, request: Request) -> Answer:
        """Answer a request as the API server does, without a socket."""
        return self.run(lambda: self.apiserver.handle(request))

    @cached_property
    def api_client(self) -> ApiClient:
        """The official Python client on this cluster, with no socket in between."""
        return transport.connect(self)

    def api_client_as(self, name: str, groups: Sequence[str] = (), uid: str = "") -> ApiClient:
        """The official Python client as somebody else asks with it, as after ``kubectl --as``: who may little.

        >>> anna = CoreV1Api(cluster.api_client_as("anna", groups=["devs"]))
        """
        return transport.connect(self, user(name, tuple(groups), uid))

    def reseed(self, seed: int | str) -> None:
        """Let chance begin anew: of several copies of one cluster (forks of its process) each has its own."""
        self.run(lambda: self._clock.reseed(seed))

    def settle(self, limit: float = SETTLE_LIMIT) -> bool:
        """Let time pass until nothing is pending. False when ``limit`` virtual seconds were not enough."""
        return self.clock.settle(limit)

    def run(self, action: Callable[[], T]) -> T:
        """Run ``action`` where the simulation runs: here, or on the server's thread."""
        return self.server.call(action) if self.server is not None else action()

    def tell(
        self, of: str = "", namespace: str = "default", seconds: float | None = None
    ) -> list[dict[str, Any]]:
        """Who did what to ``of`` (``deployment/web``; "" for everything), and why: ``server/powers/trace.py`` has
        the fields. ``seconds``: only what happened in as many virtual seconds. Raises ClusterError."""
        from k8slearn.embedded.server.powers import trace

        return self.run(lambda: trace.show(self.trace, self.registry, of, namespace, seconds))

    # -- serving it -----------------------------------------------------------------------------

    def serve(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        paused: bool = False,
        listening: socket.socket | None = None,
    ) -> Server:
        """Put a server in front, on loopback; ``folder`` keeps its credentials (default: a temporary one).

        ``listening`` is a socket to serve on instead of ``port``. From now on time follows the wall clock, unless
        ``paused``. Raises ClusterError.
        """
        from k8slearn.embedded.server import Server

        if self.server is None:
            if folder is None:
                folder = Path(self._exits.enter_context(tempfile.TemporaryDirectory(prefix="k8slearn-")))
            self._folder = folder
            self.server = Server(
                self.apiserver,
                self._clock,
                self.trace,
                self._faults,
                folder,
                port=port,
                paused=paused,
                listening=listening,
            )
            self._exits.callback(self.server.stop)
        return self.server

    @property
    def kubeconfig(self) -> Path:
        """The path of a kubeconfig for this cluster, which must be serving."""
        server = self.serve()
        path = self._folder / "kubeconfig"
        if not path.exists():
            path.write_text(server.credentials.kubeconfig(server.port))
            path.chmod(0o600)
        return path

    def close(self) -> None:
        self._exits.close()
        self.server = None

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class ClusterClock:
    """The powers over a cluster's time. Durations are seconds or Go durations (``5m``, ``1h30m``)."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def now(self) -> float:
        """Virtual time in seconds since 1970."""
        return self._cluster._clock.now

    @property
    def pending(self) -> int:
        return self._cluster._clock.pending

    def step(self) -> bool:
        """Jump to the next event. False when there is none."""
        return self._move(lambda clock: clock.step())

    def advance(self, duration: float | str) -> None:
        """Let that much virtual time pass. Raises ValueError for what is no duration."""
        seconds = parse_duration(duration) if isinstance(duration, str) else duration
        self._move(lambda clock: clock.advance(seconds))

    def settle(self, limit: float = SETTLE_LIMIT) -> bool:
        return self._move(lambda clock: clock.settle(limit))

    def _move(self, how: Callable[[Clock], T]) -> T:
        def move() -> T:
            result = how(self._cluster._clock)
            if self._cluster.server is not None:
                self._cluster.server.pacemaker.jumped()
            return result

        return self._cluster.run(move)


class ClusterNode:
    """The powers over one node: what may befall it. Each raises ClusterError when its state does not allow it.

    >>> cluster.nodes["worker-2"].crash()
    >>> cluster.clock.advance("6m")            # its pods run elsewhere
    >>> cluster.nodes["worker-2"].recover()
    """

    def __init__(self, cluster: Cluster, faults: NodeFaults, name: str) -> None:
        self._cluster = cluster
        self._faults = faults
        self.name = name

    @property
    def state(self) -> str:
        """``well``, ``crashed``, ``frozen``, ``cut off``, ``disk full``, ``parted from worker-1``."""
        return self._cluster.run(lambda: self._faults.describe(self.name))

    def crash(self) -> None:
        """The power fails: its containers end at once, and what they held in memory is lost."""
        self._cluster.run(lambda: self._faults.crash(self.name))

    def freeze(self) -> None:
        """The machine stands still; its programs go on when it recovers."""
        self._cluster.run(lambda: self._faults.freeze(self.name))

    def cut_off(self) -> None:
        """Its network fails: its containers run on, and nobody reaches them."""
        self._cluster.run(lambda: self._faults.cut_off(self.name))

    def fill(self) -> None:
        """Its disk is full."""
        self._cluster.run(lambda: self._faults.fill(self.name))

    def partition(self, other: str) -> None:
        """Nothing gets from this node to ``other``, or back; both stay Ready."""
        self._cluster.run(lambda: self._faults.partition(self.name, other))

    def recover(self) -> None:
        """Undo all of this."""
        self._cluster.run(lambda: self._faults.recover(self.name))
