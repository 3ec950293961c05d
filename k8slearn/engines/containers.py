"""The container engine that kind uses: docker or podman, whichever answers; the program is called as it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8slearn.engines.system import how_to_get
from k8slearn.errors import ClusterError

PROGRAMS = ("docker", "podman")

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
"""What kind labels its nodes' containers with."""

PULL_TIMEOUT = 1800.0


@dataclass(frozen=True)
class Container:
    """A container of a kind cluster. ``ports`` maps ``30080/tcp`` to the port on this machine."""

    name: str
    running: bool
    mounts: frozenset[str]
    ports: dict[str, int]


class ContainerEngine:
    """``docker`` or ``podman``. Every method raises ClusterError when it does not answer or refuses."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.name = Path(program).name

    def run(self, *arguments: str, input: str | None = None, timeout: float = 120.0) -> str:
        """What it printed on stdout."""
        try:
            done = subprocess.run(
                [self.program, *arguments], input=input, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired as error:
            raise ClusterError(
                f"{self.name} has not answered for {timeout:.0f} s ({self.name} {arguments[0]}). "
                f"Restart it, then try again."
            ) from error
        if done.returncode != 0:
            raise ClusterError(self._explained(done.stderr, arguments))
        return done.stdout

    def version(self) -> str:
        """Of the engine itself, not of its program: so it answers."""
        which = "{{.Server.Version}}" if self.name == "docker" else "{{.Client.Version}}"
        version = self.run("version", "--format", which, timeout=20).strip()
        if self.name == "podman":
            self.run("info", timeout=20)  # on macOS its machine may be stopped
        return version

    def info(self) -> dict[str, Any]:
        return json.loads(self.run("info", "--format", "{{json .}}", timeout=20))

    # -- images ---------------------------------------------------------------------------------

    def images(self) -> dict[str, str]:
        """The images that are here by their names (``nginx:1.29``), with what tells one from an older one."""
        lines = self.run("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").splitlines()
        return {short_name(name): identity for name, _, identity in (line.partition(" ") for line in lines)}

    def labels(self, images: Sequence[str], label: str) -> set[str]:
        """The values of a label of images that are here; "" stands for none."""
        inspected = json.loads(self.run("image", "inspect", *images))
        return {(one["Config"].get("Labels") or {}).get(label, "") for one in inspected}

    # -- the containers of kind's clusters ------------------------------------------------------

    def containers(self, cluster: str) -> list[Container]:
        """Those of a kind cluster, the control plane first."""
        wanted = f"label={CLUSTER_LABEL}={cluster}"
        names = self.run("ps", "--all", "--filter", wanted, "--format", "{{.Names}}").split()
        if not names:
            return []
        found = [self._container(one) for one in json.loads(self.run("inspect", *names))]
        return sorted(found, key=lambda one: ("control-plane" not in one.name, len(one.name), one.name))

    def _container(self, inspected: dict[str, Any]) -> Container:
        ports = inspected["HostConfig"].get("PortBindings") or {}
        return Container(
            name=inspected["Name"].lstrip("/"),
            running=inspected["State"]["Status"] == "running",
            mounts=frozenset(mount["Destination"] for mount in inspected["Mounts"]),
            ports={inside: int(bound[0]["HostPort"]) for inside, bound in ports.items() if bound},
        )

    def _explained(self, stderr: str, arguments: Sequence[str]) -> str:
        said = last_line(stderr)
        if re.search(r"permission denied.*(daemon|socket|docker\.sock)", stderr):
            return (
                f"{self.name} does not let you in ({said}). On Linux: sudo usermod -aG docker $USER, "
                "then log out and in again. The embedded cluster needs none: k8slearn up --engine embedded"
            )
        if re.search(r"Cannot connect to|Is the docker daemon running|unable to connect to Podman", stderr):
            return (
                f"{self.name} is installed but not running ({said}). Start it: {how_to_get('start docker')}. "
                "The embedded cluster needs none: k8slearn up --engine embedded"
            )
        if "no space left on device" in stderr:
            return disk_full(self.name)
        return f"{self.name} {arguments[0]} failed: {said}"


def find() -> ContainerEngine:
    """The container engine that answers, docker before podman, as kind itself looks; kind's own variable
    ``KIND_EXPERIMENTAL_PROVIDER`` names one. Raises ClusterError, with what to do, when none answers.
    """
    named = os.environ.get("KIND_EXPERIMENTAL_PROVIDER")
    refused = None
    for name in [named] if named in PROGRAMS else PROGRAMS:
        program = shutil.which(name)
        if program is None:
            continue
        engine = ContainerEngine(program)
        try:
            engine.version()
        except ClusterError as error:
            refused = refused or error
            continue
        return engine
    raise refused or ClusterError(
        "A kind cluster needs docker or podman, and neither is on PATH. "
        f"Get one: {how_to_get('docker')}. The embedded cluster needs none: k8slearn up --engine embedded"
    )


def disk_full(program: str) -> str:
    return (
        f"The disk on which {program} keeps its images is full. See what takes the room: {program} system df. "
        f"Free it: {program} image prune (or delete files), then try again."
    )


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"


def short_name(image: str) -> str:
    """An image's name as people write it.

    >>> short_name("docker.io/library/nginx:1.29"), short_name("localhost/k8slearn/app:1.0")
    ('nginx:1.29', 'k8slearn/app:1.0')
    """
    return image.removeprefix("docker.io/").removeprefix("localhost/").removeprefix("library/")
