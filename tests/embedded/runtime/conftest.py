"""Containers without a kubelet: ``lab.run("busybox:1.37", ["sh", "-c", "…"])``."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from k8slearn.embedded.apiserver import kinds
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.client import Client, Trace
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.kubelet.etc import etc_files
from k8slearn.embedded.network import Network
from k8slearn.embedded.network.names import DNS_SERVICE_IP, NameServer
from k8slearn.embedded.runtime import Container, find
from k8slearn.embedded.runtime.console import Callback
from k8slearn.embedded.runtime.files import FileSystem, Node
from k8slearn.embedded.store import Store


class Outcome(NamedTuple):
    out: str
    err: str
    code: int | None
    """None: still running."""


class Lab:
    def __init__(self) -> None:
        self.clock = Clock(seed=1)
        registry = Registry(Store(), self.clock, kinds.load())
        self.client = Client(registry, self.clock, "test", Trace(registry))
        self.network = Network(self.client, self.clock)
        # What CoreDNS does in a whole cluster.
        self.network.attach(
            DNS_SERVICE_IP, {"metadata": {"name": "dns", "namespace": "kube-system"}, "spec": {}}
        )
        self.network.listen(DNS_SERVICE_IP, 53, NameServer(self.network.names), "UDP")
        self.ends: list[tuple[str, int, str]] = []
        self.started = 0

    def run(
        self,
        image: str = "busybox:1.37",
        argv: list[str] | None = None,
        *,
        name: str = "box",
        args: list[str] | None = None,
        env: dict[str, str] | None = None,
        mounts: dict[str, Node] | None = None,
        read_only: bool = False,
        memory: int | None = None,
        cpu: float | None = None,
        user: int = 0,
    ) -> Container:
        """A started container of its own pod; its first step is still to come."""
        self.started += 1
        ip = f"10.244.1.{self.started}"
        pod = {"metadata": {"name": name, "namespace": "default"}, "spec": {}}
        self.network.attach(ip, pod)
        found = find(image)
        assert found is not None
        files = FileSystem(found.files, lambda: self.clock.now, read_only=read_only)
        for path, node in {**etc_files(pod, ip), **(mounts or {})}.items():
            files.mount(path, node)
        container = Container(
            self.clock,
            self.network,
            found,
            name=name,
            argv=found.argv(argv, args),
            env=env or {},
            files=files,
            hostname=name,
            ip=ip,
            user=user,
            cpu_limit=cpu,
            memory_limit=memory,
            on_exit=lambda code, reason: self.ends.append((name, code, reason)),
        )
        container.start()
        return container

    def exec(
        self,
        container: Container,
        *argv: str,
        stdin: str | None = None,
        seconds: float = 60,
        tty: bool = False,
    ) -> Outcome:
        """Run one more program, once what was started has settled, until it ends, ``seconds`` at most."""
        self.clock.settle()
        output = {1: b"", 2: b""}
        codes: list[int] = []

        def collect(fd: int, data: bytes) -> None:
            output[fd] += data

        program = container.exec(
            list(argv), stdin=stdin is not None, client=Callback(collect), on_exit=codes.append
        )
        if stdin is not None:
            program.write_stdin(stdin.encode())
            program.close_stdin()
        self.clock.advance(seconds)
        return Outcome(output[1].decode(), output[2].decode(), codes[0] if codes else None)

    def sh(self, script: str, *, image: str = "busybox:1.37", **options: object) -> Outcome:
        """Run ``sh -c script`` as PID 1 until it ends, a minute at most."""
        container = self.run(image, ["sh", "-c", script], **options)  # type: ignore[arg-type]
        self.clock.advance(60)
        text = {
            stream: b"".join(line.text for line in container.log.lines if line.stream == stream).decode()
            for stream in ("stdout", "stderr")
        }
        return Outcome(text["stdout"], text["stderr"], container.exit_code)


@pytest.fixture
def lab() -> Lab:
    return Lab()
