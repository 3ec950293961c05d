"""The embedded cluster as a process in the background: start it, find it, stop it.

Its folder holds ``journal``, the credentials, ``kubeconfig``, ``server.json`` (who serves, and where), ``log``
and ``lock``. The process holds the lock as long as it lives, whatever becomes of it: a lock that can be taken
means that no cluster runs, so a stale ``server.json`` misleads nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from k8slearn import paths
from k8slearn.engines.files import write_private
from k8slearn.errors import ClusterError

START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0


@dataclass(frozen=True)
class Running:
    """A cluster that runs: its process, its port on loopback, its nodes."""

    pid: int
    port: int
    nodes: int
    kubeconfig: str

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def running() -> Running | None:
    """The cluster in the background, if there is one. Raises StorageError."""
    folder = paths.cluster_folder()
    if not _is_locked(folder):
        return None
    try:
        return Running(**json.loads((folder / "server.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None  # it is just starting


def up(nodes: int | None = None, port: int | None = None) -> Running:
    """Start the cluster, or find it running. It goes on where it was when its process ended.

    Raises ClusterError when it does not come up, or runs with another number of nodes than asked for.
    """
    found = running()
    if found is None:
        found = _start(nodes, port)
    if nodes is not None and nodes != found.nodes:
        raise ClusterError(
            f"A cluster with {found.nodes} nodes is running. To have {nodes}: k8slearn down, "
            f"then k8slearn up --nodes {nodes}. Its objects are lost then."
        )
    return found


def _start(nodes: int | None, port: int | None) -> Running:
    folder = paths.cluster_folder()
    command = [sys.executable, "-m", "k8slearn.engines.serve", str(folder)]
    command += ["--nodes", str(nodes)] if nodes is not None else []
    command += ["--port", str(port)] if port is not None else []
    try:
        log = (folder / "log").open("ab")
    except OSError as error:
        raise ClusterError(
            f"The cluster's log {folder / 'log'} cannot be written: {error.strerror}. "
            "Make its folder writable, or set K8SLEARN_HOME to one that is."
        ) from error
    with log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        found = running()
        if found is not None and found.pid == process.pid:
            return found
        if process.poll() is not None:
            if found is not None:
                return found  # another ``up`` was a moment faster
            raise ClusterError(f"The cluster did not start. {_last_line(folder / 'log')}")
        time.sleep(0.01)
    process.kill()
    raise ClusterError(f"The cluster did not start in {START_TIMEOUT:.0f} s. Its log: {folder / 'log'}")


def down(*, keep: bool = False) -> bool:
    """Stop the cluster and, unless ``keep``, forget its objects. False when none ran.

    Raises ClusterError when its process does not end.
    """
    folder = paths.cluster_folder()
    found = running()
    if found is not None:
        with suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while _is_locked(folder):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"The cluster (process {found.pid}) does not end. Try: kill -9 {found.pid}"
                )
            time.sleep(0.01)
    if not keep:
        for name in ("journal", "journal.disks", "server.json", "kubeconfig"):
            (folder / name).unlink(missing_ok=True)
    return found is not None


def _is_locked(folder: Path) -> bool:
    try:
        with (folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        raise ClusterError(
            f"The folder {folder} cannot be used: {error.strerror}. "
            "Make it writable, or set K8SLEARN_HOME to one that is."
        ) from error
    return False


def announce(folder: Path, found: Running) -> None:
    """Say who serves."""
    write_private(folder / "server.json", json.dumps(asdict(found)))


def _last_line(log: Path) -> str:
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return f"Its log says nothing: {log}"
