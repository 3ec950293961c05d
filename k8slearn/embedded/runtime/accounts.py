"""Users and groups, as a container's /etc/passwd and /etc/group name them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from k8slearn.embedded.runtime.files import FileSystem


class Account(NamedTuple):
    name: str
    uid: int
    gid: int
    home: str


def accounts(files: FileSystem) -> list[Account]:
    return _accounts(_content(files, "/etc/passwd"))


@lru_cache(maxsize=64)
def _accounts(content: bytes) -> list[Account]:
    found: list[Account] = []
    for fields in _entries(content):
        if len(fields) > 5 and fields[2].isdigit() and fields[3].isdigit():
            found.append(Account(fields[0], int(fields[2]), int(fields[3]), fields[5]))
    return found


def account(files: FileSystem, uid: int) -> Account | None:
    return next((known for known in accounts(files) if known.uid == uid), None)


def user_name(files: FileSystem, uid: int) -> str:
    """The name, or the number where nobody has it."""
    known = account(files, uid)
    return known.name if known else str(uid)


def group_name(files: FileSystem, gid: int) -> str:
    for fields in _entries(_content(files, "/etc/group")):
        if len(fields) > 2 and fields[2] == str(gid):
            return fields[0]
    return str(gid)


def primary_group(files: FileSystem, uid: int) -> int:
    """The group that /etc/passwd gives a user; root's for one that it does not have."""
    known = account(files, uid)
    return known.gid if known else 0


def home(files: FileSystem, uid: int) -> str:
    """$HOME as runc sets it: / for a user that /etc/passwd does not have."""
    known = account(files, uid)
    return known.home if known else "/"


def _content(files: FileSystem, path: str) -> bytes:
    try:
        return files.read(path)
    except OSError:
        return b""


def _entries(content: bytes) -> list[list[str]]:
    return [line.split(":") for line in content.decode(errors="replace").splitlines() if line]
