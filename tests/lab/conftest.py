"""Pods and nodes as an API server serves them, as far as the lab looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def _pod(
    name: str = "web-5ccbbdc6c5-2rt97",
    *,
    uid: str = "u1",
    node: str = "",
    phase: str = "Pending",
    ready: bool = False,
    namespace: str = "shop",
    cpu: str = "100m",
    **metadata: Any,
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": uid, "namespace": namespace, "resourceVersion": "1", **metadata},
        "spec": {
            **({"nodeName": node} if node else {}),
            "containers": [{"name": "web", "image": "nginx:1.29", "resources": {"requests": {"cpu": cpu}}}],
        },
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [
                {"name": "web", "ready": ready, "restartCount": 0, "state": {"running": {}}}
            ]
            if phase == "Running"
            else [],
        },
    }


def _node(name: str, *, uid: str = "", ready: str = "True", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": uid or f"node-{name}", "resourceVersion": "1"},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "2"},
            "conditions": [{"type": "Ready", "status": ready, "message": "kubelet stopped posting status"}],
        },
    }


@pytest.fixture(scope="session")
def make_pod() -> Callable[..., dict[str, Any]]:
    return _pod


@pytest.fixture(scope="session")
def make_node() -> Callable[..., dict[str, Any]]:
    return _node
