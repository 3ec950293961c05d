"""The real kubectl, at a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sysconfig
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slearn.embedded.cluster import Cluster

PATIENCE = 30.0
"""Seconds that a test waits for what takes milliseconds when all is well."""


class Terminal:
    """kubectl with a terminal: what its screen shows, keys that are pressed, a window that is resized."""

    def __init__(self, kubectl: Kubectl, *args: str) -> None:
        self._master, slave = pty.openpty()
        self._set_size(24, 80)
        self.screen = ""
        self.process = subprocess.Popen(
            kubectl.command(*args), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def resize(self, rows: int, columns: int) -> None:
        """The kernel tells only whose controlling terminal this is, so kubectl is told by hand."""
        self._set_size(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str, until: str) -> str:
        """Press keys; what the screen shows from then on, up to ``until``."""
        self.screen = ""
        os.write(self._master, keys.encode())
        return self.wait_for(until)

    def wait_for(self, text: str) -> str:
        end = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert time.monotonic() < end, f"no {text!r} in {self.screen!r}"
            if not self._read():
                break
        assert text in self.screen, self.screen
        return self.screen

    def wait(self) -> int:
        """The exit code, once kubectl has ended."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 0.1)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux: nobody has the other end any more
            return False
        self.screen += data.decode()
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


class Kubectl:
    """kubectl 1.37 on one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        program = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
        assert program, "install the dev extra: it brings kubectl 1.37"
        self._program = program
        self._cluster = cluster
        self._opened: list[Terminal | subprocess.Popen[str]] = []

    def command(self, *args: str) -> list[str]:
        return [self._program, "--kubeconfig", str(self._cluster.kubeconfig), *args]

    def __call__(self, *args: str, stdin: str = "", code: int = 0) -> str:
        """Run to the end; standard output."""
        done = subprocess.run(
            self.command(*args), input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def terminal(self, *args: str) -> Terminal:
        terminal = Terminal(self, *args)
        self._opened.append(terminal)
        return terminal

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Run in the background; standard output and error in one pipe."""
        process = subprocess.Popen(
            self.command(*args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._opened.append(process)
        return process

    def close(self) -> None:
        for opened in self._opened:
            if isinstance(opened, Terminal):
                opened.close()
            else:
                opened.kill()
                opened.wait()
                assert opened.stdout is not None
                opened.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster behind its server, with a web server and a box to work in."""
    with Cluster(2) as cluster:
        for name, image in (("web", "nginx:1.29"), ("box", "busybox:1.37")):
            container = {"name": name, "image": image}
            if name == "box":
                container["command"] = ["sleep", "100000"]  # type: ignore[assignment]
            else:
                container["ports"] = [{"containerPort": 80}]  # type: ignore[assignment]
            metadata = {"name": name, "namespace": "default", "labels": {"app": name}}
            cluster.client.create("pods", {"metadata": metadata, "spec": {"containers": [container]}})
        service = {"selector": {"app": "web"}, "ports": [{"port": 8080, "targetPort": 80}]}
        cluster.client.create(
            "services", {"metadata": {"name": "web", "namespace": "default"}, "spec": service}
        )
        cluster.settle()
        cluster.serve()
        yield cluster


@pytest.fixture
def kubectl(served: Cluster, tmp_path: Path) -> Iterator[Kubectl]:
    kubectl = Kubectl(served)
    yield kubectl
    kubectl.close()
