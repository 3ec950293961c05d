"""A file is read whole or not at all: under a cap, through no link, and never so that it blocks."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from k8slearn.errors import SubmissionError
from k8slearn.grading.files import MAX_BYTES, File, listing


def only(source: Path) -> File:
    (file,) = listing(source).files
    return file


def refused(file: File) -> str:
    with pytest.raises(SubmissionError) as error:
        file.content()
    return str(error.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "class").mkdir()
    return tmp_path / "class"


def packed(tmp_path: Path, content: bytes = b"{}", **attributes: object) -> Path:
    entry = zipfile.ZipInfo("a.ipynb")
    entry.compress_type = zipfile.ZIP_DEFLATED
    for name, value in attributes.items():
        setattr(entry, name, value)
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as file:
        file.writestr(entry, content)
    return tmp_path / "class.zip"


def test_what_is_there_is_read(tmp_path: Path, folder: Path):
    (folder / "a.ipynb").write_bytes(b"{}")
    assert only(folder).content() == only(packed(tmp_path)).content() == b"{}"


def test_fifty_megabytes_say_how_to_make_them_small(tmp_path: Path, folder: Path):
    with (folder / "a.ipynb").open("wb") as file:
        file.truncate(2 * MAX_BYTES)
    assert "Clear Outputs" in refused(only(folder))
    bomb = packed(tmp_path, bytes(2 * MAX_BYTES))
    assert bomb.stat().st_size < 100_000
    assert "Clear Outputs" in refused(only(bomb))


def test_a_link_is_no_notebook_wherever_it_leads(tmp_path: Path, folder: Path):
    (tmp_path / "solution.ipynb").write_text("{}")
    (folder / "a.ipynb").symlink_to(tmp_path / "solution.ipynb")
    assert "symbolic link" in refused(only(folder))
    assert "symbolic link" in refused(
        only(packed(tmp_path, b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16))
    )


def test_a_linked_folder_is_not_entered(tmp_path: Path, folder: Path):
    (tmp_path / "neighbour").mkdir()
    (tmp_path / "neighbour" / "a.ipynb").write_text("{}")
    (folder / "mine").symlink_to(tmp_path / "neighbour")
    assert [file.parts for file in listing(folder).files] == [("mine",)]


def test_a_pipe_does_not_block(folder: Path):
    os.mkfifo(folder / "a.ipynb")
    assert "not a regular file" in refused(only(folder))


def test_a_folder_that_never_ends_is_left_after_a_few_levels(folder: Path):
    deep = folder.joinpath(*["d"] * 30)
    deep.mkdir(parents=True)
    (deep / "a.ipynb").write_text("{}")
    assert listing(folder).files == ()


def test_a_damaged_or_an_encrypted_entry_has_a_reason(tmp_path: Path):
    path = packed(tmp_path, b"x" * 1_000)
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(bytes(content))
    assert "damaged in the zip" in refused(only(path))
    content = bytearray(packed(tmp_path).read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert "encrypted" in refused(only(path))
