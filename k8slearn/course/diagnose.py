"""What a pod's status says about it: pure functions from the official client's objects to a feedback key.

The keys are those of ``texts/LANG.yaml``. The order is that of a pod's life: it is placed, its image is
pulled, its containers are made, they run, they stay.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, NamedTuple

Pod = Any
"""The official client's V1Pod: to a type checker each of its fields may be None, to the API they are not."""

IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
CONFIG = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
NO_PROGRAM = re.compile("executable file not found|no such file or directory")
"""What runc says when the command names no program of the image."""


class Trouble(NamedTuple):
    """A feedback's key and what fills the gaps in its text."""

    key: str
    values: dict[str, Any]


def ready(pod: Pod) -> bool:
    """The pod's Ready condition: all its containers run and pass their readiness probes."""
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or [])


def restarts(pod: Pod) -> int:
    return sum(one.restart_count for one in pod.status.container_statuses or [])


def exit_code(pod: Pod) -> int | None:
    """That of the pod's first container, None while it has none."""
    statuses = pod.status.container_statuses or []
    state = statuses[0].state if statuses else None
    return state.terminated.exit_code if state and state.terminated else None


def owner(thing: Any) -> tuple[str, str] | None:
    """Kind and name of the controller that owns an object, None for one that nobody tends."""
    for reference in thing.metadata.owner_references or []:
        if reference.controller:
            return reference.kind, reference.name
    return None


def rolled_out(deployment: Any) -> bool:
    """Whether a Deployment's release is through: its pods, one at least, are of the newest template and available."""
    status, wanted = deployment.status, deployment.spec.replicas
    if status.observed_generation != deployment.metadata.generation:
        return False  # its controller has not seen the last change yet
    counts = status.replicas, status.updated_replicas, status.available_replicas
    return wanted > 0 and all(count == wanted for count in counts)


def trouble(pod: Pod) -> Trouble | None:
    """What waiting will not cure, or None."""
    if pod.status.phase == "Succeeded":
        return Trouble("pod-finished", {})
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.reason == "Unschedulable":
            return Trouble("pod-unschedulable", {"message": condition.message})
    asked = {one.name: one.image for one in pod.spec.containers}
    for status in pod.status.container_statuses or []:
        found = _container_trouble(status, pod.status.phase)
        if found and not (found.key == "pod-image" and _of_another_image(found, asked.get(status.name, ""))):
            return found
    return None


def unready(pod: Pod) -> Trouble:
    """What is to be said of a pod that is not Ready though nothing is wrong that shows."""
    return Trouble("pod-unready", {"phase": pod.status.phase})


def told(pod: Pod) -> str:
    """What the cluster says of a pod: the message of what is wrong with it, or its phase."""
    found = trouble(pod)
    return str(found.values.get("message") or found.key) if found else pod.status.phase


def nearest(name: str, names: list[str]) -> str | None:
    """The name that a slip of the pen may have made of ``name``."""
    return next(iter(get_close_matches(name, names, 1, 0.6)), None)


def _of_another_image(found: Trouble, image: str) -> bool:
    """Whether the status still tells of the image that was asked for before: the kubelet is yet to try this one."""
    return image.rpartition("/")[2] not in (found.values["message"] or image)


def _container_trouble(status: Any, phase: str) -> Trouble | None:
    values: dict[str, Any] = {
        "container": status.name,
        "image": status.image,
        "restarts": status.restart_count,
    }
    waiting = status.state.waiting
    if waiting is not None and waiting.reason in IMAGE:
        return Trouble("pod-image", {**values, "reason": waiting.reason, "message": waiting.message})
    if waiting is not None and waiting.reason in CONFIG:
        key = "pod-no-program" if NO_PROGRAM.search(waiting.message or "") else "pod-config"
        return Trouble(key, {**values, "reason": waiting.reason, "message": waiting.message})
    last = status.state.terminated or (status.last_state.terminated if status.last_state else None)
    if last is None or (status.state.running is not None and status.restart_count == 0):
        return None
    values["code"] = last.exit_code
    if last.reason == "StartError":
        return Trouble("pod-no-program", {**values, "message": last.message})
    if phase == "Failed":
        return Trouble("pod-failed", values)
    if last.exit_code == 0:
        return Trouble("pod-ends", values)
    return Trouble("pod-crashes", values)
