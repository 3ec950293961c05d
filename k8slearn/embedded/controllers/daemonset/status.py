"""What a DaemonSet's status says. Upstream: ``updateDaemonSetStatus``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from k8slearn.embedded.apiserver.kinds.daemonset import COUNTS
from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.daemonset.placement import Fit, is_updated
from k8slearn.embedded.controllers.daemonset.surplus import by_age


def counted(
    ds: Object,
    fits: Mapping[str, Fit],
    places: Mapping[str, list[Object]],
    hash: str,
    collisions: int,
    now: float,
) -> dict[str, Any]:
    """``fits`` of every node by name, ``places`` the pods by node, ``hash`` that of the newest revision. Of
    several pods on a node the oldest counts."""
    wait = ds["spec"].get("minReadySeconds", 0)
    wanted = [node for node, fit in fits.items() if fit.runs]
    counting = [by_age(places[node])[0] for node in wanted if places.get(node)]
    ready = [left for pod in counting if (left := pods.available_in(pod, wait, now)) is not None]
    available = ready.count(0)
    counts = {
        "currentNumberScheduled": len(counting),
        "numberMisscheduled": _nodes_with_pods((node for node, fit in fits.items() if not fit.runs), places),
        "desiredNumberScheduled": len(wanted),
        "numberReady": len(ready),
        "observedGeneration": ds["metadata"]["generation"],
        "updatedNumberScheduled": sum(is_updated(ds, pod, hash) for pod in counting),
        "numberAvailable": available,
        "numberUnavailable": len(wanted) - available,
        "collisionCount": collisions,
    }
    return {name: count for name, count in counts.items() if count or name in COUNTS}


def _nodes_with_pods(nodes: Iterable[str], places: Mapping[str, list[Object]]) -> int:
    return sum(bool(places.get(node)) for node in nodes)
