"""The program ``kind``: found, asked for its version, run with its steps as progress, its failures explained."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from k8slearn.engines.containers import ContainerEngine, disk_full, last_line
from k8slearn.engines.engine import Progress
from k8slearn.engines.system import how_to_get
from k8slearn.errors import ClusterError

OLDEST = (0, 33)
"""The first that knows the node image of Kubernetes 1.37."""

_FAULTS = (
    (
        r"port is already allocated|address already in use|ports are not available",
        "A port that it needs was taken by another program meanwhile. Run k8slearn up again.",
    ),
    (
        r"too many open files|inotify",
        f"This machine lets programs watch too few files. Raise the limits: {how_to_get('inotify')}",
    ),
    (
        r"[Mm]ounts denied|is not shared from the host",
        "Docker may not see K8SLEARN_HOME. Share that folder in Docker Desktop's settings (Resources, File "
        "sharing), or set K8SLEARN_HOME to a folder in your home.",
    ),
    (
        r"could not find a log line that matches|cgroup",
        "A node did not start: the machine lacks something that nodes need. See: k8slearn doctor --engine kind",
    ),
    (
        r"timed out|kubelet is not (running|healthy)|context deadline exceeded",
        "The control plane did not start in time, as on a machine with too little memory or much else to do. "
        "Try again, or a smaller one: k8slearn up --engine kind --nodes 1. See: k8slearn doctor --engine kind",
    ),
)
"""What the program or what it calls says, and what that means to a learner."""


class KindProgram:
    """``kind`` on PATH, using ``engine``. Raises ClusterError, with how to get it, when it is missing or too old."""

    def __init__(self, engine: ContainerEngine) -> None:
        program, version = find(), version_of(find())
        if version < OLDEST:
            raise ClusterError(
                f"kind {'.'.join(map(str, version))} is too old: Kubernetes 1.37 needs "
                f"{'.'.join(map(str, OLDEST))} or newer. Get it: {how_to_get('kind')}"
            )
        self._program = program
        self._engine = engine

    def run(self, *arguments: str, log: Path, progress: Progress) -> None:
        """Run it to its end, each of its steps as progress, all that it says in ``log``. Raises ClusterError."""
        environment = {**os.environ, "KIND_EXPERIMENTAL_PROVIDER": self._engine.name}
        said: list[str] = []
        with subprocess.Popen(
            [self._program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
        ) as process:
            assert process.stderr is not None
            try:
                for line in process.stderr:
                    said.append(line)
                    if step := re.match(r"\s*•\s+(.*?)[^\w)]*$", line):
                        progress.say(f"kind: {step[1]}")
            except BaseException:
                process.terminate()
                raise
        log.write_text("".join(said))
        if process.returncode != 0:
            raise ClusterError(self._explained("".join(said), log))

    def _explained(self, said: str, log: Path) -> str:
        error = next((line for line in said.splitlines() if line.startswith("ERROR:")), last_line(said))
        told = f"kind failed. {error.strip().rstrip('.')}. All that it said: {log}. "
        if "no space left on device" in said:
            return told + disk_full(self._engine.name)
        meant = next((text for pattern, text in _FAULTS if re.search(pattern, said)), None)
        return told + (meant or "Try again; if that does not help: k8slearn doctor --engine kind")


def find() -> str:
    """The path of kind. Raises ClusterError when there is none."""
    program = shutil.which("kind")
    if program is None:
        raise ClusterError(
            f"The program kind was not found on PATH. Get it: {how_to_get('kind')}. "
            "The embedded cluster needs none: k8slearn up --engine embedded"
        )
    return program


def version_of(program: str) -> tuple[int, int]:
    """(0, 33) of kind v0.33.0. Raises ClusterError when the program does not say."""
    try:
        said = subprocess.run([program, "version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClusterError(f"{program} cannot be run: {error}. Get kind: {how_to_get('kind')}") from error
    found = re.search(r"v?(\d+)\.(\d+)", said)
    if found is None:
        raise ClusterError(
            f"{program} does not say its version: {said.strip()!r}. Get kind: {how_to_get('kind')}"
        )
    return int(found[1]), int(found[2])
