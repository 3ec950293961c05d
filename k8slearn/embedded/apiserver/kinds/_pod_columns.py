"""READY, STATUS and RESTARTS of a pod: the words that learners read most.

Upstream: ``printPod`` in ``pkg/printers/internalversion/printers.go``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.kube.duration import human_duration


class Summary(NamedTuple):
    """What the three columns say."""

    ready: str
    status: str
    restarts: str


class _Restarts:
    """How often containers restarted, and when the last of them ended before that."""

    def __init__(self) -> None:
        self.count = 0
        self.last: str = ""

    def add(self, container: dict[str, Any]) -> None:
        self.count += container.get("restartCount", 0)
        ended = (container.get("lastState") or {}).get("terminated")
        if ended and (ended.get("finishedAt") or "") > self.last:
            self.last = ended["finishedAt"]

    def text(self, now: float) -> str:
        """``2 (10s ago)``"""
        if not self.count or not self.last:
            return str(self.count)
        return f"{self.count} ({human_duration(now - parse_timestamp(self.last))} ago)"


def summary(pod: Object, now: float) -> Summary:
    spec, status = pod["spec"], pod.get("status") or {}
    init_containers = spec.get("initContainers") or ()
    sidecars = {c["name"] for c in init_containers if c.get("restartPolicy") == "Always"}
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    if any(_is(c, "PodScheduled") and c.get("reason") == "SchedulingGated" for c in _conditions(status)):
        reason = "SchedulingGated"
    initializing, init_reason, ready, restarts, sidecar_restarts = _init(
        status, len(init_containers), sidecars
    )
    reason = init_reason or reason
    initialized = any(_is(c, "Initialized") and c["status"] == "True" for c in _conditions(status))
    if not initializing or initialized:
        restarts = sidecar_restarts
        main_ready, reason = _main(status, reason, restarts)
        ready += main_ready
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    total = len(spec.get("containers") or ()) + len(sidecars)
    return Summary(f"{ready}/{total}", reason, restarts.text(now))


def _init(
    status: dict[str, Any], total: int, sidecars: set[str]
) -> tuple[bool, str, int, _Restarts, _Restarts]:
    """Walk the init containers to the first that is not done: ``Init:1/2``, ``Init:Error``.

    Returns whether one is not done, the status it gives, ready sidecars, all restarts, restarts of sidecars.
    """
    ready, restarts, sidecar_restarts = 0, _Restarts(), _Restarts()
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        is_sidecar = container["name"] in sidecars
        restarts.add(container)
        if is_sidecar:
            sidecar_restarts.add(container)
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated and terminated.get("exitCode", 0) == 0:
            continue
        if is_sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        if terminated:
            reason = f"Init:{_end(terminated)}"
        elif waiting.get("reason") and waiting["reason"] != "PodInitializing":
            reason = f"Init:{waiting['reason']}"
        else:
            reason = f"Init:{index}/{total}"
        return True, reason, ready, restarts, sidecar_restarts
    return False, "", ready, restarts, sidecar_restarts


def _main(status: dict[str, Any], reason: str, restarts: _Restarts) -> tuple[int, str]:
    """Ready containers, and the status that the containers give: the first in the list has the last word."""
    ready, has_running, error = 0, False, ""
    for container in reversed(status.get("containerStatuses") or ()):
        restarts.add(container)
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated:
            reason = _end(terminated)
            if terminated.get("exitCode", 0) != 0:
                error = reason
        elif container.get("ready") and state.get("running") is not None:
            has_running = True
            ready += 1
    if reason == "Completed":
        if has_running and any(_is(c, "Ready") and c["status"] == "True" for c in _conditions(status)):
            reason = "Running"
        elif error:
            reason = error
        elif has_running:
            reason = "NotReady"
    return ready, reason


def _end(terminated: dict[str, Any]) -> str:
    if terminated.get("reason"):
        return terminated["reason"]
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _conditions(status: dict[str, Any]) -> list[dict[str, Any]]:
    return status.get("conditions") or []


def _is(condition: dict[str, Any], sort: str) -> bool:
    return condition["type"] == sort


def _ip(pod: Object, now: float) -> str:
    addresses = (pod.get("status") or {}).get("podIPs") or ()
    return addresses[0]["ip"] if addresses else "<none>"


def _gates(pod: Object, now: float) -> str:
    gates = pod["spec"].get("readinessGates") or ()
    if not gates:
        return "<none>"
    true = {c["type"] for c in _conditions(pod.get("status") or {}) if c["status"] == "True"}
    return f"{sum(gate['conditionType'] in true for gate in gates)}/{len(gates)}"


COLUMNS = columns(
    "pods",
    {
        "Name": name,
        "Ready": lambda pod, now: summary(pod, now).ready,
        "Status": lambda pod, now: summary(pod, now).status,
        "Restarts": lambda pod, now: summary(pod, now).restarts,
        "Age": age,
        "IP": _ip,
        "Node": lambda pod, now: pod["spec"].get("nodeName") or "<none>",
        "Nominated Node": lambda pod, now: (pod.get("status") or {}).get("nominatedNodeName") or "<none>",
        "Readiness Gates": _gates,
    },
)
