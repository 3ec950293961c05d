"""Pod. https://kubernetes.io/docs/concepts/workloads/pods/"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.kind import Kind, Object, Part
from k8slearn.embedded.apiserver.kinds._pod_columns import COLUMNS
from k8slearn.embedded.apiserver.kinds._pod_defaults import default_pod
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.ephemeral import (
    no_ephemeral_containers,
    validate_ephemeral_update,
)
from k8slearn.embedded.apiserver.validation.pod_update import validate_pod_update
from k8slearn.embedded.apiserver.validation.pod_warnings import warn_of_pod_spec
from k8slearn.embedded.apiserver.validation.pods import validate_pod
from k8slearn.embedded.apiserver.validation.resize import validate_resize, with_resources

FINISHED = ("Succeeded", "Failed")


def _prepare_create(pod: Object) -> None:
    spec = pod.get("spec") or {}
    status: dict[str, Any] = {"phase": "Pending", "qosClass": qos_class(spec)}
    pod["status"] = status
    if spec.get("schedulingGates"):
        gated = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": pod["metadata"]["creationTimestamp"],
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        }
        status["conditions"] = [gated]


def qos_class(spec: dict[str, Any]) -> str:
    """Guaranteed: every container limits CPU and memory and asks for as much. BestEffort: none says anything.

    https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
    """
    says_something, guaranteed = False, True
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        limits = _computing(resources.get("limits"))
        requests = {**limits, **_computing(resources.get("requests"))}
        says_something = says_something or bool(requests)
        guaranteed = guaranteed and len(limits) == 2 and limits == requests
    if not says_something:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _computing(amounts: dict[str, str] | None) -> dict[str, str]:
    return {name: amount for name, amount in (amounts or {}).items() if name in ("cpu", "memory")}


def _with_ephemeral_containers(asked: Object, old: Object) -> Object:
    spec: Object = {name: value for name, value in old["spec"].items() if name != "ephemeralContainers"}
    if containers := asked["spec"].get("ephemeralContainers"):
        spec["ephemeralContainers"] = containers
    return {**old, "spec": spec}


def _grace_seconds(pod: Object, asked: int | None) -> int:
    """As long as asked for, or as the pod says; at once where nothing runs."""
    spec = pod["spec"]
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in FINISHED:
        return 0
    seconds = spec.get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return 1 if seconds < 0 else seconds


def _warnings(pod: Object) -> Iterator[str]:
    if wrong := formats.dns_label(pod["metadata"]["name"]):
        yield (
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(wrong)}]"
        )
    yield from warn_of_pod_spec("spec", pod["spec"])


def _status(field: str) -> Any:
    return lambda pod: (pod.get("status") or {}).get(field, "")


def _spec(field: str) -> Any:
    return lambda pod: pod["spec"].get(field, "")


KIND = Kind(
    kind="Pod",
    plural="pods",
    short_names=("po",),
    categories=("all",),
    message="k8s.io.api.core.v1.Pod",
    columns=COLUMNS,
    default=default_pod,
    prepare_create=_prepare_create,
    validate=validate_pod,
    validate_create=no_ephemeral_containers,
    validate_update=validate_pod_update,
    creation_warnings=_warnings,
    has_status=True,
    counts_generation=True,
    parts={
        "ephemeralcontainers": Part(_with_ephemeral_containers, validate_ephemeral_update),
        "resize": Part(with_resources, validate_resize),
    },
    subresources=(
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
    ),
    selectable_fields={
        "spec.nodeName": _spec("nodeName"),
        "spec.restartPolicy": _spec("restartPolicy"),
        "spec.schedulerName": _spec("schedulerName"),
        "spec.serviceAccountName": _spec("serviceAccountName"),
        "spec.hostNetwork": lambda pod: str(bool(pod["spec"].get("hostNetwork"))).lower(),
        "status.phase": _status("phase"),
        "status.podIP": _status("podIP"),
        "status.podIPs": _status("podIP"),
        "status.nominatedNodeName": _status("nominatedNodeName"),
    },
    delete_answers_object=True,
    grace_seconds=_grace_seconds,
)
