"""Files of an engine: written for their owner only, and locked while one process works on a cluster."""

from __future__ import annotations

import fcntl
from pathlib import Path

from k8slearn.errors import ClusterError


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner only, in one step: a reader sees the old text or the whole new one."""
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)


class Lock:
    """Held until its process ends or it is released. Raises ClusterError, with ``taken``, when another has it."""

    def __init__(self, folder: Path, taken: str) -> None:
        self._file = (folder / "lock").open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ClusterError(taken) from None

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
