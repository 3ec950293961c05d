"""What ``k8slearn doctor`` finds on machines that lack something."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from k8slearn.cli import main
from k8slearn.engines import system

FAKES = Path(__file__).with_name("fakes.py")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, for programs of the test's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("K8SLEARN_HOME", str(tmp_path / "home"))
    for name in ("K8SLEARN_ENGINE", "K8SLEARN_KUBECONFIG", "KIND_EXPERIMENTAL_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    (folder / "state.json").write_text(json.dumps({"containers": {}, "images": [], "kind": "v0.33.0"}))
    (folder / "faults.json").write_text("{}")
    return folder


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(f"#!{sys.executable}\n{FAKES.read_text()}")
        (folder / name).chmod(0o755)


def doctor(*words: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *words])


def levels(*words: str) -> dict[str, str]:
    return {one["what"]: one["level"] for one in json.loads(doctor("--json", *words).stdout)["findings"]}


def test_nothing_is_missing_for_the_embedded_engine(programs: Path):
    found = doctor()
    assert found.exit_code == 0
    assert "Nothing is missing for the engine embedded." in found.output


def test_without_docker_and_kind_the_kind_engine_cannot_run_and_the_way_is_told(programs: Path):
    found = doctor("--engine", "kind")
    assert found.exit_code == 1
    assert "The engine kind cannot run here yet: kind, container engine." in found.output
    assert system.how_to_get("docker") in found.output and system.how_to_get("kind") in found.output


def test_with_both_it_can(programs: Path):
    put(programs, "docker", "kind")
    assert doctor("--engine", "kind").exit_code == 0
    assert levels()["kind"] == levels()["container engine"] == "ok"


def test_an_old_kind_and_a_stopped_docker_are_missing(programs: Path):
    put(programs, "docker", "kind")
    (programs / "state.json").write_text(json.dumps({"containers": {}, "images": [], "kind": "v0.20.0"}))
    (programs / "faults.json").write_text(
        json.dumps({"docker version": "Cannot connect to the Docker daemon"})
    )
    assert doctor("--engine", "kind").exit_code == 1
    assert levels()["kind"] == levels()["container engine"] == "missing"
    assert "docker is installed but not running" in doctor().output


def test_little_memory_and_low_limits_are_warnings(programs: Path, monkeypatch: pytest.MonkeyPatch):
    put(programs, "docker", "kind")
    monkeypatch.setattr(system, "free_memory", lambda: 2**30)
    monkeypatch.setattr(system, "inotify_limits", lambda: (8192, 128))
    found = levels("--engine", "kind")
    assert found["free memory"] == found["inotify limits"] == "warning"
    assert found["memory"] == "ok", "the embedded cluster needs less"
    assert doctor("--engine", "kind").exit_code == 0


def test_a_proxy_that_takes_this_machine_s_addresses_is_a_warning(
    programs: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert levels()["proxy"] == "warning"
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert levels()["proxy"] == "ok"


def test_a_home_that_cannot_be_used_is_missing(programs: Path, tmp_path: Path):
    (tmp_path / "home").write_text("a file")
    assert levels()["state"] == "missing"
    assert doctor().exit_code == 1


@pytest.mark.parametrize("what", ["docker", "kind", "kubectl", "start docker", "inotify"])
@pytest.mark.parametrize("family", ["darwin", "debian", "fedora", "arch", ""])
def test_every_system_is_told_a_way(what: str, family: str):
    assert len(system.how_to_get(what, family)) > 10
