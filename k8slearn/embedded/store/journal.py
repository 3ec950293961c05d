"""The store's journal on disk: every write is there before anyone is told that it happened.

One line of JSON a write: ``[revision, time, resource, namespace, name, object or null]``, time being virtual
seconds since 1970. A line is handed to the operating system before the write is visible, so a killed process
(``kill -9``) loses nothing that it acknowledged; only a machine that loses power can. A last line that was cut
off half way belongs to a write that nobody was told of, and is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.store.key import Key
from k8slearn.errors import StorageError

COMPACT_AT = 4_000_000
"""Bytes from which a journal is written anew when it is opened, with only the objects that still exist."""


class Record(NamedTuple):
    """One write: ``object`` is None for a deletion."""

    revision: int
    time: float
    resource: str
    key: Key
    object: dict[str, Any] | None


class Journal:
    """Appends to, and replays, the file ``path``; makes it when it is not there.

    Raises StorageError when the file cannot be read or written, or is not a journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(
                f"The cluster's journal {path} cannot be opened: {error.strerror}. "
                "Make its folder writable, or set K8SLEARN_HOME to one that is."
            ) from error
        self._size = 0
        self.records = list(self._read())
        self.time: float | None = self.records[-1].time if self.records else None
        """Virtual time of the last write, or None in a new journal."""
        self.now: Callable[[], float] = lambda: self.time or 0.0
        """The virtual time that new writes are marked with; set by who owns the clock."""
        if self._size > COMPACT_AT:
            self._rewrite()
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)

    def _read(self) -> Iterator[Record]:
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return  # cut off half way: nobody was told of this write
                try:
                    revision, time, resource, namespace, name, obj = orjson.loads(line)
                except ValueError as error:
                    raise StorageError(
                        f"The cluster's journal {self.path} is damaged in line {number}. "
                        "Start over with an empty cluster: k8slearn down, delete that file, k8slearn up."
                    ) from error
                self._size += len(line)
                yield Record(revision, time, resource, Key(namespace, name), obj)

    def _rewrite(self) -> None:
        records = self.records
        live = {(record.resource, record.key): record for record in records}
        # The last write stays even when it was a deletion: it holds the revision the store goes on from.
        kept = [
            r for r in records if live[r.resource, r.key] is r and (r.object is not None or r is records[-1])
        ]
        new = self.path.with_suffix(".new")
        with new.open("wb") as file:
            for record in kept:
                encoded = orjson.dumps(record.object) if record.object is not None else None
                file.write(_line(record.revision, record.time, record.resource, record.key, encoded))
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        new.replace(self.path)
        os.close(self._file)
        self._file = os.open(self.path, os.O_RDWR)

    def append(self, revision: int, resource: str, key: Key, encoded: bytes | None) -> None:
        """Write one line, whole or not at all. ``encoded`` is None for a deletion. Raises StorageError."""
        line = _line(revision, self.now(), resource, key, encoded)
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise StorageError(
                f"The cluster's journal {self.path} cannot be written: {error.strerror}. "
                "Nothing was changed. Make room on that disk and try again."
            ) from error
        self._size += len(line)

    def close(self) -> None:
        os.fsync(self._file)
        os.close(self._file)


def _line(revision: int, time: float, resource: str, key: Key, encoded: bytes | None) -> bytes:
    head = orjson.dumps([revision, time, resource, key.namespace, key.name])
    return head[:-1] + b"," + (encoded or b"null") + b"]\n"
