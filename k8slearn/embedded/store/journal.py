"""The store's journal on disk: every write is there before anyone is told that it happened.

The first line says what the file is: ``["k8slearn journal", 1, revision, time]``. Then a line of JSON a write:
``[revision, time, resource, namespace, name, object or null]``, time being virtual seconds since 1970. A line is
handed to the operating system before the write is visible, so a killed process (``kill -9``) loses nothing that it
acknowledged; only a machine that loses power can. A last line that was cut off half way belongs to a write that
nobody was told of, and is dropped.

A journal that has grown is *rewritten* with only the objects that still exist: into a file beside it, which then
takes its place in one step. So it is never longer than a few times what the cluster holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from k8slearn.embedded.store.key import Key
from k8slearn.errors import StorageError

NAME = "k8slearn journal"

VERSION = 1
"""Of the form of the file; another one is refused."""

LONG = 4_000_000
"""Bytes from which a journal is rewritten, if it is also ``GROWN`` times as long as it was after the last time."""

GROWN = 3

ANEW = "Start over with an empty cluster: k8slearn down, delete that file, k8slearn up."


class Record(NamedTuple):
    """One write: ``object`` is None for a deletion."""

    revision: int
    time: float
    resource: str
    key: Key
    object: dict[str, Any] | None


class Journal:
    """Appends to, and replays, the file ``path``; makes it when it is not there.

    Raises StorageError when the file cannot be read or written, or is not a journal; it is left as it is then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.revision = 0
        """Of the last write that the file holds or has held."""
        self.time: float | None = None
        """Virtual time of the last write, or None in a new journal."""
        self.now: Callable[[], float] = lambda: self.time or 0.0
        """The virtual time that new writes are marked with; set by who owns the clock."""
        self.records: list[Record] = []
        self._size = 0
        self._rewritten = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = not path.exists() or path.stat().st_size == 0
            self._file = self._replace([], None) if new else os.open(path, os.O_RDWR)
        except OSError as error:
            raise StorageError(
                f"The cluster's journal {path} cannot be opened: {error.strerror}. "
                "Make its folder writable, or set K8SLEARN_HOME to one that is."
            ) from error
        self.records = list(self._read())
        if self.records:
            self.revision, self.time = self.records[-1].revision, self.records[-1].time
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)

    def _read(self) -> Iterator[Record]:
        with self.path.open("rb") as lines:
            self._read_head(lines.readline())
            for number, line in enumerate(lines, start=2):
                if not line.endswith(b"\n"):
                    return  # cut off half way: nobody was told of this write
                try:
                    revision, time, resource, namespace, name, obj = orjson.loads(line)
                except ValueError as error:
                    raise StorageError(
                        f"The cluster's journal {self.path} is damaged in line {number}. {ANEW}"
                    ) from error
                self._size += len(line)
                yield Record(revision, time, resource, Key(namespace, name), obj)

    def _read_head(self, line: bytes) -> None:
        head = None
        with suppress(ValueError):
            head = orjson.loads(line)
        if not isinstance(head, list) or len(head) != 4 or head[0] != NAME:
            raise StorageError(f"{self.path} is not a journal of a k8slearn cluster of this version. {ANEW}")
        if head[1] != VERSION:
            raise StorageError(
                f"The cluster's journal {self.path} has the form {head[1]}, and this k8slearn knows {VERSION}: "
                f"another version of k8slearn wrote it. Use that one, or start over. {ANEW}"
            )
        self.revision, self.time = head[2:]
        self._size = len(line)

    # -- writing --------------------------------------------------------------------------------

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
        self.revision = revision
        self._size += len(line)

    @property
    def overlong(self) -> bool:
        return self._size > max(LONG, GROWN * self._rewritten)

    def rewrite(self, live: Iterable[tuple[int, str, Key, bytes]]) -> None:
        """Begin anew with what exists: revision, resource, key and JSON of each object, in the order of revisions.

        Where that cannot be (a full disk) the journal stays as it is.
        """
        try:
            new = self._replace(live, self.now())
        except OSError:
            self._rewritten = self._size  # not again with each write
            return
        os.close(self._file)
        self._file = new

    def _replace(self, live: Iterable[tuple[int, str, Key, bytes]], time: float | None) -> int:
        """Put a new file in the journal's place, and return it. Raises OSError, with the old one as it was."""
        beside = self.path.with_suffix(".new")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(orjson.dumps([NAME, VERSION, self.revision, time]) + b"\n")
                for revision, resource, key, encoded in live:
                    file.write(_line(revision, time or 0.0, resource, key, encoded))
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            opened = os.open(beside, os.O_RDWR | os.O_APPEND)
            beside.replace(self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise
        self._size = self._rewritten = size
        return opened

    def close(self) -> None:
        os.fsync(self._file)
        os.close(self._file)


def _line(revision: int, time: float, resource: str, key: Key, encoded: bytes | None) -> bytes:
    head = orjson.dumps([revision, time, resource, key.namespace, key.name])
    return head[:-1] + b"," + (encoded or b"null") + b"]\n"
