"""A pod in one word, as a picture shows it, and in a few lines, as its story.

The reason is what ``kubectl get pods`` prints under STATUS (``printPod`` in Kubernetes'
``pkg/printers/internalversion/printers.go``), so that a learner finds the same word in both places.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal

from k8slearn.kube import quantity

Object = dict[str, Any]
State = Literal["ready", "running", "pending", "crash", "terminating", "done"]

STATES: tuple[State, ...] = ("ready", "running", "pending", "crash", "terminating", "done")

_HARMLESS = ("", "ContainerCreating", "PodInitializing")
"""Waiting reasons that are part of a normal start; every other one is a failure."""


def state_of(pod: Object) -> tuple[State, str]:
    """The state that the map colours, and kubectl's word for it.

    Example: ``("crash", "CrashLoopBackOff")``, ``("running", "Running")`` for one that runs but is not Ready.
    """
    status = pod.get("status", {})
    reason = _reason(pod)
    if "deletionTimestamp" in pod["metadata"]:
        return "terminating", "Terminating"
    phase = status.get("phase", "Pending")
    if phase == "Succeeded":
        return "done", reason
    if phase == "Failed" or _failing(status):
        return "crash", reason
    if phase == "Pending":
        return "pending", reason
    return ("ready" if condition(pod, "Ready").get("status") == "True" else "running"), reason


def names_of(pod: Object) -> tuple[str, str]:
    """Its owner without hashes, and what tells it from its siblings ("" for a bare pod).

    Example: ``("web", "2rt97")`` for ``web-5ccbbdc6c5-2rt97``.
    """
    metadata = pod["metadata"]
    name, prefix = metadata["name"], metadata.get("generateName") or ""
    owner = next((ref["name"] for ref in metadata.get("ownerReferences") or [] if ref.get("controller")), "")
    if not owner:
        return name, ""
    template = (metadata.get("labels") or {}).get("pod-template-hash", "")
    return owner.removesuffix(f"-{template}"), name.removeprefix(prefix or f"{owner}-")


def condition(obj: Object, type: str) -> dict[str, Any]:
    """The condition of that type, or {}."""
    conditions = obj.get("status", {}).get("conditions") or []
    return next((found for found in conditions if found.get("type") == type), {})


def _containers(status: Object) -> list[Object]:
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _failing(status: Object) -> bool:
    for container in _containers(status):
        state = container.get("state", {})
        if state.get("waiting", {}).get("reason", "") not in _HARMLESS:
            return True
        if state.get("terminated", {}).get("exitCode", 0) != 0:
            return True
    return False


def _reason(pod: Object) -> str:
    """kubectl's STATUS, apart from Terminating."""
    status = pod.get("status", {})
    reason = status.get("reason") or status.get("phase", "Pending")
    init_statuses = status.get("initContainerStatuses") or []
    for done, container in enumerate(init_statuses):
        state = container.get("state", {})
        waiting, terminated = state.get("waiting", {}), state.get("terminated")
        if (terminated is not None and terminated.get("exitCode") == 0) or container.get("started"):
            continue
        if terminated is not None:
            return f"Init:{_exit_reason(terminated)}"
        if waiting.get("reason", "") not in _HARMLESS:
            return f"Init:{waiting['reason']}"
        return f"Init:{done}/{len(init_statuses)}"
    running = False
    for container in reversed(status.get("containerStatuses") or []):
        state = container.get("state", {})
        if state.get("waiting", {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            reason = _exit_reason(state["terminated"])
        elif container.get("ready") and "running" in state:
            running = True
    if reason == "Completed" and running:
        return "Running" if condition(pod, "Ready").get("status") == "True" else "NotReady"
    return reason


def _exit_reason(terminated: Object) -> str:
    if terminated.get("reason"):
        return terminated["reason"]
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode')}"


def story_of(pod: Object) -> dict[str, str]:
    """What a learner wants to know about a pod, by topic; topics are keys of ``words``.

    Several texts of a topic are lines. Texts come from the cluster as they are: they are data, not markup.
    """
    status, spec = pod.get("status", {}), pod.get("spec", {})
    containers = status.get("containerStatuses") or []
    ready = sum(bool(container.get("ready")) for container in containers)
    restarts = sum(container.get("restartCount", 0) for container in containers)
    story = [
        ("namespace", pod["metadata"].get("namespace", "")),
        ("node", spec.get("nodeName", "")),
        ("containers", f"{ready}/{len(spec.get('containers') or [])}"),
        ("restarts", str(restarts) if restarts else ""),
        ("ip", status.get("podIP", "")),
        ("image", ", ".join(container.get("image", "") for container in spec.get("containers") or [])),
    ]
    for container in _containers(status):
        state, last = container.get("state", {}), container.get("lastState", {})
        story.append(("why", state.get("waiting", {}).get("message", "")))
        ended = state.get("terminated") or last.get("terminated")
        if ended:
            story.append(("exit", f"{container['name']}: {ended.get('exitCode')} ({_exit_reason(ended)})"))
    for found in status.get("conditions") or []:
        if found.get("status") != "True" and found.get("type") != "DisruptionTarget":
            # ContainersReady says what Ready says.
            if found["type"] == "ContainersReady":
                continue
            text = f"{found['type']}: {found.get('status')}"
            story.append(
                ("condition", ": ".join(filter(None, (text, found.get("reason"), found.get("message")))))
            )
    if status.get("message"):
        story.append(("why", status["message"]))
    told: dict[str, str] = {}
    for topic, text in story:
        if text:
            told[topic] = f"{told[topic]}\n{text}" if topic in told else text
    return told


def cpu_request(pod: Object) -> int:
    """The CPU, in thousandths of a core, that the scheduler reserves for a pod.

    It is the sum over its containers, or the largest init container when that is more, plus overhead.
    Sidecars (init containers that restart) count all along.
    """
    spec = pod.get("spec", {})
    sidecars = largest = 0
    for container in spec.get("initContainers") or []:
        request = _cpu(container)
        if container.get("restartPolicy") == "Always":
            sidecars += request
        else:
            largest = max(largest, sidecars + request)
    running = sidecars + sum(_cpu(container) for container in spec.get("containers") or [])
    return max(running, largest) + millicores(spec.get("overhead") or {})


def _cpu(container: Object) -> int:
    return millicores((container.get("resources") or {}).get("requests") or {})


def millicores(resources: Object) -> int:
    """``{"cpu": "250m"}`` -> 250, rounded up as Kubernetes does; no ``cpu``: 0."""
    return _milli(resources.get("cpu", "0"))


@lru_cache(maxsize=1024)
def _milli(text: str | float) -> int:
    return math.ceil(quantity.parse(text) * 1000)
