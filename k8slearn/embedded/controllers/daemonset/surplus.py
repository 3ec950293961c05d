"""Of the pods of a DaemonSet on one node: which are too many. Pure functions.

Upstream: the second half of ``podsShouldBeOnNode`` in ``pkg/controller/daemon/daemon_controller.go``.
"""

from __future__ import annotations

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers import pods
from k8slearn.embedded.controllers.daemonset.update import allows_surge
from k8slearn.embedded.controllers.history import HASH_LABEL


def surplus(ds: Object, running: list[Object], hash: str, now: float) -> list[Object]:
    """``running`` are those that are neither finished nor being deleted.

    One may stay: the oldest. In a rolling update that surges, two: the oldest of the new template until it is
    available, and the oldest of the old one for as long as it is ready.
    """
    if len(running) <= 1:
        return []
    running = by_age(running)
    if not allows_surge(ds):
        return running[1:]
    new = [pod for pod in running if pod["metadata"]["labels"].get(HASH_LABEL) == hash]
    old = [pod for pod in running if pod not in new]
    extra = [*new[1:], *old[1:]]
    if new and old:
        wait = ds["spec"].get("minReadySeconds", 0)
        if not pods.is_ready(old[0]) or pods.available_in(new[0], wait, now) == 0:
            extra.append(old[0])
    return extra


def by_age(on_node: list[Object]) -> list[Object]:
    """Those that are bound first, then the oldest first."""
    return sorted(on_node, key=_age)


def _age(pod: Object) -> tuple[bool, str, str]:
    metadata = pod["metadata"]
    return not pod["spec"].get("nodeName"), metadata["creationTimestamp"], metadata["name"]
