"""What a teacher can let happen to nodes: the power fails, the machine stands still, a cable is pulled.

The cluster is not told; it finds out as it does in reality, after some time. Each fault stands in the trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from k8slearn.embedded.client import Key, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet.kubelet import Kubelet
from k8slearn.embedded.network import Network
from k8slearn.errors import ClusterError

TEACHER = "teacher"
"""The component, in the trace, of what a person did to the cluster past its API."""

BOOT = (2.0, 3.0)
"""Seconds from power on to a kubelet that reports."""

RECONNECT = (1.0, 2.0)
"""Seconds from a cable plugged in to connections that work again."""


class State(Enum):
    WELL = "well"
    CRASHED = "crashed"
    FROZEN = "frozen"
    CUT_OFF = "cut off"


class NodeFaults:
    """The faults of one cluster's nodes. Every method raises ClusterError for a node that there is not, or
    whose state does not allow it; the message says what to do."""

    def __init__(self, kubelets: Mapping[str, Kubelet], network: Network, clock: Clock, trace: Trace) -> None:
        self._kubelets = kubelets
        self._network = network
        self._clock = clock
        self._trace = trace
        self._states = dict.fromkeys(kubelets, State.WELL)
        self._full: set[str] = set()

    @property
    def names(self) -> list[str]:
        return list(self._kubelets)

    def describe(self, name: str) -> str:
        """The state of a node in words: ``well``, ``crashed``, ``disk full, parted from worker-1``."""
        self._kubelet(name)
        words = [] if self._states[name] is State.WELL else [self._states[name].value]
        words += ["disk full"] if name in self._full else []
        words += [f"parted from {other}" for other in self._network.links.parted_from(name)]
        return ", ".join(words) or State.WELL.value

    def crash(self, name: str) -> None:
        """The power fails: all containers end at once, and what they held in memory is lost."""
        self._begin(name, State.CRASHED, "crashed").crash()

    def freeze(self, name: str) -> None:
        """The machine stands still: its programs go on, later, as if nothing had been."""
        self._begin(name, State.FROZEN, "froze").freeze()
        self._network.links.cut(name)

    def cut_off(self, name: str) -> None:
        """Its network fails: its containers run on, but nobody reaches them, nor it the API server."""
        self._begin(name, State.CUT_OFF, "cut off").cut_off()
        self._network.links.cut(name)

    def fill(self, name: str) -> None:
        """Its disk is full: it reports DiskPressure within ten seconds, and gets no more pods."""
        kubelet = self._kubelet(name)
        if name in self._full:
            raise ClusterError(f"The disk of {name} is full already. Make room: k8slearn node recover {name}")
        self._full.add(name)
        self._note(name, "filled", "its disk has no room left")
        kubelet.node.fill(True)

    def partition(self, name: str, other: str) -> None:
        """Pods of one node do not reach those of the other; both nodes stay Ready."""
        for each in (name, other):
            self._kubelet(each)
        if name == other:
            raise ClusterError(f"A partition parts two nodes, and both are {name}. Name another one.")
        self._network.links.part(name, other)
        self._note(name, "parted", f"nothing gets from it to node {other}, or back")

    def recover(self, name: str) -> None:
        """Undo everything that befell the node. One that only lost its Node object registers anew."""
        kubelet, state = self._kubelet(name), self._states[name]
        self._states[name] = State.WELL
        self._network.links.mend(name)
        self._note(name, "recovered", "")
        if name in self._full:
            self._full.discard(name)
            kubelet.node.fill(False)
        match state:
            case State.CRASHED:
                self._later(BOOT, kubelet.start)
            case State.FROZEN:
                kubelet.thaw()
            case State.CUT_OFF:
                self._later(RECONNECT, kubelet.reconnect)
            case State.WELL:
                if kubelet.reachable:
                    kubelet.node.register()

    def _begin(self, name: str, state: State, verb: str) -> Kubelet:
        """Note that a fault begins; only a node that is well, and runs, can have it."""
        kubelet, present = self._kubelet(name), self._states[name]
        if present is not State.WELL:
            raise ClusterError(
                f"The node {name} is {present.value} already. Let it recover first: "
                f"k8slearn node recover {name}"
            )
        if kubelet.control_plane:
            raise ClusterError(
                f"The API server and the controllers run on {name}: without it nobody could tell how the "
                "cluster fares. Choose a worker."
            )
        if not kubelet.reachable:
            raise ClusterError(f"The node {name} is just coming back. Let the cluster settle first.")
        self._states[name] = state
        self._note(name, verb, "")
        return kubelet

    def _later(self, seconds: tuple[float, float], action: Callable[[], None]) -> None:
        least, most = seconds
        self._clock.call_later(least + (most - least) * self._clock.random.random(), action)

    def _kubelet(self, name: str) -> Kubelet:
        if name not in self._kubelets:
            raise ClusterError(f"There is no node {name}. There are: {', '.join(self._kubelets)}")
        return self._kubelets[name]

    def _note(self, name: str, verb: str, why: str) -> None:
        self._trace.befell(TEACHER, verb, "nodes", Key("", name), why)
