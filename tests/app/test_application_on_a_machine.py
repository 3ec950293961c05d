"""The lessons' application as a real container runs it: ``python -m app``, asked over real sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import k8slearn.app

FOLDER = Path(k8slearn.app.__file__).parent.parent


def run(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *arguments]
    environment = {**os.environ, **env, "PYTHONPATH": str(FOLDER)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)


@contextmanager
def started(program: str, port: int, **env: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "PORT": str(port), **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "app", program], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        while "listens" not in (line := process.stdout.readline()):
            assert line, "the program ended before it listened"
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(port: int, path: str, data: dict[str, str] | None = None, token: str = "") -> tuple[int, str]:
    body = json.dumps(data).encode() if data is not None else None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_page_says_its_version_and_its_readiness_can_be_switched(unused_port: int):
    with started("web", unused_port, VERSION="1.1"):
        assert json.loads(ask(unused_port, "/")[1])["version"] == "1.1"
        assert ask(unused_port, "/readyz")[0] == 200
        ask(unused_port, "/ready/off", {})
        assert ask(unused_port, "/readyz") == (503, "not ready\n")
        assert ask(unused_port, "/healthz")[0] == 200
        assert ask(unused_port, "/slow?seconds=x")[0] == 400


def test_a_graceful_program_finishes_what_is_in_flight(unused_port: int):
    with started("web", unused_port, DELAY_SECONDS="0.5") as process:
        load = subprocess.Popen(
            [sys.executable, "-m", "app", "load", f"http://127.0.0.1:{unused_port}/", "--seconds", "0.1"],
            env={**os.environ, "PYTHONPATH": str(FOLDER)},
            stdout=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 10
        while "requests_in_flight 2" not in ask(unused_port, "/metrics")[1]:  # its own, and the load's
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        assert "failed 0" in load.communicate(timeout=20)[0]
        assert process.wait(timeout=10) == 0


def test_the_model_server_classifies(unused_port: int):
    with started("model", unused_port):
        urgent = json.loads(ask(unused_port, "/predict", {"text": "the site is down, help immediately"})[1])
        assert urgent["urgent"] is True
        assert json.loads(ask(unused_port, "/predict", {"text": "谢谢，文档很好"})[1])["urgent"] is False
        assert ask(unused_port, "/predict", {"words": "no text"})[0] == 400


def test_training_writes_weights_that_a_worker_reads(tmp_path: Path):
    assert run("train", "weights.json", cwd=tmp_path, ROUNDS="20").returncode == 0
    worker = run("worker", cwd=tmp_path, MODEL_PATH="weights.json", WORKERS="4", JOB_COMPLETION_INDEX="1")
    assert worker.stdout == "worker 1 of 4: 8 messages, 4 urgent\n"


def test_load_counts_what_was_refused(unused_port: int, tmp_path: Path):
    done = run("load", f"http://127.0.0.1:{unused_port}/", "--rate", "20", "--seconds", "0.2", cwd=tmp_path)
    assert done.returncode == 1
    assert "failed 4 (100.00%)" in done.stdout
    assert "connection refused 4" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (("web",), {"PORT": "web"}, "PORT is 'web'"),
        (("web",), {"STOP": "slowly"}, "graceful, rude, deaf"),
        (("web",), {"GREETING_FILE": "/no/such"}, "GREETING_FILE is '/no/such': No such file or directory"),
        (("model",), {"TOKEN_FILE": "/no/such"}, "TOKEN_FILE is '/no/such': No such file or directory"),
        (("load", "ftp://x"), {}, "is no URL such as"),
        (("nosuch",), {}, "there is no program 'nosuch'"),
        (("train",), {}, "usage: train OUT"),
    ],
)
def test_a_wrong_setting_is_said_in_a_sentence(
    arguments: tuple[str, ...], env: dict[str, str], said: str, tmp_path: Path
):
    done = run(*arguments, cwd=tmp_path, **env)
    assert done.returncode == 2
    assert said in done.stdout


def test_a_greeting_from_a_file_follows_the_file(unused_port: int, tmp_path: Path):
    file = tmp_path / "greeting"
    file.write_text("hi")
    with started("web", unused_port, GREETING_FILE=str(file)):
        assert json.loads(ask(unused_port, "/")[1])["greeting"] == "hi"
        file.write_text("ahoy\n")
        assert json.loads(ask(unused_port, "/")[1])["greeting"] == "ahoy\n"
        file.unlink()
        assert ask(unused_port, "/")[0] == 500


@pytest.mark.parametrize(
    ("mine", "sent", "status"),
    [("s3cret", "s3cret", 200), ("s3cret\n", "s3cret", 401), ("s3cret", "other", 401), ("s3cret", "", 401)],
)
def test_who_has_not_the_token_to_the_letter_is_refused(
    mine: str, sent: str, status: int, unused_port: int, tmp_path: Path
):
    file = tmp_path / "token"
    for env in ({"TOKEN": mine}, {"TOKEN_FILE": str(file)}):
        file.write_text(mine)
        with started("web", unused_port, **env):
            assert ask(unused_port, "/", token=sent)[0] == status
            assert ask(unused_port, "/readyz")[0] == 200


@pytest.mark.skipif(sys.platform != "linux", reason="how much a process ever held is read from /proc")
def test_a_model_takes_the_memory_that_it_says_and_at_no_moment_twice(unused_port: int):
    """A limit of a third more is enough, as in the simulation; the kernel kills at the highest moment."""
    size = 150_000_000
    with started("model", unused_port, MODEL_BYTES=str(size)) as process:
        assert ask(unused_port, "/readyz")[0] == 200
        status = Path(f"/proc/{process.pid}/status").read_text()
    highest = 1024 * int(status.partition("VmHWM:")[2].split()[0])
    assert size < highest < 200_000_000
