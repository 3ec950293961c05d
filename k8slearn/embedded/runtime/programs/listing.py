"""Commands that look at files: ls, readlink, stat."""

from __future__ import annotations

from datetime import UTC, datetime

from k8slearn.embedded.runtime.accounts import group_name, user_name
from k8slearn.embedded.runtime.files import SETGID, Device, Directory, Mount, Node, RegularFile, Symlink
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps, UsageError, options

_HALF_YEAR = 182 * 86400.0
"""Older files show the year in place of the time."""


def ls(process: Process, args: list[str]) -> Steps:
    """``ls [-1aAldhRtr] [PATH…]``: one name a line, since its output is never a terminal's here."""
    found, rest = options(args, "1aAldhRtrLFn")
    status = 0
    plain: list[tuple[str, Node]] = []
    directories: list[tuple[str, Directory]] = []
    for path in sorted(rest or ["."]):
        try:
            absolute = process.path(path)
            follow = "l" not in found or "L" in found or path.endswith("/")
            node = process.files.lookup(absolute, follow=follow) or process.files.find(absolute, follow=False)
        except OSError as error:
            yield from process.complain(f"{path}: {error.strerror}")
            status = 1
            continue
        if isinstance(node, Directory) and "d" not in found:
            process.require(node, 4, path)
            directories.append((path, node))
        else:
            plain.append((path, node))
    yield from _list(process, plain, found)
    for index, (path, directory) in enumerate(directories):
        if len(rest) > 1 or "R" in found:
            yield from process.print(("\n" if index or plain else "") + f"{path}:")
        yield from _list_directory(process, path, directory, found)
    return status


def _list_directory(process: Process, path: str, directory: Directory, found: dict[str, str]) -> Steps:
    entries = [
        (name, child.node if isinstance(child, Mount) else child)
        for name, child in directory.children.items()
        if not name.startswith(".") or "a" in found or "A" in found
    ]
    if "a" in found:
        parent = process.files.lookup(process.path(f"{path}/..")) or directory
        entries += [(".", directory), ("..", parent)]
    if "L" in found:
        below = path.rstrip("/")
        entries = [
            (name, process.files.lookup(process.path(f"{below}/{name}")) or node) for name, node in entries
        ]
    entries.sort(key=lambda entry: entry[0])
    if "t" in found:
        entries.sort(key=lambda entry: -entry[1].modified)
    if "r" in found:
        entries.reverse()
    if "l" in found:
        blocks = sum(4 * -(-_size(node) // 4096) for _, node in entries if not isinstance(node, Symlink))
        yield from process.print(f"total {blocks}")
    yield from _list(process, entries, found)
    if "R" in found:
        for name, node in entries:
            if isinstance(node, Directory) and name not in (".", ".."):
                below = f"{path.rstrip('/')}/{name}"
                yield from process.print(f"\n{below}:")
                yield from _list_directory(process, below, node, found)


def _list(process: Process, entries: list[tuple[str, Node]], found: dict[str, str]) -> Steps:
    for name, node in entries:
        yield from process.print(_long(process, name, node, numbers="n" in found) if "l" in found else name)


def _long(process: Process, name: str, node: Node, *, numbers: bool) -> str:
    links = (
        2 + sum(isinstance(child, Directory) for child in node.children.values())
        if isinstance(node, Directory)
        else 1
    )
    moment = datetime.fromtimestamp(node.modified, UTC)
    recent = 0 <= process.kernel.clock.now - node.modified < _HALF_YEAR
    when = f"{moment:%b} {moment.day:2} " + (f"{moment:%H:%M}" if recent else f" {moment.year}")
    target = f" -> {node.target}" if isinstance(node, Symlink) else ""
    owner, group = user_name(process.files, node.uid), group_name(process.files, node.gid)
    if numbers:
        owner, group = str(node.uid), str(node.gid)
    return f"{_mode(node)} {links:4} {owner:8} {group:8} {_size(node):9} {when} {name}{target}"


def _size(node: Node) -> int:
    if isinstance(node, RegularFile):
        return len(node.content)
    if isinstance(node, Symlink):
        return len(node.target)
    return 4096 if isinstance(node, Directory) else 0


def _mode(node: Node) -> str:
    """``drwxr-xr-x``"""
    kind = {Directory: "d", Symlink: "l", Device: "c"}.get(type(node), "-")
    bits = [
        letter if node.mode >> shift & 1 else "-"
        for shift, letter in zip(range(8, -1, -1), "rwx" * 3, strict=True)
    ]
    for bit, place, letter in ((0o4000, 2, "s"), (SETGID, 5, "s"), (0o1000, 8, "t")):
        if node.mode & bit:
            bits[place] = letter if bits[place] == "x" else letter.upper()
    return kind + "".join(bits)


def readlink(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "f")
    if len(rest) != 1:
        raise UsageError
    if "f" in found:
        yield from process.print(process.files.resolve(process.path(rest[0]))[0])
        return 0
    node = process.files.lookup(process.path(rest[0]), follow=False)
    if not isinstance(node, Symlink):
        return 1
    yield from process.print(node.target)
    return 0


def stat(process: Process, args: list[str]) -> Steps:
    """``stat [-L] [-c FORMAT] FILE…`` with %a %s %n %U %G %u %g %F %Y"""
    found, rest = options(args, "L", "c")
    status = 0
    for path in rest:
        try:
            node = process.files.find(process.path(path), follow="L" in found)
        except OSError as error:
            yield from process.complain(f"can't stat '{path}': {error.strerror}")
            status = 1
            continue
        fields = {
            "%a": f"{node.mode & 0o7777:o}",
            "%s": str(_size(node)),
            "%n": path,
            "%u": str(node.uid),
            "%g": str(node.gid),
            "%U": user_name(process.files, node.uid),
            "%G": group_name(process.files, node.gid),
            "%A": _mode(node),
            "%Y": str(int(node.modified)),
            "%F": {Directory: "directory", Symlink: "symbolic link"}.get(type(node), "regular file"),
        }
        text = found.get(
            "c",
            "  File: %n\n  Size: %s\t%F\nAccess: (0%a/%A)  Uid: ( %u/ %U)   Gid: ( %g/ %G)\nModify: "
            f"{datetime.fromtimestamp(node.modified, UTC):%Y-%m-%d %H:%M:%S.%f}000 +0000",
        )
        for field, value in fields.items():
            text = text.replace(field, value)
        yield from process.print(text)
    return status
