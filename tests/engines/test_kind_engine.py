"""The kind engine with programs that a test commands: what it asks of them, and what it says when they fail."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slearn import engines
from k8slearn.engines import images, ready
from k8slearn.engines.engine import Wish
from k8slearn.engines.images import NODE
from k8slearn.errors import ClusterError, StorageError, UnsupportedError


class Machine:
    """The fake programs in ``folder``, the only ones on PATH, and what was said while they worked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.noted: list[str] = []
        folder.mkdir()
        script = f"#!{sys.executable}\n{Path(__file__).with_name('fakes.py').read_text()}"
        for program in ("docker", "kind", "kubectl"):
            (folder / program).write_text(script)
            (folder / program).chmod(0o755)
        self.write("state", {"containers": {}, "images": [NODE, images.PYTHON], "kind": "v0.33.0"})
        self.write("faults", {})

    def write(self, name: str, what: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(what))

    def state(self, **changes: Any) -> dict[str, Any]:
        state = json.loads((self.folder / "state.json").read_text()) | changes
        self.write("state", state)
        return state

    @property
    def containers(self) -> dict[str, Any]:
        return self.state()["containers"]

    def calls(self, begin: str) -> list[str]:
        lines = (self.folder / "calls").read_text().splitlines() if (self.folder / "calls").exists() else []
        return [line for line in lines if line.startswith(begin)]

    def lose(self, program: str) -> None:
        (self.folder / program).unlink()

    def say(self, text: str) -> None:
        self.said.append(text)

    def note(self, text: str) -> None:
        self.noted.append(text)

    def up(self, **wish: Any) -> Any:
        return engines.up("kind", Wish(**wish), self)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def machine(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in list(os.environ):
        if name.startswith(("K8SLEARN_", "KIND_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("K8SLEARN_HOME", str(home))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(ready, "wait", lambda *_: None)
    monkeypatch.setattr(ready, "unready_nodes", lambda *_: "")
    return Machine(tmp_path / "bin")


NAMES = ["k8slearn-control-plane", "k8slearn-worker", "k8slearn-worker2"]


def test_up_makes_three_nodes_and_uses_them_from_then_on(machine: Machine, home: Path):
    found = machine.up()
    assert list(machine.containers) == NAMES
    assert found.nodes == 3 and not found.problem
    assert engines.kubeconfig() == home / "kind" / "kubeconfig"
    assert engines.current().name == "kind"
    assert "kind: Preparing nodes" in machine.said


def test_up_again_finds_it_and_makes_nothing(machine: Machine):
    machine.up()
    machine.up()
    assert len(machine.calls("kind create")) == 1


@pytest.mark.parametrize("nodes", [1, 2, 5])
def test_it_has_as_many_nodes_as_asked_for(machine: Machine, nodes: int):
    assert machine.up(nodes=nodes).nodes == nodes
    with pytest.raises(ClusterError, match=f"with {nodes} nodes is running. To have 4: k8slearn down"):
        machine.up(nodes=4)


def test_the_node_image_is_the_one_named(machine: Machine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("K8SLEARN_KIND_IMAGE", "school/node:1")
    machine.up()
    assert "--image school/node:1" in machine.calls("kind create")[0]


def test_down_leaves_nothing(machine: Machine, home: Path):
    machine.up()
    assert "removed" in engines.down(None, keep=False)
    assert machine.containers == {}
    assert list(home.iterdir()) == []
    assert engines.current().name == "embedded"
    assert engines.down("kind", keep=False) == "No cluster was running."


def test_down_keep_stops_it_and_up_goes_on(machine: Machine):
    machine.up()
    engines.down(None, keep=True)
    found = engines.current().status()
    assert found is not None and "Stopped: control-plane, worker-1, worker-2" in found.problem
    assert not machine.up().problem
    assert len(machine.calls("kind create")) == 1


def test_half_a_cluster_is_made_anew_by_up_and_removed_by_down(machine: Machine):
    machine.write("faults", {"kind create": ""})
    with pytest.raises(ClusterError):
        machine.up()
    assert machine.containers == {}, "kind failed: what it left is removed at once"


@pytest.mark.parametrize("then", ["up", "down"])
def test_an_interrupted_up_can_be_gone_on_with_or_taken_down(
    machine: Machine, then: str, monkeypatch: pytest.MonkeyPatch
):
    from k8slearn.engines.kind_program import KindProgram

    run = KindProgram.run

    def interrupted(self: KindProgram, *words: str, **options: Any) -> None:
        run(self, *words, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(KindProgram, "run", interrupted)
    with pytest.raises(ClusterError, match=r"Interrupted.*k8slearn up goes on.*k8slearn down removes"):
        machine.up()
    monkeypatch.setattr(KindProgram, "run", run)
    found = engines.current().status()
    assert found is not None and "not whole" in found.problem
    if then == "up":
        assert not machine.up().problem
        assert list(machine.containers) == NAMES
    else:
        engines.down(None, keep=False)
        assert machine.containers == {}


def test_somebody_else_s_cluster_of_the_same_name_is_left_alone(
    machine: Machine, home: Path, monkeypatch: pytest.MonkeyPatch
):
    machine.up()
    monkeypatch.setenv("K8SLEARN_HOME", str(home.with_name("other")))
    with pytest.raises(ClusterError, match=r"did not make.*K8SLEARN_KIND_NAME=another-name"):
        machine.up()
    assert "No cluster was running" in engines.down("kind", keep=False)
    assert list(machine.containers) == NAMES
    assert engines.current().name == "embedded", "a refused engine is not the one in use"


def test_without_a_container_engine_the_way_to_one_is_told(machine: Machine):
    machine.lose("docker")
    with pytest.raises(
        ClusterError, match=r"needs docker or podman.*Get one: .*k8slearn up --engine embedded"
    ):
        machine.up()


def test_a_stopped_docker_is_named_with_how_to_start_it(machine: Machine):
    said = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    machine.write("faults", {"docker version": said})
    with pytest.raises(ClusterError, match=r"docker is installed but not running.*Start it: "):
        machine.up()


def test_a_docker_that_stops_later_is_told_by_status_and_hinders_no_other_engine(machine: Machine):
    machine.up()
    machine.write("faults", {"docker version": "Cannot connect to the Docker daemon"})
    with pytest.raises(ClusterError, match="not running"):
        engines.current().status()
    engines.current("embedded")
    with pytest.raises(ClusterError, match="knows no --image"):
        engines.up("embedded", Wish(image="x"), machine)


def test_who_may_not_use_docker_is_told_of_the_group(machine: Machine):
    said = (
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock"
    )
    machine.write("faults", {"docker version": said})
    with pytest.raises(ClusterError, match="usermod -aG docker"):
        machine.up()


def test_without_kind_the_way_to_it_is_told(machine: Machine):
    machine.lose("kind")
    with pytest.raises(ClusterError, match=r"kind was not found on PATH\. Get it: "):
        machine.up()


def test_an_old_kind_is_refused(machine: Machine):
    machine.state(kind="v0.29.0")
    with pytest.raises(ClusterError, match=r"kind 0.29 is too old: Kubernetes 1.37 needs 0.33 or newer"):
        machine.up()


def test_an_image_that_cannot_be_pulled_is_named_with_what_to_do(machine: Machine):
    machine.write("faults", {"docker pull": "Error response from daemon: no such host"})
    with pytest.raises(
        ClusterError, match=r"no/such:1 could not be pulled.*images load DIR.*K8SLEARN_REGISTRY"
    ):
        machine.up(image="no/such:1")
    assert not machine.calls("kind create")


def test_images_come_from_the_mirror_under_their_usual_names(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("K8SLEARN_REGISTRY", "https://mirror.school.example")
    machine.state(images=[])
    machine.up()
    assert machine.calls("docker pull")[0] == f"docker pull mirror.school.example/{NODE}"
    assert f"docker tag mirror.school.example/library/{images.PYTHON} {images.PYTHON}" in machine.calls(
        "docker tag"
    )
    asked = [call for call in machine.calls("docker exec") if "hosts.toml" in call]
    assert len(asked) == 3, "every node asks the mirror"


def test_a_missing_base_image_costs_the_application_and_not_the_cluster(machine: Machine):
    machine.state(images=[NODE])
    machine.write("faults", {"docker pull": "no such host"})
    assert not machine.up().problem
    assert any("without the lessons' application" in note and images.PYTHON in note for note in machine.noted)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ERROR: failed to create cluster: no space left on device", "disk.*is full.*docker system df"),
        (
            "ERROR: Bind for 127.0.0.1:30080 failed: port is already allocated",
            "port.*taken by another program",
        ),
        ("ERROR: failed: too many open files", "sysctl fs.inotify.max_user_watches"),
        ("ERROR: could not find a log line that matches", "k8slearn doctor --engine kind"),
        ("ERROR: failed to init node with kubeadm: timed out", "--nodes 1"),
        ("something new", "something new.*k8slearn doctor"),
    ],
)
def test_what_kind_says_is_explained(machine: Machine, home: Path, said: str, meant: str):
    machine.write("faults", {"kind create": said})
    with pytest.raises(ClusterError, match=meant) as raised:
        machine.up()
    assert str(home / "kind" / "log") in str(raised.value)
    assert (home / "kind" / "log").read_text().strip() == said


def test_a_taken_port_is_replaced_and_told(machine: Machine, home: Path):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 30080))
            taken.listen()
        except OSError:
            pass  # somebody else has it: as good
        found = machine.up()
    assert any("The port 30080 of this machine is taken" in note for note in machine.noted)
    assert "30080/tcp of its nodes is at 127.0.0.1:40000" in found.sentence


def test_a_taken_api_port_is_refused(machine: Machine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ClusterError, match=f"127.0.0.1:{port} is taken by another program"):
            machine.up(port=port)


def test_a_kubeconfig_that_points_elsewhere_is_not_used_and_up_puts_it_right(machine: Machine):
    machine.up()
    path = engines.kubeconfig()
    config = yaml.safe_load(path.read_text())
    config["contexts"].append({"name": "work", "context": config["contexts"][0]["context"]})
    config["current-context"] = "work"
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(ClusterError, match="points to work, which is not the cluster that k8slearn made"):
        engines.kubeconfig()
    machine.up()
    assert engines.kubeconfig() == path


def test_a_node_has_the_lessons_name_and_kubernetes_own(machine: Machine):
    machine.up()
    nodes = engines.current().nodes()
    assert list(nodes.states()) == ["control-plane", "worker-1", "worker-2"]
    told = nodes.do("worker-2", "crash")
    assert "k8slearn-worker2 is stopped" in told and "k8slearn node recover worker-2" in told
    assert engines.current().nodes().states()["worker-2"] == "crashed (k8slearn-worker2)"
    engines.current().nodes().do("k8slearn-worker2", "recover")
    assert engines.current().nodes().states()["worker-2"] == "well (k8slearn-worker2)"
    with pytest.raises(ClusterError, match=r"There are: control-plane \(k8slearn-control-plane\)"):
        nodes.do("worker-9", "crash")
    with pytest.raises(UnsupportedError, match="freeze is for those of the embedded engine"):
        nodes.do("worker-1", "freeze")


def test_powers_that_kind_lacks_are_refused_kindly(machine: Machine):
    with pytest.raises(UnsupportedError, match="its time cannot be moved"):
        engines.current("kind").need("clock")
    with pytest.raises(UnsupportedError, match="k8slearn kubectl events"):
        engines.current("kind").need("trace")


def test_one_home_has_one_cluster(machine: Machine):
    machine.up()
    with pytest.raises(ClusterError, match=r"engine kind is in use.*k8slearn down --engine kind"):
        engines.up("embedded", Wish(), machine)


def test_two_at_once_do_not_meet(machine: Machine, home: Path):
    from k8slearn.engines.files import Lock

    (home / "kind").mkdir(parents=True)
    with Lock(home / "kind", "taken"), pytest.raises(ClusterError, match="Another k8slearn is at work"):
        machine.up()


def test_images_are_kept_and_taken_as_archives(machine: Machine, tmp_path: Path):
    from k8slearn.engines import containers

    saved = images.save(containers.find(), tmp_path / "archives", machine)
    assert {path.name for path in saved} >= {
        "kindest_node.tar",
        "nginx.tar",
        "k8slearn_app.tar",
        "python.tar",
    }
    assert images.load(containers.find(), tmp_path / "archives", machine) == sorted(saved)
    shutil.rmtree(tmp_path / "archives")
    with pytest.raises(StorageError, match=r"no archives.*images save DIR"):
        images.load(containers.find(), tmp_path / "archives", machine)


def test_an_archive_that_is_broken_is_named(machine: Machine, tmp_path: Path):
    from k8slearn.engines import containers

    (tmp_path / "nginx.tar").write_text("half a file")
    machine.write("faults", {"docker load": "open /var/lib/docker/tmp: unexpected EOF"})
    with pytest.raises(ClusterError, match=r"nginx.tar could not be loaded.*unexpected EOF.*images save DIR"):
        images.load(containers.find(), tmp_path, machine)
