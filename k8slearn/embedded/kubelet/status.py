"""A pod's status from what the kubelet knows of its containers: pure functions.

Upstream: pkg/kubelet/kubelet_pods.go (``generateAPIPodStatus``, ``getPhase``, ``convertStatusToAPIStatus``)
and pkg/kubelet/status/generate.go (conditions). The order of conditions and the zero values are those that a
real 1.37 kubelet writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from k8slearn.embedded.kubelet import resize
from k8slearn.embedded.kubelet.record import Failure, Record, Role
from k8slearn.kube import quantity

Object = dict[str, Any]

OWNED = (
    *resize.CONDITIONS,
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)
"""The conditions that the kubelet writes, in their order; others on a pod are left as they are."""

LOST = {
    "startedAt": None,
    "finishedAt": None,
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
}


class Facts(NamedTuple):
    """What besides the containers a status depends on."""

    now: str
    start_time: str
    host_ip: str
    ip: str = ""
    """"" before the pod has had a sandbox."""
    sandbox: bool = False
    """Whether the sandbox exists now."""
    restored: bool = False
    """Whether there was one, which ended with the node."""
    terminal: bool = False
    """The containers have ended and none will start again, whatever the restart policy says."""
    failure: tuple[str, str] | None = None
    """Reason and message of a pod that the kubelet ended itself (DeadlineExceeded)."""
    resize: Sequence[Object] = ()
    """The conditions of a resize that waits or is under way."""


def pod_status(pod: Object, records: Iterable[Record], facts: Facts) -> Object:
    """``status`` of ``pod`` as the kubelet writes it."""
    ephemeral = [record for record in records if record.role is Role.EPHEMERAL]
    records = [record for record in records if record.role is not Role.EPHEMERAL]
    before = pod.get("status") or {}
    policy = pod["spec"].get("restartPolicy", "Always")
    waiting = "ContainerCreating" if records[0].role is Role.APP else "PodInitializing"
    inits = [_status(r, policy, waiting, facts) for r in records if r.role is not Role.APP]
    apps = [_status(r, policy, waiting, facts) for r in records if r.role is Role.APP]
    phase = "Failed" if facts.failure else _phase(records, inits, apps, policy, facts.terminal)
    status: Object = {
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": phase,
        "conditions": _conditions(pod, records, inits + apps, phase, facts),
    }
    if facts.failure:
        status["reason"], status["message"] = facts.failure
    status["hostIP"] = facts.host_ip
    status["hostIPs"] = [{"ip": facts.host_ip}]
    if facts.ip:
        status["podIP"] = facts.ip
        status["podIPs"] = [{"ip": facts.ip}]
    status["startTime"] = facts.start_time
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = sorted(apps, key=lambda s: s["name"])
    if ephemeral:
        statuses = [_ephemeral_status(record, policy, facts) for record in ephemeral]
        status["ephemeralContainerStatuses"] = sorted(statuses, key=lambda s: s["name"])
    for kept in ("qosClass", "nominatedNodeName"):
        if kept in before:
            status[kept] = before[kept]
    return {**status, **_pod_resources(records)}


def done_initializing(record: Record) -> bool:
    """Whether the containers after this init container or sidecar may start."""
    if record.role is Role.SIDECAR:
        return record.running and record.started
    ended = record.terminated
    return ended is not None and ended["exitCode"] == 0


def should_restart(record: Record, policy: str) -> bool:
    """Whether a container that is not running has to be started (again)."""
    if record.role is Role.EPHEMERAL:
        return not record.created
    if record.running:
        return False
    ended = record.terminated
    if ended is None or record.role is Role.SIDECAR or policy == "Always":
        return record.role is not Role.INIT or ended is None or ended["exitCode"] != 0
    return policy == "OnFailure" and ended["exitCode"] != 0


def over(records: Iterable[Record], policy: str) -> bool:
    """All that a pod is for has ended for good: its containers, or an init container that failed."""
    records = list(records)
    lasting = [r for r in records if r.terminated and not should_restart(r, policy)]
    if any(r.role is Role.INIT and r.terminated and r.terminated["exitCode"] for r in lasting):
        return True
    return all(r in lasting for r in records if r.role is Role.APP)


# -- containers ---------------------------------------------------------------------------------


def _status(record: Record, policy: str, waiting: str, facts: Facts) -> Object:
    spec = record.spec
    ended, running = record.terminated, record.running
    last = record.last
    if running:
        state: Object = {"running": {"startedAt": record.started_at}}
    elif record.failure and not facts.terminal and should_restart(record, policy):
        state, last = {"waiting": _waiting(record.failure)}, ended or last
    elif ended:
        state = {"terminated": ended}
    elif facts.terminal:
        state = {"terminated": LOST}
    else:
        state = {"waiting": {"reason": waiting}}
    succeeded = record.role is Role.INIT and ended is not None and ended["exitCode"] == 0
    status: Object = {
        "name": record.name,
        "state": state,
        "lastState": {"terminated": last} if last else {},
        "ready": succeeded or (running and record.started and record.ready),
        "restartCount": record.restarts,
        "image": record.image.reference if record.created and record.image else spec["image"],
        "imageID": record.image.id if record.created and record.image else "",
        "started": running and record.started,
    }
    if record.created:
        status["containerID"] = record.container_id
        resources = spec.get("resources") or {}
        if requests := resources.get("requests"):
            status["allocatedResources"] = requests
        status["resources"] = {key: resources[key] for key in ("limits", "requests") if resources.get(key)}
        uid, groups = (record.instance.user, record.instance.groups) if record.instance else (0, (0,))
        status["user"] = {"linux": {"uid": uid, "gid": groups[0], "supplementalGroups": sorted(groups)}}
    if mounts := spec.get("volumeMounts"):
        status["volumeMounts"] = [_mount(mount) for mount in mounts]
    return status


def _ephemeral_status(record: Record, policy: str, facts: Facts) -> Object:
    """Nobody waits for an ephemeral container: it is never ready, and has not started in a probe's sense."""
    status = {**_status(record, policy, "ContainerCreating", facts), "ready": False}
    del status["started"]
    return status


def _waiting(failure: Failure) -> Object:
    return {"reason": failure.reason, "message": failure.message}


def _mount(mount: Object) -> Object:
    status = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        status |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return status


# -- the pod ------------------------------------------------------------------------------------


def _phase(
    records: list[Record], inits: list[Object], apps: list[Object], policy: str, terminal: bool
) -> str:
    regular_inits = [status for status, r in zip(inits, records, strict=False) if r.role is Role.INIT]
    ends = [_end(status) for status in regular_inits]
    if policy == "Never" and any(end and end["exitCode"] for end in ends):
        return "Failed"
    if not terminal and not all(status["ready"] for status in regular_inits):
        return "Pending"
    waiting = [s for s in apps if "waiting" in s["state"] and not s["lastState"]]
    sidecars = [s for s, r in zip(inits, records, strict=False) if r.role is Role.SIDECAR]
    pending_sidecar = any("waiting" in s["state"] and not s["lastState"] for s in sidecars)
    if (waiting or pending_sidecar) and not terminal:
        return "Pending"
    if any("running" in status["state"] for status in (*apps, *sidecars)):
        return "Running"
    if policy == "Always" and not terminal:
        return "Running"
    failed = any((end := _end(status)) is None or end["exitCode"] for status in apps)
    if not failed:
        return "Succeeded"
    return "Failed" if terminal or policy == "Never" else "Running"


def _end(status: Object) -> Object | None:
    return status["state"].get("terminated") or (
        status["lastState"].get("terminated") if "waiting" in status["state"] else None
    )


def _conditions(
    pod: Object, records: list[Record], statuses: list[Object], phase: str, facts: Facts
) -> list[Object]:
    before = {condition["type"]: condition for condition in (pod.get("status") or {}).get("conditions", ())}
    generation = pod["metadata"].get("generation", 1)

    def condition(kind: str, why: tuple[str, str] | None, good: str = "") -> Object:
        """``why`` is reason and message when it is not so; ``good`` a reason when it is."""
        status = "False" if why else "True"
        old = before.get(kind)
        made: Object = {
            "type": kind,
            "observedGeneration": generation,
            "status": status,
            "lastProbeTime": None,
            "lastTransitionTime": old["lastTransitionTime"] if old and old["status"] == status else facts.now,
        }
        reason, message = why or (good, "")
        if reason:
            made["reason"] = reason
        if message:
            made["message"] = message
        return made

    sandbox = None
    if not facts.sandbox:
        text = "pod sandbox is not ready" if facts.ip or facts.restored else "no pod sandbox exists"
        sandbox = ("PodSandboxNotReady", text)
    incomplete = [r.name for r in records if r.role is not Role.APP and not _initialized(r)]
    initialized = None
    if incomplete and phase != "Succeeded":
        text = f"containers with incomplete status: [{' '.join(incomplete)}]"
        initialized = ("ContainersNotInitialized", text)
    unready = None
    if phase in ("Succeeded", "Failed"):
        unready = ("PodCompleted" if phase == "Succeeded" else "PodFailed", "")
    elif names := [
        s["name"]
        for s, r in zip(statuses, records, strict=True)
        if r.role is not Role.INIT and not s["ready"]
    ]:
        unready = ("ContainersNotReady", f"containers with unready status: [{' '.join(names)}]")
    return [
        *(other for kind, other in before.items() if kind not in OWNED),
        *facts.resize,
        condition("PodReadyToStartContainers", sandbox),
        condition("Initialized", initialized, "PodCompleted" if phase == "Succeeded" else ""),
        condition("Ready", unready or _gates(pod, before)),
        condition("ContainersReady", unready),
        condition("PodScheduled", None),
    ]


def _initialized(record: Record) -> bool:
    """A sidecar that has started once keeps the pod initialized, also when it ends later."""
    if record.role is Role.SIDECAR:
        return record.started or record.restarts > 0 or record.ended is not None
    return done_initializing(record)


def _gates(pod: Object, before: dict[str, Object]) -> tuple[str, str] | None:
    texts = []
    for gate in pod["spec"].get("readinessGates") or ():
        kind = gate["conditionType"]
        if kind not in before:
            texts.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif before[kind]["status"] != "True":
            texts.append(
                f'the status of pod readiness gate "{kind}" is not "True", but {before[kind]["status"]}'
            )
    return ("ReadinessGatesNotReady", ", ".join(texts)) if texts else None


def _pod_resources(records: Iterable[Record]) -> Object:
    """The pod-level ``resources`` and ``allocatedResources``: the sums over containers and sidecars."""
    containers = [record.spec for record in records if record.role is not Role.INIT]
    sums: Object = {}
    for kind in ("limits", "requests"):
        total: dict[str, str] = {}
        for container in containers:
            for name, value in ((container.get("resources") or {}).get(kind) or {}).items():
                total[name] = quantity.add(total[name], value) if name in total else value
        if total:
            sums[kind] = total
    allocated = {"allocatedResources": sums["requests"]} if "requests" in sums else {}
    return {"resources": sums, **allocated}
