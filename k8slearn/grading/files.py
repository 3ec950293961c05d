"""The files that were handed in, in a folder or in a zip: listed by their names, read under a cap.

Nothing is unpacked and no link is followed, so a name is never more than a label: an entry ``../../home/x.ipynb``
leads nowhere, a link to a neighbour's notebook is no notebook, and a bomb is cut off at the cap.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from k8slearn.errors import SubmissionError

MAX_BYTES = 25_000_000
"""Largest file that is read. A lesson is under 100 KB; what grows beyond this is saved output."""

MAX_FILES = 50_000
"""Most files of one class."""

MAX_DEPTH = 6
"""Folders within folders that are looked into."""


class File(Protocol):
    """A file of the class. ``parts`` are its folders and its name, which a learner may have chosen."""

    @property
    def parts(self) -> tuple[str, ...]: ...

    def content(self) -> bytes:
        """All of it. Raises SubmissionError with a reason for the learner when it cannot be had."""
        ...

    def modified(self) -> datetime | None:
        """When it was last changed, in UTC, as far as that is known."""
        ...


@dataclass(frozen=True)
class Listing:
    """All files of a class, and the folders at its top (a learner's may be empty)."""

    files: tuple[File, ...]
    folders: tuple[str, ...]


def listing(root: Path) -> Listing:
    """What is in a folder or a zip, by name, without what is hidden.

    Raises SubmissionError when it is neither, or has more than MAX_FILES files.
    """
    if root.is_dir():
        files = tuple(_walk(root, ()))
        folders = [entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    elif root.is_file():
        files = tuple(_entries(root))
        folders = [file.parts[0] for file in files if len(file.parts) > 1 and ".." not in file.parts]
        files = tuple(file for file in files if file.parts[-1])
    else:
        raise SubmissionError(
            f"{root} is not there. Give the folder or the zip that holds the learners' notebooks."
        )
    if len(files) > MAX_FILES:
        raise SubmissionError(f"{root} holds more than {MAX_FILES:,} files. Give it in portions.")
    return Listing(files, tuple(sorted({name for name in folders if not _hidden(name)})))


def _hidden(name: str) -> bool:
    """``.ipynb_checkpoints``, ``.git``, and what macOS puts into a zip beside the files."""
    return (name.startswith(".") and name not in (".", "..")) or name == "__MACOSX"


# -- in a folder --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnDisk:
    """A file in a folder. A link, a pipe or a device is never opened."""

    path: Path
    parts: tuple[str, ...]

    def content(self) -> bytes:
        try:
            kind = self.path.lstat().st_mode
            if stat.S_ISLNK(kind):
                raise SubmissionError("It is a symbolic link. Hand in the notebook itself.")
            if not stat.S_ISREG(kind):
                raise SubmissionError("It is not a regular file.")
            with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
                return _capped(file.read(MAX_BYTES + 1))
        except OSError as error:
            raise SubmissionError(f"It cannot be read: {error.strerror}.") from error

    def modified(self) -> datetime:
        return datetime.fromtimestamp(self.path.lstat().st_mtime, UTC)


def _walk(folder: Path, above: tuple[str, ...]) -> Iterator[OnDisk]:
    """The files of a folder and of those in it; one that may not be looked into is as good as empty."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        return
    for entry in entries:
        parts = (*above, entry.name)
        if _hidden(entry.name):
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield OnDisk(Path(entry.path), parts)
        elif len(parts) < MAX_DEPTH:
            yield from _walk(Path(entry.path), parts)


# -- in a zip -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InZip:
    """An entry of a zip. A folder's has an empty name as its last part."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    parts: tuple[str, ...]

    def content(self) -> bytes:
        if ".." in self.parts:
            raise SubmissionError("Its name leads out of the zip. Zip the notebook by itself.")
        if stat.S_ISLNK(self.info.external_attr >> 16):
            raise SubmissionError("It is a symbolic link in the zip. Hand in the notebook itself.")
        try:
            with self.archive.open(self.info) as file:
                return _capped(file.read(MAX_BYTES + 1))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise SubmissionError(f"It is damaged in the zip: {error}") from error
        except (RuntimeError, NotImplementedError) as error:  # a password, an unknown compression
            raise SubmissionError(
                "It cannot be read from the zip: it is encrypted or packed oddly."
            ) from error

    def modified(self) -> datetime | None:
        """The exact time where the zip has it, else what it has: a time of day of an unknown zone, taken as ours."""
        extra = self.info.extra
        while len(extra) >= 4:
            kind, size = struct.unpack_from("<HH", extra)
            if kind == 0x5455 and size >= 5 and extra[4] & 1:  # Info-ZIP's "extended timestamp"
                return datetime.fromtimestamp(struct.unpack_from("<I", extra, 5)[0], UTC)
            extra = extra[4 + size :]
        try:
            return datetime(*self.info.date_time).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def _entries(path: Path) -> Iterator[InZip]:
    """The entries of a zip; those of ``class.zip`` that are all in a folder ``class`` as if they were at its top."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise SubmissionError(f"{path} is neither a folder nor a zip that can be read: {error}") from error
    named = [(tuple(_parts(info.filename)), info) for info in archive.infolist()]
    named = [
        (parts, info) for parts, info in named if not any(map(_hidden, parts)) and len(parts) <= MAX_DEPTH
    ]
    if {parts[0] for parts, _ in named} == {path.stem}:
        named = [(parts[1:], info) for parts, info in named if parts[1:] != ("",)]
    for parts, info in sorted(named, key=lambda one: one[0]):
        yield InZip(archive, info, parts)


def _parts(name: str) -> list[str]:
    """The parts of an entry's name; Windows' own zips have backslashes."""
    *folders, last = name.replace("\\", "/").split("/")
    return [*(part for part in folders if part not in ("", ".")), last]


def _capped(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise SubmissionError(
            f"It is larger than {MAX_BYTES // 1_000_000} MB. In JupyterLab choose Edit, Clear Outputs of All "
            "Cells, save it and hand it in again."
        )
    return content
