"""The files of a node itself: what hostPath volumes show, and where volumes made on the node are.

Upstream: ``pkg/volume/hostpath`` and ``pkg/volume/local``. They outlive pods, and go with the machine.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.runtime.files import Device, Directory, FileSystem, Node, RegularFile, tree

MADE_BY_KUBELET, MADE_BY_PROVISIONER = 0o755, 0o777

_EXPECTED = {
    "Directory": "directory",
    "DirectoryOrCreate": "directory",
    "File": "file",
    "FileOrCreate": "file",
    "Socket": "socket file",
    "CharDevice": "character device",
    "BlockDevice": "block device",
}
"""What the sentence calls each ``type`` of a hostPath volume."""


class MountError(Exception):
    """A volume cannot be set up: what the event FailedMount says."""


class NodeFiles:
    """The tree of the node ``name``; ``now`` gives the time for new files."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        root = tree(
            {
                "dev/null": Device("null"),
                "etc/hostname": f"{name}\n".encode(),
                "etc/kubernetes/manifests": Directory(),
                "home": Directory(),
                "lib/modules": Directory(),
                "mnt": Directory(),
                "opt": Directory(),
                "root": Directory(mode=0o700),
                "run": Directory(),
                "tmp": Directory(mode=0o1777),
                "var/lib/kubelet": Directory(),
                "var/log/pods": Directory(),
            }
        )
        self._files = FileSystem(root, now)

    @property
    def root(self) -> Directory:
        return self._files.root

    def put(self, path: str, node: Node) -> None:
        """Put back a file or directory of an earlier run; a directory that is there keeps what is in it."""
        before = self._files.lookup(path, follow=False)
        if not (isinstance(before, Directory) and isinstance(node, Directory)):
            self._files.link(path, node)

    def host_path(self, path: str, sort: str, mode: int = MADE_BY_KUBELET) -> Node:
        """The node's directory or file at ``path``; ``sort`` is the volume's ``type``: what must be there, or is
        made. Without one the container runtime makes a directory. Raises MountError."""
        node = self._files.lookup(path)
        if node is None and sort in ("", "DirectoryOrCreate"):
            return directories(self._files, path, mode)
        if node is None and sort == "FileOrCreate":
            return self._new_file(path)
        if sort and _sort_of(node) != sort.removesuffix("OrCreate"):
            raise MountError(_wrong(path, sort, node))
        assert node is not None
        return node

    def local(self, path: str) -> Node:
        """What a local volume shows, which must be there. Raises MountError."""
        node = self._files.lookup(path)
        if node is None:
            raise MountError(f'path "{path}" does not exist')
        return node

    def remove(self, path: str) -> None:
        """Remove a directory with all that is in it, if it is there."""
        node = self._files.lookup(path)
        if isinstance(node, Directory):
            node.children.clear()
            self._files.remove(path)

    def _new_file(self, path: str) -> Node:
        try:
            return self._files.open_for_writing(path)
        except OSError as error:
            raise MountError(f"open {path}: {(error.strerror or '').lower()}") from None


def directories(files: FileSystem, path: str, mode: int) -> Node:
    """What is at ``path``, after making the directories that are missing. Raises MountError."""
    walked = ""
    for part in path.strip("/").split("/"):
        walked += f"/{part}"
        if files.lookup(walked) is None:
            try:
                files.make_directory(walked, mode)
            except OSError as error:
                raise MountError(f"mkdir {path}: {(error.strerror or '').lower()}") from None
    return files.find(path)


def _sort_of(node: Node | None) -> str:
    if isinstance(node, Directory):
        return "Directory"
    if isinstance(node, RegularFile):
        return "File"
    return "CharDevice" if isinstance(node, Device) else ""


def _wrong(path: str, sort: str, node: Node | None) -> str:
    expected = _EXPECTED[sort]
    if node is None:
        return (
            f"hostPath type check failed, {path} is not a {expected}, unable to determine its type: "
            f'path "{path}" does not exist'
        )
    return f"hostPath type check failed: {path} is not a {expected}, it's a {_sort_of(node)}"
