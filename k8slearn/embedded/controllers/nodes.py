"""What controllers ask of a node: its pods, whether it is ready, its taints.

Upstream: ``pkg/controller/util/node`` and ``pkg/util/taints``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from k8slearn.embedded.client import Client, Object

BY_NODE = "node"
"""Index: a pod under the name of its node, "" while it has none."""

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class Taint(NamedTuple):
    """What makes a taint this one and no other; its value may change."""

    key: str
    effect: str


def add_index(client: Client) -> None:
    """Make pods findable by ``pods_on``."""
    client.add_index("pods", BY_NODE, lambda pod: [pod["spec"].get("nodeName", "")])


def pods_on(client: Client, node: str) -> list[Object]:
    return client.by_index("pods", BY_NODE, node)


def ready_condition(node: Object) -> dict[str, Any] | None:
    """The condition Ready; None when nobody has reported on the node yet."""
    for condition in node.get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready":
            return condition
    return None


def is_ready(node: Object) -> bool:
    condition = ready_condition(node)
    return condition is not None and condition["status"] == "True"


def taints(node: Object) -> list[dict[str, Any]]:
    return node["spec"].get("taints") or []


def has_taint(node: Object, wanted: Taint) -> bool:
    return any((taint["key"], taint["effect"]) == wanted for taint in taints(node))


def with_taints(node: Object, *, add: Iterable[Taint] = (), remove: Iterable[Taint] = (), now: str) -> Object:
    """``node`` with the taints ``add`` (each at its end, of the time ``now``) and without ``remove``.

    The node itself when that changes nothing.
    """
    gone = set(remove)
    new = [taint for taint in add if not has_taint(node, taint)]
    kept = [taint for taint in taints(node) if (taint["key"], taint["effect"]) not in gone]
    if not new and len(kept) == len(taints(node)):
        return node
    made = [{"effect": taint.effect, "key": taint.key, "timeAdded": now} for taint in new]
    spec = {field: value for field, value in node["spec"].items() if field != "taints"}
    return {**node, "spec": {**spec, "taints": [*kept, *made]} if kept or made else spec}
