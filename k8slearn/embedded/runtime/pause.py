"""``/pause``: the program of a pod's sandbox, which does nothing and holds what its containers share."""

from __future__ import annotations

from k8slearn.embedded.clock import Clock
from k8slearn.embedded.network import Network
from k8slearn.embedded.runtime.descriptors import Null
from k8slearn.embedded.runtime.files import Directory, FileSystem
from k8slearn.embedded.runtime.kernel import Kernel
from k8slearn.embedded.runtime.pids import PidNamespace
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps

USER = 65535


def pause(clock: Clock, network: Network, hostname: str, ip: str) -> PidNamespace:
    """A PID namespace whose number 1 is ``/pause``."""
    files = FileSystem(Directory(), lambda: clock.now)
    kernel = Kernel(
        clock,
        network,
        files,
        hostname=hostname,
        ip=ip,
        cpu_limit=None,
        memory_limit=None,
        on_end=lambda code, out_of_memory: None,
    )
    nothing = Null()
    kernel.start(["/pause"], _run, env={}, cwd="/", uid=USER, stdin=nothing, stdout=nothing, stderr=nothing)
    return kernel.pids


def _run(process: Process) -> Steps:
    while True:
        yield from process.pause()
