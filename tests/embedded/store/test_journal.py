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
    with pytest.raises(StorageError, match=r"damaged in line 3.*k8slearn down"):
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


def test_a_long_journal_is_rewritten_and_keeps_revisions_and_time(
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
    monkeypatch.setattr(journal, "LONG", 1000)
    again = Journal(path)
    opened = Store(again)
    assert path.stat().st_size < size / 10
    assert again.time == 1234.5
    assert opened.create("configmaps", configmap("c")).revision == store.revision + 1
    assert names(path) == ["a", "c"]


def test_a_journal_stays_bounded_while_the_store_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(journal, "LONG", 5_000)
    path = tmp_path / "journal"
    store = Store(Journal(path))
    store.create("configmaps", configmap("a"))
    longest = 0
    for number in range(500):
        store.update("configmaps", configmap("a", n=str(number)))
        longest = max(longest, path.stat().st_size)
    assert 4_000 < longest < 6_000
    again = Store(Journal(path))
    assert again.revision == store.revision == 501
    assert again.get("configmaps", "default", "a").object["data"] == {"n": "499"}


def test_a_disk_without_room_for_a_rewritten_journal_goes_on_with_the_long_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "journal"
    store = Store(Journal(path))
    monkeypatch.setattr(journal, "LONG", 1_000)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for number in range(30):
        store.create("configmaps", configmap(f"n{number}"))
    monkeypatch.undo()
    assert len(names(path)) == 30
    assert [file.name for file in tmp_path.iterdir()] == ["journal"]


@pytest.mark.parametrize(
    "content",
    [
        b"apiVersion: v1\nkind: Pod\n",
        b"\x00\x01",
        b'{"k8slearn journal": 1}\n',
        b'["k8slearn journal", 2, 0, null]\n',
    ],
    ids=["a manifest", "no text", "another JSON", "a newer form"],
)
def test_what_is_no_journal_of_this_version_is_refused_and_left_alone(tmp_path: Path, content: bytes):
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"k8slearn.*k8slearn down"):
        Journal(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"journal .* cannot be opened.*K8SLEARN_HOME"):
        Journal(tmp_path / "file" / "journal")
