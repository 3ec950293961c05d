"""What an engine needs on this machine, whether it is there, and how to get it on this system.

The checks look and change nothing. A finding is ``ok``, a ``warning`` (it works, or may work, with less) or
``missing`` (the engine will not come up).
"""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from k8slearn import paths
from k8slearn.engines import containers, kind_config, kind_program, kubectl, system
from k8slearn.engines.containers import ContainerEngine
from k8slearn.errors import ClusterError, StorageError

GIB = 2**30


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """``what`` was looked at for which ``engine``, what was ``found``, and what to ``do`` where it is not ok."""

    engine: str
    what: str
    level: Level
    found: str
    do: str = ""


def examine(engine: str | None = None) -> list[Finding]:
    """The findings for an engine: ``embedded``, ``kind`` (which needs the former's as well), None for all."""
    found = list(_embedded())
    if engine in ("kind", None):
        found += _kind()
    return found


def _embedded() -> Iterator[Finding]:
    def say(what: str, level: Level, found: str, do: str = "") -> Finding:
        return Finding("embedded", what, level, found, do)

    yield say("Python", Level.OK, f"{platform.python_version()} ({sys.executable})")
    yield _kubectl(say)
    try:
        folder = paths.cluster_folder()
        usable = os.access(folder, os.W_OK)
        yield say(
            *("state", Level.OK if usable else Level.MISSING, str(paths.home())),
            "" if usable else "Make it writable, or set K8SLEARN_HOME to a folder that is",
        )
    except StorageError as error:
        yield say("state", Level.MISSING, str(paths.home()), str(error))
    yield _amount(say, "memory", system.free_memory(), 0.5, "Close some programs")
    yield _amount(
        say, "disk", system.free_disk(paths.home()), 0.2, "Delete files, or set K8SLEARN_HOME elsewhere"
    )
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
        yield say("loopback", Level.OK, "programs may listen on 127.0.0.1")
    except OSError as error:
        do = "Allow programs to listen on 127.0.0.1 (a firewall or a sandbox forbids it)"
        yield say("loopback", Level.MISSING, str(error), do)
    yield say("proxy", *_proxy())


def _kubectl(say: Callable[..., Finding]) -> Finding:
    try:
        program = kubectl.find()
        told = subprocess.run(
            [program, "version", "--client"], capture_output=True, text=True, timeout=20
        ).stdout
        version = told.split()[2] if told.startswith("Client Version") else ""
    except (ClusterError, OSError, subprocess.TimeoutExpired) as error:
        return say("kubectl", Level.MISSING, str(error), system.how_to_get("kubectl"))
    minor = version.removeprefix("v").split(".")[1:2]
    # kubectl is made for servers of its own version and its neighbours'.
    if minor and minor[0].isdigit() and abs(int(minor[0]) - 37) <= 1:
        return say("kubectl", Level.OK, f"{version} ({program})")
    return say(
        *("kubectl", Level.WARNING, f"{version or 'of unknown version'} ({program}); the clusters are 1.37"),
        f"Where it is older than 1.36: {system.how_to_get('kubectl')}, and take the other one from PATH",
    )


def _kind() -> Iterator[Finding]:
    def say(what: str, level: Level, found: str, do: str = "") -> Finding:
        return Finding("kind", what, level, found, do)

    try:
        program = kind_program.find()
        version = kind_program.version_of(program)
        new = version >= kind_program.OLDEST
        told = f"{'.'.join(map(str, version))} ({program})"
        wanted = ".".join(map(str, kind_program.OLDEST))
        yield say(
            *("kind", Level.OK if new else Level.MISSING, told),
            "" if new else f"Get {wanted} or newer: {system.how_to_get('kind')}",
        )
    except ClusterError as error:
        yield say("kind", Level.MISSING, str(error), system.how_to_get("kind"))
    try:
        engine = containers.find()
        yield say("container engine", Level.OK, f"{engine.name} {engine.version()}")
        yield from _of_engine(engine, say)
    except ClusterError as error:
        yield say("container engine", Level.MISSING, str(error), system.how_to_get("docker"))
    yield _amount(say, "free memory", system.free_memory(), 4, "Close some programs, or: --nodes 1")
    if limits := system.inotify_limits():
        enough = limits[0] >= 100_000 and limits[1] >= 256
        told = f"{limits[0]} watches, {limits[1]} instances"
        do = "" if enough else system.how_to_get("inotify")
        yield say("inotify limits", Level.OK if enough else Level.WARNING, told, do)
    yield _ports(say)
    yield say("proxy", *_proxy())


def _of_engine(engine: ContainerEngine, say: Callable[..., Finding]) -> Iterator[Finding]:
    info = engine.info()
    total = info.get("MemTotal") or info.get("host", {}).get("memTotal")
    do = "Give the container engine more (Docker Desktop: Settings, Resources)"
    yield _amount(say, "memory of the container engine", total, 4, do)
    version = str(info.get("CgroupVersion") or info.get("host", {}).get("cgroupVersion") or "").removeprefix(
        "v"
    )
    if version == "1":
        yield say(
            *("cgroup version", Level.WARNING, "1"),
            "Kubelets of 1.37 refuse version 1 unless their node image says otherwise. Boot with version 2, as "
            "newer systems do (systemd.unified_cgroup_hierarchy=1)",
        )
    else:
        yield say("cgroup version", Level.OK, version or "not told")
    root = info.get("DockerRootDir") or info.get("store", {}).get("graphRoot")
    if root and Path(root).is_dir():  # elsewhere it is inside a virtual machine
        do = f"Free some: {engine.name} image prune"
        yield _amount(say, "disk of the container engine", system.free_disk(Path(root)), 8, do)


def _ports(say: Callable[..., Finding]) -> Finding:
    from k8slearn.engines.kind import Kind

    ours: Any = None
    try:
        ours = Kind().status()
    except ClusterError:
        pass
    taken = [] if ours else [port for port in kind_config.ports() if kind_config.taken(port)]
    told = ", ".join(map(str, kind_config.ports()))
    if not taken:
        return say("ports", Level.OK, told)
    listed = ", ".join(map(str, taken))
    return say(
        "ports", Level.WARNING, f"in use: {listed}", "A cluster takes others then; k8slearn status names them"
    )


def _amount(say: Callable[..., Finding], what: str, amount: int | None, wanted: float, do: str) -> Finding:
    if amount is None:
        return say(what, Level.OK, "this system does not tell")
    told = f"{amount / GIB:.1f} GiB"
    if amount >= wanted * GIB:
        return say(what, Level.OK, told)
    return say(what, Level.WARNING, f"{told}, and {wanted:g} GiB are wanted", do)


def _proxy() -> tuple[Level, str, str]:
    named = [
        name for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy") if os.environ.get(name)
    ]
    if not named:
        return Level.OK, "none", ""
    spared = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    if "127.0.0.1" in spared.split(","):
        return Level.OK, f"{named[0]}, not for 127.0.0.1", ""
    do = "For your own Python programs: export NO_PROXY=127.0.0.1,localhost (k8slearn and kubectl do without)"
    return Level.WARNING, f"{named[0]}, for 127.0.0.1 too", do
