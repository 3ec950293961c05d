"""A PID namespace (pid_namespaces(7)): who has which number, and who is number 1.

Every container has its own. With ``shareProcessNamespace`` the containers of a pod share one, whose number 1 is
the pod's ``/pause``; a debug container may join that of its target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8slearn.embedded.runtime.process import Process


class PidNamespace:
    """``processes`` by number; ``init`` is number 1, None before there is one."""

    def __init__(self) -> None:
        self.processes: dict[int, Process] = {}
        self.init: Process | None = None
        self._next = 1

    def take(self) -> int:
        """The next free number."""
        pid = self._next
        self._next += 1
        return pid

    def add(self, process: Process) -> None:
        self.processes[process.pid] = process
        if self.init is None:
            self.init = process

    def remove(self, process: Process) -> None:
        """``process`` has ended: its children are number 1's. The caller ends the others when it was number 1."""
        self.processes.pop(process.pid, None)
        for other in self.processes.values():
            if other.parent is process:
                other.parent = self.init
