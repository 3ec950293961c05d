"""The few system calls of Linux that Python lacks: namespaces, mounts, capabilities, filters of system calls.

Each raises OSError, which names the call. ``os.unshare`` is there from Python 3.12 on only.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
_MS_BIND, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 4096, 16384, 1 << 18, 2

_MOUNT_SETATTR = 442  # the number on every machine; glibc has no function of that name
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 4, 22, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_CAPABILITIES_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


# -- namespaces and mounts --------------------------------------------------------------------------


def unshare(flags: int) -> None:
    """Leave the namespaces of these kinds for new ones; a new pid namespace is for the children."""
    _call("unshare", flags)


def mount_tmpfs(target: str, megabytes: float, mode: str = "755", flags: int = 0) -> None:
    """An empty folder in memory, which grows to so many megabytes and a file a kilobyte at most."""
    limits = f"size={int(megabytes * 1024)}k,nr_inodes={max(int(megabytes * 1024), 16)},mode={mode}"
    _mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV | flags, limits)


def mount_proc(target: str) -> None:
    _mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "")


def mount_devpts(target: str) -> None:
    """Pseudo-terminals of one's own."""
    _mount("devpts", target, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")


def bind(source: str, target: str, *, read_only: bool = True) -> None:
    """Show ``source``, with all that is mounted below it, at ``target``. Read-only holds below, too."""
    _mount(source, target, "", _MS_BIND | _MS_REC, "")
    if read_only:
        make_read_only(target)


def make_read_only(target: str) -> None:
    attributes = ctypes.create_string_buffer(struct.pack("QQQQ", MS_RDONLY | MS_NOSUID, 0, 0, 0))
    path = os.fsencode(target)
    _call("syscall", _MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, attributes, ctypes.c_size_t(32))


def keep_mounts_private() -> None:
    """What is mounted from now on is mounted in this namespace only."""
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE, "")


def pivot_root(new: str, old: str) -> None:
    """``new`` becomes /, what was / is at ``old`` (a folder below ``new``)."""
    _call("pivot_root", os.fsencode(new), os.fsencode(old))
    os.chdir("/")


def detach(target: str) -> None:
    """Unmount it with all below."""
    _call("umount2", os.fsencode(target), _MNT_DETACH)


def _mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags))
    _call("mount", *arguments, options.encode())


def raise_loopback() -> None:
    """A new network namespace has an interface lo, and it is down."""
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(any_socket, get_flags, request), 16)
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", flags | up))


# -- a process's own rights ---------------------------------------------------------------------------


def be_opaque(opaque: bool) -> None:
    """Whether others of the same user may look into this process (/proc/PID/mem, ptrace)."""
    _call("prctl", _PR_SET_DUMPABLE, int(not opaque), 0, 0, 0)


def adopt_orphans() -> None:
    """Descendants whose parents end become children of this process."""
    _call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bound_capabilities() -> None:
    """No program that is run from now on gets a capability, whatever its user or file would have."""
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        _call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)


def renounce() -> None:
    """No capability is left, no program brings any, and some system calls are refused."""
    header = ctypes.create_string_buffer(struct.pack("II", _CAPABILITIES_VERSION, 0))
    _call("capset", header, ctypes.create_string_buffer(bytes(24)))
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = _filter(_MACHINES[platform.machine()])
    instructions = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(instructions))
    _call("prctl", _PR_SET_SECCOMP, 2, ctypes.create_string_buffer(fprog), 0, 0)


def machine_is_known() -> bool:
    """Whether ``renounce`` knows the numbers of this machine's system calls."""
    return platform.machine() in _MACHINES


# What neither Python nor kubectl needs: looking into other processes; memory that no limit counts (memfd_create,
# shmget); new namespaces and mounts; and parts of the kernel in which many holes were found.
_EVERYWHERE = (425, 428, 429, 430, 431, 432, 433, 438, 442, 447)
"""io_uring_setup, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, pidfd_getfd, mount_setattr,
memfd_secret"""

_X86 = (165, 166, 155, 308, 272, 161, 101, 310, 311, 319, 29, 248, 249, 250, 321, 298, 323, 304)
_ARM = (40, 39, 41, 268, 97, 51, 117, 270, 271, 279, 194, 217, 218, 219, 280, 241, 282, 265)
"""mount, umount2, pivot_root, setns, unshare, chroot, ptrace, process_vm_readv, process_vm_writev, memfd_create,
shmget, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd, open_by_handle_at"""

_MACHINES = {"x86_64": (0xC000003E, 56, _X86), "aarch64": (0xC00000B7, 220, _ARM)}
"""The number by which the kernel knows the machine, clone's, and those above."""

_CLONE3 = 435
_NEW_NAMESPACES = 0x7E020080
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


def _filter(machine: tuple[int, int, tuple[int, ...]]) -> bytes:
    """The BPF program: instructions (code, steps to skip when true, when false, operand)."""
    architecture, clone, refused = machine
    program = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 0, 1, 0x40000000),  # x86_64's second set of numbers
        (_RETURN, 0, 0, _KILL),
        # Its flags are behind a pointer, where no filter can look; the C library goes back to clone.
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
    ]
    for number in (*refused, *_EVERYWHERE):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE | errno.EPERM)]
    program += [
        (_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, 16),
        (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
