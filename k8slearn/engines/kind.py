"""The kind engine: a local cluster whose nodes are containers, made by the programs ``kind`` and docker or podman.

Its folder holds ``kubeconfig``, ``config.yaml`` (what kind got), ``cluster.json`` (written once the cluster is
whole), ``log`` (what kind said last), ``mark`` (mounted into its nodes, see ``kind_config.mark``) and ``lock``.
Whatever is interrupted, ``up`` begins again from what the containers themselves say, and ``down`` removes them.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from k8slearn import paths
from k8slearn.engines import containers, images, kind_config, ready
from k8slearn.engines.cluster import Cluster
from k8slearn.engines.containers import Container, ContainerEngine
from k8slearn.engines.engine import Engine, Nodes, Progress, Status, Wish, current_context
from k8slearn.engines.files import Lock, write_private
from k8slearn.engines.kind_nodes import KindNodes, lesson_name
from k8slearn.engines.kind_program import KindProgram
from k8slearn.errors import ClusterError

NODES = 3

API = "6443/tcp"


class _NotOurs(ClusterError):
    """A cluster of the same name that was made by someone else."""


class Kind(Engine):
    """Named ``k8slearn``, or as ``K8SLEARN_KIND_NAME`` says."""

    name = "kind"
    powers = frozenset({"nodes"})
    options = frozenset({"nodes", "port", "image"})

    def __init__(self) -> None:
        self.cluster_name = os.environ.get("K8SLEARN_KIND_NAME") or "k8slearn"
        self._folder = paths.home() / "kind"
        self._kubeconfig = self._folder / "kubeconfig"

    def up(self, wish: Wish, progress: Progress) -> Status:
        paths.cluster_folder("kind")
        try:
            with Lock(self._folder, "Another k8slearn is at work on this cluster. Wait until it has ended."):
                progress.say("Looking for docker or podman, and kind")
                return self._up(wish, progress)
        except KeyboardInterrupt:
            raise ClusterError(
                "Interrupted. What there is of the cluster stays as it is: k8slearn up goes on, "
                "k8slearn down removes it."
            ) from None

    def _up(self, wish: Wish, progress: Progress) -> Status:
        engine = containers.find()
        program = KindProgram(engine)
        found = self._own(engine)
        if found and not self._is_whole(found):
            progress.note("A cluster that is not whole is removed and made anew.")
            self._remove(engine, found)
            found = []
        if not found:
            self._create(engine, program, wish, progress)
            found = self._own(engine)
        elif wish.nodes not in (None, len(found)):
            raise ClusterError(
                f"A kind cluster with {len(found)} nodes is running. To have {wish.nodes}: k8slearn down, "
                f"then k8slearn up --engine kind --nodes {wish.nodes}. Its objects are lost then."
            )
        for node in found:
            if not node.running:
                progress.say(f"Starting the node {node.name}")
                engine.run("start", node.name)
        self._export_kubeconfig(program, progress)
        self._use_mirror(engine, found)
        cluster = Cluster.at(self.kubeconfig())
        ready.wait(cluster, len(found), progress)
        self._bring_images(engine, program, found, progress)
        progress.say("Installing metrics-server")
        applied = cluster.kubectl("apply", "-f", str(paths.clusters() / "addons" / "metrics-server.yaml"))
        if applied.returncode != 0:
            raise ClusterError(
                f"metrics-server could not be installed: {applied.stderr.strip()} Run k8slearn up again."
            )
        status = self.status()
        assert status is not None
        return status

    def down(self, *, keep: bool = False) -> str:
        engine = self._engine()
        try:
            found = self._own(engine) if engine else []
        except _NotOurs as error:
            return f"No cluster was running. {error}"
        if engine and found and keep:
            engine.run("stop", *(node.name for node in found))
            return "The cluster is stopped; k8slearn up goes on with it."
        if engine:
            self._remove(engine, found)
        shutil.rmtree(self._folder, ignore_errors=True)
        return "The cluster is stopped and removed." if found else "No cluster was running."

    def status(self) -> Status | None:
        engine = self._engine()
        found = self._own(engine) if engine else []
        if not found:
            return None
        outside = dict(found[0].ports)
        url = f"https://127.0.0.1:{outside.pop(API, 0)}"
        stands = "running" if all(node.running for node in found) else "stopped, or some of it,"
        sentence = f"A kind cluster with {len(found)} nodes is {stands} at {url} ({self.cluster_name})"
        usual = [str(port) for port in kind_config.ports()]
        if moved := {inside: port for inside, port in outside.items() if str(port) not in usual}:
            sentence += "".join(
                f"\n{inside} of its nodes is at 127.0.0.1:{at}" for inside, at in moved.items()
            )
        return Status(
            engine=self.name,
            sentence=sentence,
            kubeconfig=str(self._kubeconfig),
            nodes=len(found),
            url=url,
            problem=self._problem(found),
            more={"name": self.cluster_name, "ports": outside},
        )

    def kubeconfig(self) -> Path:
        path = self._kubeconfig
        if not path.is_file():
            raise ClusterError(
                "No kind cluster is running. Start one in a terminal with: k8slearn up --engine kind"
            )
        # Whoever exported KUBECONFIG with this path may have let another program switch contexts in it.
        context = current_context(yaml.safe_load(path.read_text()), path)["name"]
        if context != f"kind-{self.cluster_name}":
            raise ClusterError(
                f"{path} points to {context}, which is not the cluster that k8slearn made. "
                "Put it right with: k8slearn up --engine kind"
            )
        return path

    def nodes(self) -> Nodes:
        engine = containers.find()
        found = self._own(engine)
        if not found:
            raise ClusterError("No kind cluster is running. Start one with: k8slearn up --engine kind")
        return KindNodes(engine, self.cluster_name, found)

    # -- within ---------------------------------------------------------------------------------

    def _engine(self) -> ContainerEngine | None:
        """None where there is no container engine and was none: then there is no cluster either.

        Raises ClusterError when the one that had made the cluster does not answer.
        """
        try:
            return containers.find()
        except ClusterError:
            if self._notes():
                raise
            return None

    def _own(self, engine: ContainerEngine) -> list[Container]:
        """The cluster's nodes. Raises _NotOurs when somebody else made a cluster of this name."""
        found = engine.containers(self.cluster_name)
        if any(kind_config.mark() not in one.mounts for one in found):
            raise _NotOurs(
                f"There is a kind cluster {self.cluster_name} that this K8SLEARN_HOME ({paths.home()}) did not "
                f"make, so it is left alone. If it is not needed: kind delete cluster --name {self.cluster_name}. "
                "To have another one beside it: K8SLEARN_KIND_NAME=another-name k8slearn up --engine kind"
            )
        return found

    def _create(self, engine: ContainerEngine, program: KindProgram, wish: Wish, progress: Progress) -> None:
        nodes, image = wish.nodes or NODES, images.node_image(wish.image)
        images.have(engine, image, progress)
        (self._folder / "mark").mkdir(exist_ok=True)
        config, notes = kind_config.render(self._folder, nodes, wish.port)
        for note in notes:
            progress.note(note)
        (self._folder / "config.yaml").write_text(config)
        options = ["--name", self.cluster_name, "--image", image, "--kubeconfig", str(self._kubeconfig)]
        options += ["--config", str(self._folder / "config.yaml")]
        try:
            program.run("create", "cluster", *options, log=self._folder / "log", progress=progress)
        except ClusterError:
            self._remove(engine, self._own(engine))
            raise
        self._note(nodes=nodes, loaded={})

    def _remove(self, engine: ContainerEngine, found: list[Container]) -> None:
        if found:
            engine.run("rm", "--force", "--volumes", *(one.name for one in found))
        for name in ("cluster.json", "kubeconfig", "config.yaml"):
            (self._folder / name).unlink(missing_ok=True)

    def _export_kubeconfig(self, program: KindProgram, progress: Progress) -> None:
        """Make our kubeconfig point to this cluster, whatever became of it."""
        options = ["--name", self.cluster_name, "--kubeconfig", str(self._kubeconfig)]
        program.run("export", "kubeconfig", *options, log=self._folder / "log", progress=progress)

    def _use_mirror(self, engine: ContainerEngine, found: list[Container]) -> None:
        """Let the nodes ask the mirror first for every image. containerd reads this file at each pull."""
        mirror = images.registry()
        if mirror is None:
            return
        address = mirror if mirror.startswith("http://") else f"https://{mirror}"
        hosts = f'[host."{address}"]\n  capabilities = ["pull", "resolve"]\n'
        script = (
            "mkdir -p /etc/containerd/certs.d/_default && cat > /etc/containerd/certs.d/_default/hosts.toml"
        )
        for node in found:
            engine.run("exec", "--interactive", node.name, "sh", "-c", script, input=hosts)

    def _bring_images(
        self, engine: ContainerEngine, program: KindProgram, found: list[Container], progress: Progress
    ) -> None:
        """The lessons' images that are on this machine, onto the nodes that lack them; the others are pulled by
        the nodes when a pod asks for them."""
        for needed, have in (
            ("the lessons' application", lambda: images.stale(engine) and images.build(engine, progress)),
            ("metrics-server", lambda: images.have(engine, images.METRICS_SERVER, progress)),
        ):
            try:
                have()
            except ClusterError as error:
                progress.note(f"The cluster runs, but without {needed} for now. {error}")
        progress.say("Looking for images that the nodes lack")
        on_nodes = set.intersection(*(_images_of(engine, node) for node in found))
        here, loaded = engine.images(), self._notes().get("loaded", {})
        # One that is on the nodes is right, unless it is an older one that was brought there before.
        lacking = {
            image: here[image]
            for image in (*images.APP, *images.OTHERS)
            if image in here and (image not in on_nodes or loaded.get(image, here[image]) != here[image])
        }
        if not lacking:
            return
        progress.say(f"Bringing images onto the nodes: {', '.join(lacking)}")
        archive = self._folder / "images.tar"
        try:
            images.archive_of(engine, list(lacking), archive)
            options = ["--name", self.cluster_name, str(archive)]
            program.run("load", "image-archive", *options, log=self._folder / "log", progress=progress)
        finally:
            archive.unlink(missing_ok=True)
        self._note(loaded={**loaded, **lacking})

    def _problem(self, found: list[Container]) -> str:
        if not self._is_whole(found):
            return "It is not whole: k8slearn up makes it anew, k8slearn down removes it."
        if stopped := [lesson_name(one.name, self.cluster_name) for one in found if not one.running]:
            return f"Stopped: {', '.join(stopped)}. Start all: k8slearn up. One: k8slearn node recover {stopped[0]}"
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            missing = ready.unready_nodes(Cluster.at(self.kubeconfig()), len(found))
        except (ApiException, HTTPError, ClusterError, OSError) as error:
            missing = f"the API server: {containers.last_line(str(error))}"
        return f"Not ready: {missing}. k8slearn up waits for it, and says what to do." if missing else ""

    def _is_whole(self, found: list[Container]) -> bool:
        return self._notes().get("nodes") == len(found)

    def _notes(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            return json.loads((self._folder / "cluster.json").read_text())
        return {}

    def _note(self, **facts: Any) -> None:
        write_private(self._folder / "cluster.json", json.dumps({**self._notes(), **facts}))


def _images_of(engine: ContainerEngine, node: Container) -> set[str]:
    """The images on a node, by the names that lessons use."""
    told = json.loads(engine.run("exec", node.name, "crictl", "images", "--output", "json"))
    names = {name for image in told["images"] for name in image["repoTags"]}
    return {containers.short_name(name) for name in names}
