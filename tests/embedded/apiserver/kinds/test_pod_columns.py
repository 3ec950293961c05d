"""READY, STATUS and RESTARTS, as printers.go has them."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load
from k8slearn.embedded.clock import parse_timestamp

NOW = parse_timestamp("2026-01-01T00:01:00Z")
READY = {"type": "Ready", "status": "True"}


def running(name: str, *, ready: bool = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "state": {"running": {}}, **more}


def ended(name: str, code: int, reason: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": {"terminated": {"exitCode": code, "reason": reason}}, **more}


def waiting(name: str, reason: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": {"waiting": {"reason": reason}}, **more}


def shown(
    status: dict[str, Any], *, init: tuple[Any, ...] = (), deleted: bool = False
) -> tuple[str, str, str]:
    pod = {
        "metadata": {"name": "web", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "a"}], "initContainers": list(init)},
        "status": status,
    }
    if deleted:
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:01:00Z"
    cells = {column.name: column.cell(pod, NOW) for column in load()["pods"].columns}
    return cells["Ready"], cells["Status"], cells["Restarts"]


SETUP = {"name": "setup"}
SIDECAR = {"name": "side", "restartPolicy": "Always"}
RESTARTED = {"restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-01T00:00:50Z"}}}

CASES = [
    ("pending", {"phase": "Pending"}, (), ("0/1", "Pending", "0")),
    ("running", {"phase": "Running", "containerStatuses": [running("a")]}, (), ("1/1", "Running", "0")),
    (
        "unready",
        {"phase": "Running", "containerStatuses": [running("a", ready=False)]},
        (),
        ("0/1", "Running", "0"),
    ),
    (
        "creating",
        {"phase": "Pending", "containerStatuses": [waiting("a", "ContainerCreating")]},
        (),
        ("0/1", "ContainerCreating", "0"),
    ),
    (
        "completed",
        {"phase": "Succeeded", "containerStatuses": [ended("a", 0, "Completed")]},
        (),
        ("0/1", "Completed", "0"),
    ),
    ("failed", {"phase": "Failed", "containerStatuses": [ended("a", 3, "Error")]}, (), ("0/1", "Error", "0")),
    (
        "no reason",
        {"phase": "Failed", "containerStatuses": [ended("a", 3, "")]},
        (),
        ("0/1", "ExitCode:3", "0"),
    ),
    (
        "crashing",
        {"phase": "Running", "containerStatuses": [waiting("a", "CrashLoopBackOff", **RESTARTED)]},
        (),
        ("0/1", "CrashLoopBackOff", "2 (10s ago)"),
    ),
    (
        "one done, one runs",
        {
            "phase": "Running",
            "conditions": [READY],
            "containerStatuses": [ended("a", 0, "Completed"), running("b")],
        },
        (),
        ("1/1", "Running", "0"),
    ),
    (
        "init waits",
        {
            "phase": "Pending",
            "initContainerStatuses": [running("setup", ready=False)],
            "containerStatuses": [waiting("a", "PodInitializing")],
        },
        (SETUP,),
        ("0/1", "Init:0/1", "0"),
    ),
    (
        "init failed",
        {"phase": "Failed", "initContainerStatuses": [ended("setup", 1, "Error")]},
        (SETUP,),
        ("0/1", "Init:Error", "0"),
    ),
    (
        "init crashes",
        {"phase": "Pending", "initContainerStatuses": [waiting("setup", "CrashLoopBackOff", restartCount=1)]},
        (SETUP,),
        ("0/1", "Init:CrashLoopBackOff", "1"),
    ),
    (
        "init done",
        {
            "phase": "Pending",
            "initContainerStatuses": [ended("setup", 0, "Completed", restartCount=4)],
            "containerStatuses": [waiting("a", "PodInitializing")],
        },
        (SETUP,),
        ("0/1", "PodInitializing", "0"),
    ),
    (
        "sidecar",
        {
            "phase": "Running",
            "initContainerStatuses": [running("side", started=True)],
            "containerStatuses": [running("a")],
        },
        (SIDECAR,),
        ("2/2", "Running", "0"),
    ),
    ("evicted", {"phase": "Failed", "reason": "Evicted"}, (), ("0/1", "Evicted", "0")),
]


@pytest.mark.parametrize(("status", "init", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_pod_shows_what_its_containers_do(
    status: dict[str, Any], init: tuple[Any, ...], expected: tuple[str, str, str]
) -> None:
    assert shown(status, init=init) == expected


def test_a_pod_that_is_being_deleted_is_terminating() -> None:
    status = {"phase": "Running", "containerStatuses": [running("a")]}
    assert shown(status, deleted=True) == ("1/1", "Terminating", "0")


def test_a_finished_pod_stays_completed_while_it_is_deleted() -> None:
    status = {"phase": "Succeeded", "containerStatuses": [ended("a", 0, "Completed")]}
    assert shown(status, deleted=True)[1] == "Completed"


def test_a_deleted_pod_on_a_lost_node_is_unknown() -> None:
    assert shown({"phase": "Running", "reason": "NodeLost"}, deleted=True)[1] == "Unknown"
