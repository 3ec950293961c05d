"""Submissions are found in each layout, in a folder and in a zip alike."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from k8slearn.errors import SubmissionError
from k8slearn.grading.submission import find


def put(root: Path, *names: str) -> Path:
    """Files of these names; one that ends in a slash is an empty folder."""
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text("{}")
    return root


def zipped(root: Path, archive: Path) -> Path:
    """The same files in a zip, as ``zip -r`` makes it."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(root.rglob("*")):
            file.write(path, path.relative_to(root))
    return archive


def seen(source: Path) -> list[tuple[str, str, bool]]:
    """Name, learner, whether there is a notebook."""
    return [(one.name, one.learner, one.file is not None) for one in find(source)]


LAYOUTS = {
    "notebooks and folders": (
        (
            "alice.ipynb",
            "bob/01-pods.ipynb",
            "bob/02-deployments.ipynb",
            "bob/.ipynb_checkpoints/01-pods-checkpoint.ipynb",
            ".ipynb_checkpoints/alice-checkpoint.ipynb",
            "__MACOSX/._alice.ipynb",
            "carol/",
            "dave/essay.pdf",
            "conftest.py",
        ),
        [
            ("alice", "alice", True),
            ("bob/01-pods", "bob", True),
            ("bob/02-deployments", "bob", True),
            ("carol", "carol", False),
            ("dave", "dave", False),
        ],
    ),
    "nbgrader's submitted": (
        ("alice/ps1/01-pods.ipynb", "alice/ps1/timestamp.txt", "bob/ps1/timestamp.txt"),
        [("alice/ps1/01-pods", "alice", True), ("bob", "bob", False)],
    ),
    "Moodle's export": (
        (
            "Jane Doe_12345_assignsubmission_file/my answers.ipynb",
            "Jane Doe_12345_assignsubmission_onlinetext/onlinetext.html",
            "Jane Doe_12399_assignsubmission_file_/01-pods.ipynb",
            "Li Wei_7_assignsubmission_file_01-pods.ipynb",
            "Ann Oh_8_assignsubmission_onlinetext/onlinetext.html",
        ),
        [
            ("Ann Oh_8", "Ann Oh_8", False),
            ("Jane Doe_12345/my answers", "Jane Doe_12345", True),
            ("Jane Doe_12399/01-pods", "Jane Doe_12399", True),
            ("Li Wei_7/01-pods", "Li Wei_7", True),
        ],
    ),
    "Canvas's export": (
        ("doejane_4711_998877_01-pods-1.ipynb", "liwei_LATE_4712_998878_01-pods.ipynb"),
        [("doejane_4711/01-pods-1", "doejane_4711", True), ("liwei_4712/01-pods", "liwei_4712", True)],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_each_layout_is_understood(tmp_path: Path, layout: str, packed: bool):
    names, expected = LAYOUTS[layout]
    source = put(tmp_path / "class", *names)
    assert seen(zipped(source, tmp_path / "export.zip") if packed else source) == expected


def test_a_zip_of_the_folder_that_it_is_named_after_is_as_good_as_the_folder(tmp_path: Path):
    put(tmp_path / "in" / "class", "alice.ipynb", "bob/01-pods.ipynb")
    assert [one.learner for one in find(zipped(tmp_path / "in", tmp_path / "class.zip"))] == ["alice", "bob"]
    assert [one.learner for one in find(zipped(tmp_path / "in", tmp_path / "other.zip"))] == [
        "class",
        "class",
    ]


def test_where_there_is_nothing_it_says_what_to_put_there(tmp_path: Path):
    (tmp_path / "note.txt").write_text("hello")
    for source, said in (
        (tmp_path, r"alice\.ipynb"),
        (tmp_path / "absent", "is not there"),
        (tmp_path / "note.txt", "neither a folder nor a zip"),
    ):
        with pytest.raises(SubmissionError, match=said):
            find(source)


def test_hostile_names_in_a_zip_are_labels_and_lead_nowhere(tmp_path: Path):
    archive = tmp_path / "export.zip"
    names = [
        "../alice/01-pods.ipynb",
        "/etc/x.ipynb",
        "a\\..\\..\\b.ipynb",
        "bob/\x1b[31m\n=1+1.ipynb",
        "C:\\c.ipynb",
    ]
    with zipfile.ZipFile(archive, "w") as file:
        for name in [*names, "alice/01-pods.ipynb"]:
            file.writestr(name, b"{}")
    found = {one.name: one for one in find(archive)}
    assert len(found) == 6
    assert [one.name for one in found.values() if one.learner == "alice"] == ["alice/01-pods"]
    for name in ("../alice/01-pods", "a/../../b"):
        file = found[name].file
        assert file is not None
        with pytest.raises(SubmissionError, match="leads out of the zip"):
            file.content()


def test_a_name_that_a_zip_holds_twice_is_two_submissions(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as file:
        file.writestr("alice.ipynb", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("alice.ipynb", b"2")
    found = find(tmp_path / "export.zip")
    assert [(one.name, one.file and one.file.content()) for one in found] == [
        ("alice", b"1"),
        ("alice (2)", b"2"),
    ]


def test_when_it_was_handed_in_is_nbgraders_note_else_the_files_time(tmp_path: Path):
    source = put(tmp_path / "class", "alice/ps1/a.ipynb", "bob/ps1/b.ipynb", "carol/ps1/c.ipynb")
    (source / "alice/ps1/timestamp.txt").write_text("2026-02-02 15:58:23.948203 Europe/Berlin\n")
    (source / "bob/ps1/timestamp.txt").write_text("yesterday, I think")
    for name in ("bob/ps1/b.ipynb", "carol/ps1/c.ipynb"):
        os.utime(source / name, (1_767_225_600, 1_767_225_600))
    assert [one.handed_in for one in find(source)] == [
        "2026-02-02T14:58:23+00:00",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00+00:00",
    ]


def test_a_zip_tells_the_time_to_the_second_where_info_zip_made_it(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as file:
        entry = zipfile.ZipInfo("alice.ipynb", (2026, 1, 1, 12, 0, 0))
        entry.extra = b"\x55\x54\x05\x00\x01" + (1_767_225_601).to_bytes(4, "little")
        file.writestr(entry, b"{}")
        file.writestr(zipfile.ZipInfo("bob.ipynb", (1980, 0, 0, 0, 0, 0)), b"{}")
    assert [one.handed_in for one in find(tmp_path / "export.zip")] == ["2026-01-01T00:00:01+00:00", ""]
