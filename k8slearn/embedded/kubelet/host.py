"""What the pods of one node share: the way to the API, the clock, the network, addresses, images."""

from __future__ import annotations

import ipaddress
from collections import deque

from k8slearn.embedded.client import Client, Recorder
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet.node_files import NodeFiles
from k8slearn.embedded.network import Network

TRY_AGAIN = (10.0, 15.0)
"""Seconds after which a sync that failed is tried again (backOffPeriod, with jitter)."""


class Addresses:
    """The pod addresses of a node's podCIDR, as the CNI plugin host-local gives them out.

    In order, from .2 on (.1 is the node's bridge); one that was given back is used again only when all the
    others have been, so that an old connection does not reach a new pod.
    """

    def __init__(self, cidr: str) -> None:
        hosts = ipaddress.ip_network(cidr).hosts()
        next(hosts)
        self._fresh = hosts
        self._returned: deque[str] = deque()

    def take(self) -> str:
        fresh = next(self._fresh, None)
        return str(fresh) if fresh is not None else self._returned.popleft()

    def give_back(self, address: str) -> None:
        self._returned.append(address)


class Host:
    """One node, as its pod workers see it. ``ip`` is the node's InternalIP."""

    def __init__(
        self, client: Client, clock: Clock, network: Network, name: str, ip: str, pod_cidr: str
    ) -> None:
        self.client = client
        self.clock = clock
        self.network = network
        self.name = name
        self.ip = ip
        self.pod_cidr = pod_cidr
        self.addresses = Addresses(pod_cidr)
        self.events = Recorder(client, clock, "kubelet", name)
        self.files = NodeFiles(name, lambda: clock.now)
        network.add_node(ip, name, pod_cidr)

    def between(self, least: float, most: float) -> float:
        """A duration by chance, so that pods of one moment do not move in step."""
        return least + (most - least) * self.clock.random.random()
