"""The nodes' disks between two runs of a cluster: what claims and hostPath volumes hold is kept beside the journal.

They are written when the cluster is stopped, not with every change: a cluster that is killed finds them as they
were when it was last stopped. Containers' own files and emptyDir volumes are memory, and are lost.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from k8slearn.embedded.kubelet.node_files import NodeFiles
from k8slearn.embedded.runtime.files import Directory, Node, RegularFile, Symlink, walk
from k8slearn.errors import StorageError

Entry = list[Any]
"""``[path, sort, mode, uid, gid, modified, content]``; the content is a file's in base64, or a link's target."""


def save(path: Path, disks: Mapping[str, NodeFiles]) -> None:
    """Write the files of each node, whole or not at all. Raises StorageError."""
    entries = {name: _entries(files.root) for name, files in disks.items()}
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_bytes(orjson.dumps(entries))
        new.replace(path)
    except OSError as error:
        raise StorageError(
            f"The nodes' files {path} cannot be written: {error.strerror}. What pods wrote to their volumes since "
            "the cluster was started is lost; its objects are kept."
        ) from error


def load(path: Path, disks: Mapping[str, NodeFiles]) -> None:
    """Put back what ``save`` wrote, if anything. Raises StorageError."""
    try:
        saved: dict[str, list[Entry]] = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise StorageError(
            f"The nodes' files {path} cannot be read: {error}. Delete that file to go on without them."
        ) from error
    for name, entries in saved.items():
        if name in disks:
            for place, *entry in entries:
                disks[name].put(place, _node(*entry))


def _entries(root: Directory) -> list[Entry]:
    """Parents come before their children. Devices are there anyway; programs cannot be written down."""
    found: list[Entry] = []
    for path, node in walk(root, "/"):
        common = [node.mode, node.uid, node.gid, node.modified]
        if isinstance(node, Directory) and path != "/":
            found.append([path, "directory", *common, ""])
        elif isinstance(node, Symlink):
            found.append([path, "link", *common, node.target])
        elif isinstance(node, RegularFile) and node.program is None:
            found.append([path, "file", *common, base64.b64encode(node.content).decode()])
    return found


def _node(sort: str, mode: int, uid: int, gid: int, modified: float, content: str) -> Node:
    owner = {"uid": uid, "gid": gid, "modified": modified}
    if sort == "directory":
        return Directory(mode=mode, **owner)
    if sort == "link":
        return Symlink(content, **owner)
    return RegularFile(base64.b64decode(content), mode, **owner)
