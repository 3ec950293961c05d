"""tar: create, list and extract archives, as ``kubectl cp`` needs it. Messages are those of busybox's tar."""

from __future__ import annotations

import io
import re
import tarfile
from datetime import UTC, datetime

from k8slearn.embedded.runtime.accounts import group_name, user_name
from k8slearn.embedded.runtime.files import Directory, Node, RegularFile, Symlink, walk
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError, options

_UNSAFE = re.compile(r"(.*/)?\.\./|/*")
"""What is cut off a member's name: all up to the last ``..``, and what makes it absolute."""

PIECE = 32 * 1024
"""Bytes of one write to a pipe."""


def tar(process: Process, args: list[str]) -> Steps:
    """``tar c|x|t[vmokh] [-f TARFILE] [-C DIR] [FILE]…``; compression is refused."""
    found, names = options(_with_dash(args), "cxtvmokhp", "fC")
    modes = [mode for mode in "cxt" if mode in found]
    if len(modes) != 1:
        raise UsageError
    archive = found.get("f", "-")
    path = archive if archive == "-" else process.path(archive)
    if directory := found.get("C"):
        try:
            node = process.files.find(process.path(directory))
        except OSError as error:
            raise Fault(f"can't change directory to '{directory}': {error.strerror}") from None
        if not isinstance(node, Directory):
            raise Fault(f"can't change directory to '{directory}': Not a directory")
        process.cwd = process.path(directory)
    if modes == ["c"]:
        return (yield from _create(process, path, names, verbose="v" in found))
    return (yield from _read(process, path, found, names))


def _with_dash(args: list[str]) -> list[str]:
    """The old form without a dash, ``tar cf - x``: its letters take their values from the words that follow."""
    if not args or args[0].startswith("-"):
        return args
    letters, rest, given = args[0], list(args[1:]), []
    for letter in letters:
        given.append(f"-{letter}")
        if letter in "fC" and rest:
            given.append(rest.pop(0))
    return given + rest


# -- create ---------------------------------------------------------------------------------------


def _create(process: Process, archive: str, names: list[str], *, verbose: bool) -> Steps:
    if not names:
        raise Fault("empty archive")
    pieces, status, told = [], 0, ""
    for name in names:
        try:
            node = process.files.find(process.path(name), follow=False)
        except OSError as error:
            yield from process.complain(f"{name}: {error.strerror}")
            status = 1
            continue
        prefix = _UNSAFE.match(name)
        if prefix and prefix[0] and not told:
            told = prefix[0]
            yield from process.complain(f"removing leading '{told}' from member names")
        for below, entry in walk(node, name[len(prefix[0]) if prefix else 0 :] or "."):
            yield from process.step()
            info = _info(process, below, entry)
            if info is None:
                continue
            content = entry.content if isinstance(entry, RegularFile) else b""
            pieces += [info.tobuf(tarfile.GNU_FORMAT), content, bytes(-len(content) % tarfile.BLOCKSIZE)]
            if verbose:
                shown = below + "/" if info.isdir() else below
                yield from process.write(2 if archive == "-" else 1, f"{shown}\n".encode())
    data = b"".join([*pieces, bytes(2 * tarfile.BLOCKSIZE)])
    if archive == "-":
        for start in range(0, len(data), PIECE):
            yield from process.write(1, data[start : start + PIECE])
    else:
        process.files.write(archive, data)
    if status:
        yield from process.complain("error exit delayed from previous errors")
    return status


def _info(process: Process, name: str, node: Node) -> tarfile.TarInfo | None:
    """The header of a member; None for what has no place in an archive."""
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.mtime = node.mode, node.uid, node.gid, int(node.modified)
    info.uname, info.gname = user_name(process.files, node.uid), group_name(process.files, node.gid)
    if isinstance(node, Directory):
        info.type = tarfile.DIRTYPE
    elif isinstance(node, Symlink):
        info.type, info.linkname = tarfile.SYMTYPE, node.target
    elif isinstance(node, RegularFile):
        info.size = len(node.content)
    else:
        return None
    return info


# -- extract and list -----------------------------------------------------------------------------


def _read(process: Process, archive: str, found: dict[str, str], names: list[str]) -> Steps:
    if archive == "-":
        data = yield from process.read_all(0)
    else:
        try:
            data = process.files.read(archive)
        except OSError as error:
            raise Fault(f"can't open '{found['f']}': {error.strerror}") from None
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as opened:
            members = [(info, _content(opened, info)) for info in opened]
    except tarfile.TarError:
        short = not data or len(data) % tarfile.BLOCKSIZE
        raise Fault("short read" if short else "invalid tar magic") from None
    wanted = {name.strip("/") for name in names}
    for info, content in members:
        yield from process.step()
        if wanted and not any(info.name == name or info.name.startswith(f"{name}/") for name in wanted):
            continue
        if "t" in found or "v" in found:
            yield from process.print(_listed(info, long="t" in found and "v" in found))
        if "x" in found:
            _extract(process, info, content, found)
    names_found = [info.name for info, _ in members]
    missing = [name for name in sorted(wanted) if not any(found.startswith(name) for found in names_found)]
    for name in missing:
        yield from process.complain(f"{name}: not found in archive")
    return int(bool(missing))


def _content(opened: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = opened.extractfile(info)
    return file.read() if file else b""


def _listed(info: tarfile.TarInfo, *, long: bool) -> str:
    name = info.name + "/" if info.isdir() else info.name
    if not long:
        return name
    kind = "d" if info.isdir() else "l" if info.issym() else "-"
    bits = "".join(
        letter if info.mode >> (8 - place) & 1 else "-" for place, letter in enumerate("rwxrwxrwx")
    )
    when = datetime.fromtimestamp(info.mtime, UTC).strftime("%Y-%m-%d %H:%M:%S")
    link = f" -> {info.linkname}" if info.issym() else ""
    return f"{kind}{bits} {info.uname or info.uid}/{info.gname or info.gid} {info.size:9} {when} {name}{link}"


def _extract(process: Process, info: tarfile.TarInfo, content: bytes, found: dict[str, str]) -> None:
    """Raises Fault. A name never leads out of the directory: its ``..`` are refused, its first ``/`` is cut."""
    name = info.name.lstrip("/")
    if ".." in name.split("/"):
        raise Fault(f"name with '..' skipped: '{info.name}'")
    files, path = process.files, process.path(name or ".")
    _parents(process, path)
    times = {} if "m" in found else {"modified": float(info.mtime)}
    owner = {"uid": info.uid, "gid": info.gid} if process.uid == 0 and "o" not in found else {}
    owner = owner or {"uid": process.uid, "gid": process.groups[0]}
    try:
        if info.isdir():
            if not isinstance(files.lookup(path), Directory):
                files.make_directory(path, info.mode, process.owner)
        elif info.issym():
            files.link(path, Symlink(info.linkname, modified=process.kernel.clock.now, **owner))
        elif info.isreg():
            old = files.lookup(path)
            if isinstance(old, RegularFile) and "k" in found:
                return
            node = RegularFile(content, info.mode, **{"modified": process.kernel.clock.now, **owner, **times})
            if isinstance(old, Directory):
                raise Fault(f"can't remove old file {name}: Is a directory")
            files.link(path, node)
    except OSError as error:
        raise Fault(f"can't open '{name}': {error.strerror}") from None


def _parents(process: Process, path: str) -> None:
    made = ""
    for part in path.strip("/").split("/")[:-1]:
        made += f"/{part}"
        if process.files.lookup(made) is None:
            process.files.make_directory(made, 0o755, process.owner)
