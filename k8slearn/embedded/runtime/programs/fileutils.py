"""Commands that change files: touch, mkdir, rm, rmdir, cp, mv, ln, chmod, tee, mktemp."""

from __future__ import annotations

import errno

from k8slearn.embedded.runtime.files import Directory, Mount, Node, RegularFile, Symlink, os_error
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, UsageError, options


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
        if process.files.resolve(absolute)[2]:
            raise os_error(errno.EROFS, absolute)
        process.require(parent, 2, absolute)
    process.files.make_directory(absolute, mode, process.owner)


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
        process.files.make_directory(path, 0o700, process.owner)
    else:
        process.files.open_for_writing(path, 0o600, process.owner)
    yield from process.print(path)
    return 0
