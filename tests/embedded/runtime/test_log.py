"""A container's log is a row of files, and the last one can be read."""

from __future__ import annotations

from k8slearn.embedded.runtime.log import MAX_BYTES, MAX_FILES, Log

LINE = b"x" * 1023 + b"\n"
FULL = MAX_BYTES // len(LINE) + 1


def test_a_full_file_is_put_away_and_the_log_begins_anew():
    log = Log(lambda: 0.0)
    log.write("stdout", LINE * FULL)
    assert len(log.lines) == FULL
    log.write("stdout", b"first of the next\n")
    assert [line.text for line in log.lines] == [b"first of the next\n"]
    assert log.size == FULL * len(LINE) + len(b"first of the next\n")


def test_only_so_many_files_are_kept():
    log = Log(lambda: 0.0)
    for _ in range(MAX_FILES + 3):
        log.write("stdout", LINE * FULL)
    assert log.size == MAX_FILES * FULL * len(LINE)
