"""What was acknowledged survives a killed process, a torn line and a full disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from k8slearn.embedded.store import Journal, Store, journal
from k8slearn.errors import StorageError


def configmap(name: str, **data: str) -> dict:
    return {"metadata": {"namespace": "default", "name": name}, "data": data}


def names(path: Path) -> list[str]:
    return [stored.key.name for stored in Store(Journal(path)).list("configmaps")]


def test_a_store_goes_on_where_its_journal_ends(tmp_path: Path):
    store = Store(Journal(tmp_path / "journal"))
    store.create("configmaps", configmap("a"))
    store.create("configmaps", configmap("b"))
    store.delete("configmaps", "default", "a")
    again = Store(Journal(tmp_path / "journal"))
    assert names(tmp_path / "journal") == ["b"]
    assert again.create("configmaps", configmap("c")).revision == 4


def test_a_line_that_was_cut_off_is_dropped_and_the_next_write_takes_its_place(tmp_path: Path):
    path = tmp_path / "journal"
    store = Store(Journal(path))
    store.create("configmaps", configmap("a"))
    store.create("configmaps", configmap("b"))
    path.write_bytes(path.read_bytes()[:-20])
    assert names(path) == ["a"]
    Store(Journal(path)).create("configmaps", configmap("c"))
    assert names(path) == ["a", "c"]


def test_a_damaged_line_is_reported_with_its_number_and_what_to_do(tmp_path: Path):
    path = tmp_path / "journal"
    Store(Journal(path)).create("configmaps", configmap("a"))
    path.write_bytes(path.read_bytes() + b"garbage\n")
    with pytest.raises(StorageError, match=r"damaged in line 2.*k8slearn down"):
        Journal(path)


def test_a_full_disk_refuses_the_write_and_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "journal"
    store = Store(Journal(path))
    store.create("configmaps", configmap("a"))
    write = os.write

    def full(file: int, data: bytes) -> int:
        write(file, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="No space left on device"):
        store.create("configmaps", configmap("b"))
    monkeypatch.undo()
    assert store.revision == 1 and store.find("configmaps", "default", "b") is None
    store.create("configmaps", configmap("c"))
    assert names(path) == ["a", "c"]


def test_a_long_journal_is_written_anew_and_keeps_revisions_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "journal"
    first = Journal(path)
    first.now = lambda: 1234.5
    store = Store(first)
    store.create("configmaps", configmap("a"))
    for number in range(50):
        store.update("configmaps", configmap("a", n=str(number)))
    store.create("configmaps", configmap("b"))
    store.delete("configmaps", "default", "b")
    size = path.stat().st_size
    monkeypatch.setattr(journal, "COMPACT_AT", 1000)
    again = Journal(path)
    assert path.stat().st_size < size / 10
    assert again.time == 1234.5
    assert Store(again).create("configmaps", configmap("c")).revision == store.revision + 1
    assert names(path) == ["a", "c"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"journal .* cannot be opened.*K8SLEARN_HOME"):
        Journal(tmp_path / "file" / "journal")
