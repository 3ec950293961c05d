"""A container's files: a tree in memory, the image's part shared by all containers, mounts on top.

Nodes of an image are *frozen*: many containers share them. Whoever writes gets private copies of the
directories on the way (path copying), so starting a container copies nothing and a write to ``/tmp/x``
copies two small tables. A ``Mount`` in the tree is a volume: a directory shared with other containers or a
single file, perhaps read-only.

Failures are OSError with Linux's number and words, so that programs can say ``can't open 'x': No such file
or directory``.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator, Iterator
from typing import Any

TEXT = {
    errno.ENOENT: "No such file or directory",
    errno.EACCES: "Permission denied",
    errno.EEXIST: "File exists",
    errno.ENOTDIR: "Not a directory",
    errno.EISDIR: "Is a directory",
    errno.EINVAL: "Invalid argument",
    errno.EROFS: "Read-only file system",
    errno.ENOTEMPTY: "Directory not empty",
    errno.EBUSY: "Resource busy",
    errno.ELOOP: "Symbolic link loop",
    errno.EBADF: "Bad file descriptor",
    errno.EPIPE: "Broken pipe",
    errno.ENOTTY: "Not a tty",
}
"""Linux's words, which a Mac or Windows would say differently."""

Owner = tuple[int, int]
"""uid and gid."""

ROOT: Owner = (0, 0)

SETGID = 0o2000

Program = Callable[[Any], Generator[Any, Any, int]]
"""What an executable file runs: a function of a Process, see ``process.py``."""


def os_error(code: int, path: str = "") -> OSError:
    return OSError(code, TEXT[code], path)


class Node:
    """Anything in the tree. ``mode`` holds the permission bits, ``modified`` seconds since 1970."""

    __slots__ = (
        "frozen",
        "gid",
        "mode",
        "modified",
        "uid",
    )

    def __init__(self, mode: int, uid: int = 0, gid: int = 0, modified: float = 0.0) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modified = modified
        self.frozen = False


class RegularFile(Node):
    """``program`` makes it an executable of the simulation; a script has ``content`` that starts with #!."""

    __slots__ = (
        "content",
        "program",
    )

    def __init__(
        self,
        content: bytes = b"",
        mode: int = 0o644,
        program: Program | None = None,
        **owner: Any,
    ) -> None:
        super().__init__(mode, **owner)
        self.content = content
        self.program = program

    def copy(self) -> RegularFile:
        return RegularFile(
            self.content,
            self.mode,
            self.program,
            uid=self.uid,
            gid=self.gid,
            modified=self.modified,
        )


class GeneratedFile(RegularFile):
    """A file whose content is made when somebody reads it: ``generate`` gives it."""

    def __init__(self, generate: Callable[[], bytes], mode: int, **owner: Any) -> None:
        self.generate = generate
        super().__init__(mode=mode, **owner)

    @property
    def content(self) -> bytes:
        return self.generate()

    @content.setter
    def content(self, value: bytes) -> None:
        """Nobody writes to it: its volume is read-only."""


class Symlink(Node):
    __slots__ = ("target",)

    def __init__(self, target: str, **owner: Any) -> None:
        super().__init__(0o777, **owner)
        self.target = target


class Device(Node):
    """``/dev/null`` and its like; ``kind`` is null, zero or random."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        super().__init__(0o666)
        self.kind = kind


class Directory(Node):
    """``children`` may be replaced or edited in place by the owner of the directory, a volume's source."""

    __slots__ = ("children",)

    def __init__(self, children: dict[str, Node] | None = None, mode: int = 0o755, **owner: Any) -> None:
        super().__init__(mode, **owner)
        self.children: dict[str, Node] = {} if children is None else children

    def copy(self) -> Directory:
        return Directory(
            dict(self.children),
            self.mode,
            uid=self.uid,
            gid=self.gid,
            modified=self.modified,
        )


class Mount(Node):
    """A volume at its place in the tree."""

    __slots__ = (
        "node",
        "read_only",
    )

    def __init__(self, node: Node, read_only: bool) -> None:
        super().__init__(node.mode)
        self.node = node
        self.read_only = read_only


def tree(entries: dict[str, bytes | Node]) -> Directory:
    """A directory from paths: ``tree({"etc/hostname": b"web\\n", "bin/sh": RegularFile(...)})``."""
    root = Directory()
    for path, entry in entries.items():
        *parents, name = [part for part in path.split("/") if part]
        directory = root
        for parent in parents:
            child = directory.children.setdefault(parent, Directory())
            assert isinstance(child, Directory)
            directory = child
        directory.children[name] = entry if isinstance(entry, Node) else RegularFile(entry)
    return root


def freeze(node: Node) -> None:
    """Make ``node`` and all below it shareable: nobody changes it from now on."""
    node.frozen = True
    if isinstance(node, Directory):
        for child in node.children.values():
            freeze(child)


class FileSystem:
    """The files of one container: ``root`` is an image's frozen tree; ``now`` gives the time for new files.

    Paths are absolute. Methods raise OSError. ``read_only`` is readOnlyRootFilesystem: volumes stay writable.
    """

    def __init__(self, root: Directory, now: Callable[[], float], *, read_only: bool = False) -> None:
        self.root = root
        self.now = now
        self.read_only = read_only

    # -- volumes --------------------------------------------------------------------------------

    def mount(self, path: str, node: Node, *, read_only: bool = False) -> None:
        """Put a volume's directory or file at ``path``, making the directories that lead there."""
        *parents, name = _parts(path)
        directory = self._private_root()
        for parent in parents:
            directory = self._private_child(directory, parent)
        directory.children[name] = Mount(node, read_only)

    def _private_root(self) -> Directory:
        if self.root.frozen:
            self.root = self.root.copy()
        return self.root

    def _private_child(self, directory: Directory, name: str) -> Directory:
        """The directory ``name`` of a private ``directory``, itself made private, made when missing."""
        child = directory.children.get(name)
        if isinstance(child, Mount):
            child = child.node
        if isinstance(child, Symlink):
            child = self.lookup(child.target)
        if child is None:
            child = directory.children[name] = Directory(modified=self.now())
        elif isinstance(child, Directory) and child.frozen:
            child = directory.children[name] = child.copy()
        if not isinstance(child, Directory):
            raise os_error(errno.ENOTDIR, name)
        return child

    # -- finding --------------------------------------------------------------------------------

    def resolve(self, path: str, *, follow: bool = True) -> tuple[str, Node | None, bool]:
        """Walk to ``path``: its real path, the node (None when only the last part is missing), read-only?

        Raises ENOENT, ENOTDIR, ELOOP.
        """
        parts = _parts(path)
        parts.reverse()
        trail: list[tuple[str, Node, bool]] = [("", self.root, self.read_only)]
        links = 0
        while parts:
            part = parts.pop()
            node, read_only = trail[-1][1], trail[-1][2]
            if not isinstance(node, Directory):
                raise os_error(errno.ENOTDIR, path)
            if part == "..":
                if len(trail) > 1:
                    trail.pop()
                continue
            child = node.children.get(part)
            if isinstance(child, Mount):
                child, read_only = child.node, child.read_only
            if child is None:
                if parts:
                    raise os_error(errno.ENOENT, path)
                return _join(trail, part), None, read_only
            if isinstance(child, Symlink) and (parts or follow):
                links += 1
                if links > 40:
                    raise os_error(errno.ELOOP, path)
                if child.target.startswith("/"):
                    del trail[1:]
                parts.extend(reversed(_parts(child.target)))
                continue
            trail.append((part, child, read_only))
        return (
            "/" + "/".join(name for name, _, _ in trail[1:]),
            trail[-1][1],
            trail[-1][2],
        )

    def find(self, path: str, *, follow: bool = True) -> Node:
        """The node at ``path``; ``follow=False`` gives a link itself. Raises ENOENT, ENOTDIR, ELOOP."""
        _, node, _ = self.resolve(path, follow=follow)
        if node is None:
            raise os_error(errno.ENOENT, path)
        return node

    def lookup(self, path: str, *, follow: bool = True) -> Node | None:
        """``find`` that answers None instead of raising."""
        node: Node = self.root
        for part in _parts(path):  # most paths have no link: a short way for them
            child = node.children.get(part) if isinstance(node, Directory) else None
            if child is None and part != "..":
                return None
            if isinstance(child, Mount):
                child = child.node
            if child is None or isinstance(child, Symlink):
                break
            node = child
        else:
            return node
        try:
            return self.find(path, follow=follow)
        except OSError:
            return None

    def listdir(self, path: str) -> list[str]:
        node = self.find(path)
        if not isinstance(node, Directory):
            raise os_error(errno.ENOTDIR, path)
        return sorted(node.children)

    def read(self, path: str) -> bytes:
        """A file's content. Raises also EISDIR."""
        node = self.find(path)
        if isinstance(node, RegularFile):
            return node.content
        raise os_error(errno.EISDIR if isinstance(node, Directory) else errno.EINVAL, path)

    # -- changing -------------------------------------------------------------------------------

    def write(self, path: str, content: bytes, *, append: bool = False) -> None:
        node = self.open_for_writing(path)
        node.content = node.content + content if append else content
        node.modified = self.now()

    def open_for_writing(self, path: str, mode: int = 0o644, owner: Owner = ROOT) -> RegularFile:
        """The private file at ``path``, made when it does not exist. Raises EROFS, EISDIR, ENOENT, …"""
        real, node, read_only = self.resolve(path)
        if isinstance(node, Directory):
            raise os_error(errno.EISDIR, path)
        if read_only:
            raise os_error(errno.EROFS, path)
        if isinstance(node, RegularFile) and not node.frozen:
            return node
        if node is not None and not isinstance(node, RegularFile):
            raise os_error(errno.EINVAL, path)
        if node is not None:
            private = node.copy()
        else:
            private = RegularFile(mode=mode, modified=self.now())
            self._give(private, real, owner)
        self._put(real, private)
        return private

    def make_directory(self, path: str, mode: int = 0o755, owner: Owner = ROOT) -> None:
        """Raises EEXIST, ENOENT (the parent), EROFS."""
        real, node, read_only = self.resolve(path, follow=False)
        if node is not None:
            raise os_error(errno.EEXIST, path)
        if read_only:
            raise os_error(errno.EROFS, path)
        made = Directory(mode=mode, modified=self.now())
        self._give(made, real, owner)
        self._put(real, made)

    def link(self, path: str, node: Node) -> None:
        """Put ``node`` at ``path`` in place of what is there: a symlink, a moved or copied file."""
        real, _, read_only = self.resolve(path, follow=False)
        if read_only:
            raise os_error(errno.EROFS, path)
        self._put(real, node)

    def remove(self, path: str) -> None:
        """Remove a file, a link or an empty directory. Raises EROFS, EBUSY (a mount), ENOTEMPTY, ENOENT."""
        real, node, read_only = self.resolve(path, follow=False)
        if node is None:
            raise os_error(errno.ENOENT, path)
        if isinstance(node, Directory) and node.children:
            raise os_error(errno.ENOTEMPTY, path)
        if read_only:
            raise os_error(errno.EROFS, path)
        directory, name = self._private_parent(real)
        if isinstance(directory.children[name], Mount):
            raise os_error(errno.EBUSY, path)
        del directory.children[name]

    def private(self, path: str) -> Node:
        """The node at ``path``, ready to have its mode, owner or time changed. Raises EROFS, ENOENT."""
        real, node, read_only = self.resolve(path)
        if node is None:
            raise os_error(errno.ENOENT, path)
        if read_only:
            raise os_error(errno.EROFS, path)
        if node.frozen and isinstance(node, RegularFile | Directory):
            node = node.copy()
            self._put(real, node)
        return node

    def _give(self, node: Node, real: str, owner: Owner) -> None:
        """Make ``owner`` the owner of a new node. In a directory with the set-group-ID bit (a volume's, with an
        fsGroup) it gets the directory's group, and a new directory the bit too."""
        node.uid, node.gid = owner
        parent = self.lookup(real.rpartition("/")[0] or "/")
        if parent is not None and parent.mode & SETGID:
            node.gid = parent.gid
            if isinstance(node, Directory):
                node.mode |= SETGID

    def _put(self, real: str, node: Node) -> None:
        directory, name = self._private_parent(real)
        directory.children[name] = node
        directory.modified = self.now()

    def _private_parent(self, real: str) -> tuple[Directory, str]:
        *parents, name = _parts(real)
        directory = self._private_root()
        for parent in parents:
            directory = self._private_child(directory, parent)
        return directory, name


def walk(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Every path at and below ``node``, parents first, names in order."""
    node = node.node if isinstance(node, Mount) else node
    yield path, node
    if isinstance(node, Directory):
        for name in sorted(node.children):
            yield from walk(node.children[name], f"{path.rstrip('/')}/{name}")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _join(trail: list[tuple[str, Node, bool]], last: str) -> str:
    return "/".join([name for name, _, _ in trail] + [last])
