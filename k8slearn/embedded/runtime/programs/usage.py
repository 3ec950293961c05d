"""What there is and what is left: busybox ``df`` and ``free``.

Disk and memory are a node's. In use of them counts what this container has: the simulation knows of no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.embedded.runtime.files import Directory, Mount, Node, RegularFile
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, options

DISK = 100 * 1024 * 1024
MEMORY = 8 * 1024 * 1024
TMPFS = 64 * 1024
"""KiB of a node's disk (its ephemeral-storage) and memory, and of ``/dev`` and ``/dev/shm``."""

_UNITS = "BKMGT"


def df(process: Process, args: list[str]) -> Steps:
    """``df [-hkm] [FILE…]``: the file systems, or those that hold the files."""
    found, paths = options(args, "hkmaT")
    systems = {"/": ("overlay", DISK, _used(process.files.root))}
    systems |= {"/dev": ("tmpfs", TMPFS, 0)}
    for path, mount in _mounts(process.files.root, ""):
        systems[path] = ("/dev/vda", DISK, _used(mount.node))
    systems["/dev/shm"] = ("shm", TMPFS, _used(process.files.lookup("/dev/shm")))
    size = "Size" if "h" in found else "1M-blocks" if "m" in found else "1K-blocks"
    yield from process.print(f"Filesystem           {size:>9}      Used Available Use% Mounted on")
    status = 0
    for path in paths or systems:
        home = path if not paths else _home(process, path, list(systems))
        if home is None:
            yield from process.complain(f"{path}: can't find mount point")
            status = 1
            continue
        name, total, used = systems[home]
        cells = [_cell(value, found) for value in (total, used, total - used)]
        share = -(-100 * used // total)
        yield from process.print(f"{name:20} {cells[0]:>9} {cells[1]:>9} {cells[2]:>9} {share:>3}% {home}")
    return status


def free(process: Process, args: list[str]) -> Steps:
    """``free [-bkmgh]``"""
    found, words = options(args, "bkmgh")
    if words:
        raise Fault(f"invalid number '{words[0]}'")
    used = process.kernel.memory // 1024
    cells = [_size(value, found) for value in (MEMORY, used, MEMORY - used, 0, 0, MEMORY - used)]
    titles = ("total", "used", "free", "shared", "buff/cache", "available")
    yield from process.print("       " + "".join(f"{title:>12}" for title in titles))
    yield from process.print("Mem:   " + "".join(f"{cell:>12}" for cell in cells))
    yield from process.print("Swap:  " + "".join(f"{_size(0, found):>12}" for _ in range(3)))
    return 0


def _mounts(node: Node, path: str) -> Iterator[tuple[str, Mount]]:
    """Every volume and where it is mounted."""
    if not isinstance(node, Directory) or node.frozen:
        return
    for name, child in node.children.items():
        if isinstance(child, Mount):
            yield f"{path}/{name}", child
        else:
            yield from _mounts(child, f"{path}/{name}")


def _home(process: Process, path: str, places: list[str]) -> str | None:
    """Where the file system that holds ``path`` is mounted; None when there is no such file."""
    if process.files.lookup(process.path(path)) is None:
        return None
    real = f"{process.path(path).rstrip('/')}/"
    return max((place for place in places if real.startswith(f"{place.rstrip('/')}/")), key=len)


def _used(node: Node | None) -> int:
    """KiB of the files in ``node``, volumes mounted in it left out; a file takes whole blocks of 4 KiB."""
    if isinstance(node, RegularFile):
        return 4 * -(-len(node.content) // 4096)
    if isinstance(node, Directory):
        return sum(_used(child) for child in node.children.values())
    return 0


def _cell(kibibytes: int, found: dict[str, str]) -> str:
    if "h" in found:
        return _human(kibibytes)
    return str(kibibytes // 1024 if "m" in found else kibibytes)


def _size(kibibytes: int, found: dict[str, str]) -> str:
    if "h" in found:
        return _human(kibibytes)
    divisor = {"m": 1024, "g": 1024 * 1024}
    if "b" in found:
        return str(kibibytes * 1024)
    return str(kibibytes // next((divisor[letter] for letter in "mg" if letter in found), 1))


def _human(kibibytes: int) -> str:
    """``0``, ``12.0K``, ``31.2G``"""
    value, unit = float(kibibytes), 1
    while value >= 1024:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f}{_UNITS[unit]}" if kibibytes else "0"
