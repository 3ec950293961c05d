"""Commands about files: ls, touch, mkdir, rm, rmdir, cp, mv, ln, readlink, stat, chmod, tee, mktemp."""

from __future__ import annotations

from datetime import UTC, datetime

from k8slearn.embedded.runtime.accounts import group_name, user_name
from k8slearn.embedded.runtime.files import Device, Directory, Mount, Node, RegularFile, Symlink
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError, options

_HALF_YEAR = 182 * 86400.0


def ls(process: Process, args: list[str]) -> Steps:
    """``ls [-1aAldhRtr] [PATH…]``: one name a line, since its output is never a terminal's here."""
    found, rest = options(args, "1aAldhRtrLFn")
    status = 0
    plain: list[tuple[str, Node]] = []
    directories: list[tuple[str, Directory]] = []
    for path in sorted(rest or ["."]):
        try:
            absolute = process.path(path)
            follow = "l" not in found or path.endswith("/")
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
        yield from process.print(_long(process, name, node) if "l" in found else name)


def _long(process: Process, name: str, node: Node) -> str:
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
    bits = "".join(
        letter if node.mode >> shift & 1 else "-"
        for shift, letter in zip(range(8, -1, -1), "rwx" * 3, strict=True)
    )
    sticky = node.mode & 0o1000
    return kind + (bits[:-1] + ("t" if bits[-1] == "x" else "T") if sticky else bits)


def touch(process: Process, args: list[str]) -> Steps:
    _, rest = options(args, "acm", "dt")
    if not rest:
        raise UsageError
    status = 0
    for path in rest:
        try:
            if process.files.lookup(process.path(path)) is None:
                process.open(path, "a")
            process.files.private(process.path(path)).modified = process.kernel.clock.now
        except OSError as error:
            yield from process.complain(f"{path}: {error.strerror}")
            status = 1
    return status


def mkdir(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "p", "m")
    if not rest:
        raise UsageError
    mode = int(found["m"], 8) if found.get("m", "").isdigit() else 0o755
    status = 0
    for path in rest:
        try:
            absolute = process.path(path)
            if "p" in found:
                _make_parents(process, absolute, mode)
            else:
                _make(process, absolute, mode)
        except OSError as error:
            yield from process.complain(f"can't create directory '{path}': {error.strerror}")
            status = 1
    return status


def _make(process: Process, absolute: str, mode: int) -> None:
    parent = process.files.lookup(absolute.rstrip("/").rpartition("/")[0] or "/")
    if parent is not None and process.files.lookup(absolute) is None:
        process.require(parent, 2, absolute)
    process.files.make_directory(absolute, mode, process.uid)


def _make_parents(process: Process, absolute: str, mode: int) -> None:
    made = ""
    for part in [part for part in absolute.split("/") if part]:
        made += f"/{part}"
        if not isinstance(process.files.lookup(made), Directory):
            _make(process, made, mode)


def rm(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "rRfi")
    if not rest and "f" not in found:
        raise UsageError
    status = 0
    for path in rest:
        try:
            node = process.files.find(process.path(path), follow=False)
            if isinstance(node, Directory):
                if "r" not in found and "R" not in found:
                    yield from process.complain(f"'{path}' is a directory")
                    status = 1
                    continue
                yield from _remove_tree(process, process.path(path), node)
            else:
                _unlink(process, process.path(path))
        except FileNotFoundError as error:
            if "f" not in found:
                yield from process.complain(f"can't remove '{path}': {error.strerror}")
                status = 1
        except OSError as error:
            yield from process.complain(f"can't remove '{path}': {error.strerror}")
            status = 1
    return status


def _unlink(process: Process, absolute: str) -> None:
    parent = process.files.find(absolute.rstrip("/").rpartition("/")[0] or "/")
    process.require(parent, 2, absolute)
    process.files.remove(absolute)


def _remove_tree(process: Process, path: str, directory: Directory) -> Steps:
    for name, child in sorted(directory.children.items()):
        yield from process.step()
        below = f"{path.rstrip('/')}/{name}"
        if isinstance(child, Directory):
            yield from _remove_tree(process, below, child)
        else:
            _unlink(process, below)
    _unlink(process, path)


def rmdir(process: Process, args: list[str]) -> Steps:
    _, rest = options(args, "p")
    status = 0
    for path in rest:
        try:
            if not isinstance(process.files.find(process.path(path), follow=False), Directory):
                raise OSError(0, "Not a directory")
            _unlink(process, process.path(path))
        except OSError as error:
            yield from process.complain(f"'{path}': {error.strerror}")
            status = 1
    return status


def _target(process: Process, source: str, destination: str) -> str:
    """Where a copy goes: into ``destination`` when that is a directory."""
    absolute = process.path(destination)
    if isinstance(process.files.lookup(absolute), Directory):
        return f"{absolute.rstrip('/')}/{source.rstrip('/').rpartition('/')[2]}"
    return absolute


def cp(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "rRapfdL")
    if len(rest) < 2:
        raise UsageError
    *sources, destination = rest
    recursive = bool({"r", "R", "a"} & set(found))
    status = 0
    for source in sources:
        try:
            node = process.files.find(process.path(source), follow=not recursive)
        except OSError as error:
            yield from process.complain(f"can't stat '{source}': {error.strerror}")
            status = 1
            continue
        if isinstance(node, Directory) and not recursive:
            yield from process.complain(f"omitting directory '{source}'")
            status = 1
            continue
        try:
            yield from _copy(process, node, _target(process, source, destination))
        except OSError as error:
            yield from process.complain(f"can't create '{destination}': {error.strerror}")
            status = 1
    return status


def _copy(process: Process, node: Node, target: str) -> Steps:
    yield from process.step()
    node = node.node if isinstance(node, Mount) else node
    if isinstance(node, Directory):
        if process.files.lookup(target) is None:
            _make(process, target, node.mode)
        for name, child in sorted(node.children.items()):
            yield from _copy(process, child, f"{target.rstrip('/')}/{name}")
    elif isinstance(node, RegularFile):
        descriptor = process.open(target, "w")
        descriptor.write(node.content)
        copy = process.files.find(target)
        assert isinstance(copy, RegularFile)
        copy.mode, copy.program = node.mode, node.program
    elif isinstance(node, Symlink):
        process.files.link(target, Symlink(node.target, modified=node.modified))


def mv(process: Process, args: list[str]) -> Steps:
    _, rest = options(args, "fn")
    if len(rest) < 2:
        raise UsageError
    *sources, destination = rest
    status = 0
    for source in sources:
        try:
            absolute = process.path(source)
            node = process.files.find(absolute, follow=False)
            target = _target(process, source, destination)
            if isinstance(node, Directory):
                yield from _copy(process, node, target)
                yield from _remove_tree(process, absolute, node)
            else:
                process.files.link(target, node)
                _unlink(process, absolute)
        except OSError as error:
            yield from process.complain(f"can't rename '{source}': {error.strerror}")
            status = 1
    return status


def ln(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "sfn")
    if len(rest) != 2:
        raise UsageError
    source, destination = rest
    target = _target(process, source, destination)
    if process.files.lookup(target, follow=False) is not None and "f" not in found:
        raise Fault(f"{destination}: File exists")
    if "s" in found:
        process.files.link(target, Symlink(source, modified=process.kernel.clock.now))
    else:
        process.files.link(target, process.files.find(process.path(source)))
    return 0
    yield


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


def chmod(process: Process, args: list[str]) -> Steps:
    """Octal modes, and the letters +x, -x, +w, … for all, u, g and o."""
    _, rest = options([f"\0{a}" if a[:1] == "-" and a[1:2] in "rwx" else a for a in args], "R")
    if len(rest) < 2:
        raise UsageError
    change = rest[0].lstrip("\0")
    for path in rest[1:]:
        node = process.files.private(process.path(path))
        node.mode = _changed_mode(node.mode, change)
    return 0
    yield


def _changed_mode(mode: int, change: str) -> int:
    if change.isdigit():
        return int(change, 8)
    for clause in change.split(","):
        operator = next((letter for letter in clause if letter in "+-="), None)
        if operator is None:
            raise Fault(f"invalid mode '{change}'")
        who, _, what = clause.partition(operator)
        bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in what)
        shifts = {
            6 if letter == "u" else 3 if letter == "g" else 0 for letter in who.replace("a", "ugo") or "ugo"
        }
        mask = sum(bits << shift for shift in shifts)
        whole = sum(7 << shift for shift in shifts)
        mode = mode | mask if operator == "+" else mode & ~mask if operator == "-" else mode & ~whole | mask
    return mode


def tee(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "a")
    outputs = [process.open(path, "a" if "a" in found else "w") for path in rest]
    while data := (yield from process.read(0)):
        yield from process.write(1, data)
        for output in outputs:
            output.write(data)
    return 0


def mktemp(process: Process, args: list[str]) -> Steps:
    found, _ = options(args, "d")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    random = process.kernel.clock.random
    path = "/tmp/tmp." + "".join(random.choice(letters) for _ in range(6))
    if "d" in found:
        process.files.make_directory(path, 0o700, process.uid)
    else:
        process.files.open_for_writing(path, 0o600, process.uid)
    yield from process.print(path)
    return 0
