"""The cluster map's memory: which pods and nodes there are, and which slot each has.

Pure: changes in, records out; ``mapdrawing`` draws them. The one promise that makes the picture readable: **a
pod never moves while it lives** on its node. It takes the first free slot when it comes and leaves it free
when it goes. Nodes have slots in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from k8slearn.lab.views.events import Events
from k8slearn.lab.views.podstate import (
    State,
    condition,
    cpu_request,
    millicores,
    names_of,
    state_of,
    story_of,
)
from k8slearn.lab.views.seats import seat
from k8slearn.lab.views.store import Changes

Object = dict[str, Any]

TRAY = ""
"""The place of pods that no node has been found for."""


@dataclass(frozen=True)
class Pod:
    """A pod as the map shows it. ``node`` is TRAY while it has none; ``slot`` counts from 0 on its node."""

    uid: str
    name: str
    app: str
    """The name of its owner without hashes: ``web`` for ``web-5ccbbdc6c5-2rt97``; a bare pod's own name."""
    suffix: str
    """What tells it from its siblings: ``2rt97``; "" for a bare pod."""
    node: str
    state: State
    reason: str
    unschedulable: str
    """Why no node takes it, in the scheduler's words, or ""."""
    story: Mapping[str, str]
    namespace: str = ""
    slot: int = -1


@dataclass(frozen=True)
class Node:
    """A node as the map shows it. A node that pods name but that does not exist has ``exists`` False."""

    name: str
    exists: bool = True
    ready: bool = True
    cordoned: bool = False
    control_plane: bool = False
    taints: tuple[str, ...] = ()
    cpu: int = 0
    """What pods may reserve, in thousandths of a core."""
    problem: str = ""
    """Why it is not Ready, in its own words."""


@dataclass(frozen=True)
class Usage:
    """What pods reserve on a node, in thousandths of a core: those shown, and those of other namespaces."""

    shown: int = 0
    others: int = 0
    hidden: int = 0
    """How many pods of other namespaces there are."""


class Map:
    """The state of the map. ``namespace`` None shows all pods; else those of others are only counted."""

    def __init__(self, namespace: str | None = None) -> None:
        self.namespace = namespace
        self.problem = ""
        self.nodes: dict[str, Node] = {}
        """By name. Nodes that exist, and nodes that only pods speak of."""
        self.pods: dict[str, Pod] = {}
        """By uid: those that are drawn."""
        self.slots: dict[str, list[str | None]] = {TRAY: []}
        """By place: the uid in each slot, or None. Never gets shorter, so that the drawing never jumps."""
        self.node_slots: list[str | None] = []
        self.events = Events()
        self._uid_of_node: dict[str, str] = {}
        self._claims: dict[str, tuple[str, bool, int]] = {}
        """By pod uid, hidden pods too: its place, whether it is shown, what it reserves."""
        self._usage: dict[str, Usage] = {}

    def apply(self, changes: Changes) -> None:
        """Take a batch in. Any order of batches leads to the same picture, but for the slots."""
        self.problem = changes.problem
        self.events.apply(changes)
        nodes = changes.objects.get("nodes", {})
        pods = changes.objects.get("pods", {})
        for uid, obj in nodes.items():
            self._take_node(uid, obj)
        # Who goes makes room for who comes; newcomers come in the order of their birth.
        for uid, obj in pods.items():
            if obj is None:
                self._claim(uid, None)
                self._leave(uid)
        for uid, obj in sorted(_present(pods.items()), key=lambda item: _birth(item[1])):
            self._take_pod(uid, obj)
        if nodes or pods:
            self._place_nodes()

    def usage(self, place: str) -> Usage:
        return self._usage.get(place, Usage())

    # -- nodes ----------------------------------------------------------------------------------

    def _take_node(self, uid: str, obj: Object | None) -> None:
        old = self._uid_of_node.pop(uid, None)
        if old is not None and obj is None and old not in self._uid_of_node.values():
            # A node made anew under the same name may have come before the old one went.
            self.nodes.pop(old, None)
        if obj is not None:
            node = _node(obj)
            self._uid_of_node[uid] = node.name
            self.nodes[node.name] = node

    def _place_nodes(self) -> None:
        for name in {place for place, _, _ in self._claims.values() if place} - self.nodes.keys():
            self.nodes[name] = Node(name, exists=False, ready=False)
        used = {place for place, _, _ in self._claims.values()}
        for name in [name for name, node in self.nodes.items() if not node.exists and name not in used]:
            del self.nodes[name]
        self.node_slots = [name if name in self.nodes else None for name in self.node_slots]
        newcomers = [node for name, node in self.nodes.items() if name not in self.node_slots]
        for node in sorted(newcomers, key=lambda node: (not node.control_plane, node.name)):
            seat(self.node_slots, node.name)

    # -- pods -----------------------------------------------------------------------------------

    def _take_pod(self, uid: str, obj: Object) -> None:
        pod = _pod(uid, obj)
        shown = self.namespace is None or obj["metadata"].get("namespace") == self.namespace
        # A pod that has ended holds nothing: the scheduler gives its cores to others.
        ended = obj.get("status", {}).get("phase") in ("Succeeded", "Failed")
        self._claim(uid, (pod.node, shown, 0 if ended else cpu_request(obj)))
        if not shown:
            return
        before = self.pods.get(uid)
        if before is not None and before.node == pod.node:
            self.pods[uid] = replace(pod, slot=before.slot)
            return
        self._leave(uid)
        self.pods[uid] = replace(pod, slot=seat(self.slots.setdefault(pod.node, []), uid))

    def _leave(self, uid: str) -> None:
        pod = self.pods.pop(uid, None)
        if pod is not None:
            self.slots[pod.node][pod.slot] = None

    def _claim(self, uid: str, claim: tuple[str, bool, int] | None) -> None:
        for sign, (place, shown, cpu) in (
            (-1, self._claims.pop(uid, None) or _NO_CLAIM),
            (1, claim or _NO_CLAIM),
        ):
            usage = self.usage(place)
            self._usage[place] = Usage(
                usage.shown + sign * cpu if shown else usage.shown,
                usage.others if shown else usage.others + sign * cpu,
                usage.hidden if shown else usage.hidden + sign,
            )
        if claim is not None:
            self._claims[uid] = claim


_NO_CLAIM = (TRAY, True, 0)


def _present(items: Iterable[tuple[str, Object | None]]) -> list[tuple[str, Object]]:
    return [(uid, obj) for uid, obj in items if obj is not None]


def _birth(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("creationTimestamp") or "", obj["metadata"]["name"]


def _node(obj: Object) -> Node:
    spec, metadata = obj.get("spec", {}), obj["metadata"]
    ready = condition(obj, "Ready")
    return Node(
        name=metadata["name"],
        ready=ready.get("status") == "True",
        cordoned=bool(spec.get("unschedulable")),
        control_plane="node-role.kubernetes.io/control-plane" in (metadata.get("labels") or {}),
        taints=tuple(_taint(taint) for taint in spec.get("taints") or []),
        cpu=millicores(obj.get("status", {}).get("allocatable") or {}),
        problem="" if ready.get("status") == "True" else ready.get("message", ""),
    )


def _taint(taint: Object) -> str:
    """As kubectl writes it: ``key=value:effect``, ``key:effect``."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _pod(uid: str, obj: Object) -> Pod:
    metadata = obj["metadata"]
    state, reason = state_of(obj)
    app, suffix = names_of(obj)
    scheduled = condition(obj, "PodScheduled")
    return Pod(
        uid=uid,
        name=metadata["name"],
        app=app,
        suffix=suffix,
        node=obj.get("spec", {}).get("nodeName") or TRAY,
        state=state,
        reason=reason,
        unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
        story=story_of(obj),
        namespace=metadata.get("namespace", ""),
    )
