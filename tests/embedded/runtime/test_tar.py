"""tar, as ``kubectl cp`` uses it."""

from __future__ import annotations

import io
import tarfile

import pytest


@pytest.fixture
def box(lab):
    return lab.run(args=["sh", "-c", "mkdir -p /src/sub; echo a > /src/a; echo b > /src/sub/b; sleep 9999"])


def sh(lab, box, script: str) -> str:
    done = lab.exec(box, "sh", "-c", script)
    assert done.code == 0, done
    return done.out


def test_a_directory_goes_into_an_archive_and_out_again(lab, box):
    sh(lab, box, "chmod 600 /src/a; ln -s a /src/link; cd /src; tar cf /tmp/x.tar .")
    script = "mkdir /to; tar -xf /tmp/x.tar -C /to; cat /to/a /to/link /to/sub/b; stat -c %a /to/a"
    assert sh(lab, box, script) == "a\na\nb\n600\n"


def test_through_a_pipe_as_kubectl_cp_does(lab, box):
    assert sh(lab, box, "cd /src && tar cf - . | (mkdir /to; tar -xmf - -C /to); ls /to") == "a\nsub\n"


def test_other_tar_programs_can_read_it(lab, box):
    output = bytearray()
    from k8slearn.embedded.runtime.console import Callback

    lab.clock.settle()
    box.exec(
        ["tar", "cf", "-", "/src"], client=Callback(lambda fd, data: output.extend(data if fd == 1 else b""))
    )
    lab.clock.advance(1)
    with tarfile.open(fileobj=io.BytesIO(bytes(output))) as opened:
        assert opened.getnames() == ["src", "src/a", "src/sub", "src/sub/b"]
        assert len(output) == 6 * 512 + 2 * 512  # four headers, two contents, and the end


def test_names_never_lead_out(lab, box):
    assert lab.exec(box, "tar", "cf", "/tmp/x.tar", "/src/../src/a").err == (
        "tar: removing leading '/src/../' from member names\n"
    )
    assert sh(lab, box, "tar tf /tmp/x.tar") == "src/a\n"
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w") as opened:
        opened.addfile(tarfile.TarInfo("../evil"))
    done = lab.exec(box, "tar", "xf", "-", "-C", "/tmp", stdin=evil.getvalue().decode())
    assert done.err == "tar: name with '..' skipped: '../evil'\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["tar", "xf", "/nosuch.tar"], "tar: can't open '/nosuch.tar': No such file or directory\n"),
        (["tar", "xf", "/src/a"], "tar: short read\n"),
        (
            ["tar", "xf", "-", "-C", "/no"],
            "tar: can't change directory to '/no': No such file or directory\n",
        ),
        (
            ["tar", "cf", "/tmp/x", "/no"],
            "tar: /no: No such file or directory\ntar: error exit delayed from previous errors\n",
        ),
    ],
)
def test_what_goes_wrong_is_said_as_busybox_says_it(lab, box, command: list[str], says: str):
    done = lab.exec(box, *command)
    assert (done.err, done.code) == (says, 1)
