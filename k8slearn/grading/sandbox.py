"""Where a learner's code runs: namespaces of its own, the files that Python and kubectl need, a network of one host.

Inside there are the system's programs, Python with its packages, k8slearn's code and kubectl, all read-only;
an empty home and an empty /tmp, in memory; and a loopback on which its own cluster answers. There is no file of
a lesson, of a submission or of the grader, no other process, no other network. Linux 5.14 and newer have all
that is needed, for any user, unless an administrator forbade it.
"""

from __future__ import annotations

import os
import resource
import socket
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from k8slearn import paths
from k8slearn.engines import kubectl
from k8slearn.errors import ClusterError
from k8slearn.grading import kernel

HOME = "/home/learner"
PORT = 6443
"""Where the learner's cluster answers, on the loopback inside."""

_UID = 1000
"""The learner's user, inside."""

_NOBODY = 65534
"""Whom that is outside where root grades; where somebody else does, it is that somebody."""

_NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)

_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/mime.types",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_FILES = {
    "/etc/passwd": f"learner:x:{_UID}:{_UID}::{HOME}:/bin/sh\n",
    "/etc/group": f"learner:x:{_UID}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
}
_PROCESSES = 256
"""Processes and threads of a learner at a time; kubectl has about ten."""

_MEMORY = {"/tmp": 64, HOME: 64, "/dev/shm": 16}
"""Folders in memory that the learner may write to: megabytes that each may hold."""


def program_files() -> list[Path]:
    """What must be seen inside so that this Python, this package and kubectl run."""
    found = [Path(sys.base_prefix), Path(sys.prefix), Path(paths.__file__).parent]
    found += [Path(one) for one in sys.path if one.endswith(("site-packages", "dist-packages"))]
    try:
        found.append(Path(kubectl.find()))
    except ClusterError:
        pass  # lessons that use the Python client only need none
    return [path.absolute() for path in found]


def leave() -> None:
    """Leave the grader's namespaces; then its ids are mapped from outside (``map_ids``)."""
    if _may_be_nobody():
        os.setgroups([])
    kernel.unshare(_NAMESPACES)


def map_ids(pid: int) -> None:
    """Say who the users inside are outside. Where root grades, the learner is somebody whom no file belongs to."""
    second = _may_be_nobody()
    process = Path(f"/proc/{pid}")
    (process / "setgroups").write_text("deny")
    for name, own in (("uid_map", os.geteuid()), ("gid_map", os.getegid())):
        lines = f"0 0 1\n{_UID} {_NOBODY} 1\n" if second else f"{_UID} {own} 1\n"
        (process / name).write_text(lines)


def _may_be_nobody() -> bool:
    """Whether this process is root where there is a second user: in a rootless container there may be none."""

    def is_there(mapping: str) -> bool:
        lines = (line.split() for line in Path("/proc/self", mapping).read_text().splitlines())
        return any(int(first) <= _NOBODY < int(first) + int(count) for first, _, count in lines)

    return os.geteuid() == 0 and is_there("uid_map") and is_there("gid_map")


def furnish(shown: Sequence[Path], hidden: Sequence[Path]) -> socket.socket:
    """Make the place, as its first process: files and network. ``shown`` and ``hidden`` are real files and folders.

    What is hidden is an empty folder inside, wherever it lies. Returns the socket on which the cluster is to answer.
    """
    os.umask(0o022)
    socket.sethostname("notebook")
    kernel.keep_mounts_private()
    # All of the old root is at /old for as long as it takes; the new one grows at /new.
    kernel.mount_tmpfs("/tmp", 1)
    for name in ("/tmp/old", "/tmp/new"):
        Path(name).mkdir()
    kernel.pivot_root("/tmp", "/tmp/old")
    kernel.mount_tmpfs("/new", 1)
    for folder, megabytes in _MEMORY.items():
        _new(folder).mkdir(parents=True)
        kernel.mount_tmpfs(str(_new(folder)), megabytes, "1777")
    for name in _DEVICES:
        _new(f"/dev/{name}").touch()
        kernel.bind(f"/old/dev/{name}", str(_new(f"/dev/{name}")), read_only=False)
    _new("/dev/fd").symlink_to("/proc/self/fd")
    _new("/dev/pts").mkdir()
    kernel.mount_devpts(str(_new("/dev/pts")))
    _new("/dev/ptmx").symlink_to("pts/ptmx")
    _new("/proc").mkdir()
    kernel.mount_proc(str(_new("/proc")))
    # No namespaces inside these: they would have mounts, and so memory, without a limit.
    _new("/proc/sys/user/max_user_namespaces").write_text("0")
    view = _View()
    for path in (*map(Path, _SYSTEM), *shown):
        view.show(path)
    view.hide(hidden)
    _new("/etc").mkdir(exist_ok=True)
    for name, content in _FILES.items():
        _new(name).write_text(content)
    kernel.detach("/old")
    os.chdir("/new")
    kernel.pivot_root(".", ".")
    kernel.detach(".")
    os.chdir("/")
    kernel.raise_loopback()
    return socket.create_server(("127.0.0.1", PORT), backlog=256)


def settle_in() -> None:
    """Become the learner: from here on nothing of the above can be undone."""
    kernel.bound_capabilities()
    if os.geteuid() == 0:
        os.setresgid(_UID, _UID, _UID)
        os.setresuid(_UID, _UID, _UID)
    kernel.renounce()
    kernel.be_opaque(False)
    resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
    Path("/proc/self/oom_score_adj").write_text("1000")  # where memory runs out, this goes first


def _new(path: str | Path) -> Path:
    return Path("/new" + str(path))


class _View:
    """Shows parts of /old in /new, at the same paths."""

    def __init__(self) -> None:
        self._shown: list[Path] = []

    def show(self, path: Path) -> None:
        """The file or folder, and every link on the way to it. What does not exist is left out."""
        for step in (*reversed(path.parents), path):
            old = Path(f"/old{step}")
            if old.is_symlink():
                target = Path(os.path.normpath(step.parent / old.readlink()))
                self._link(step, target)
                self.show(target / path.relative_to(step))
                return
        old, new = Path(f"/old{path}"), _new(path)
        if self._is_shown(path) or not old.exists():
            return
        if stat.S_ISDIR(old.stat().st_mode):
            new.mkdir(parents=True, exist_ok=True)
        else:
            new.parent.mkdir(parents=True, exist_ok=True)
            new.touch()
        kernel.bind(str(old), str(new))
        self._shown.append(path)

    def hide(self, paths: Sequence[Path]) -> None:
        for path in paths:
            if self._is_shown(path) and _new(path).is_dir():
                kernel.mount_tmpfs(str(_new(path)), 0.016, flags=kernel.MS_RDONLY)

    def _link(self, link: Path, target: Path) -> None:
        if not self._is_shown(link) and not _new(link).is_symlink():
            _new(link).parent.mkdir(parents=True, exist_ok=True)
            _new(link).symlink_to(target)

    def _is_shown(self, path: Path) -> bool:
        return any(path.is_relative_to(one) for one in self._shown)
