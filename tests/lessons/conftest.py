"""Try answers as a learner would: cells of a notebook, in an IPython shell, on a cluster or in a namespace of
their own. The same tests run on all engines; those on real clusters are marked ``kind`` (``make test-kind``).
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from IPython.core.interactiveshell import InteractiveShell

import k8slearn
from k8slearn import engines
from k8slearn.course import Lesson, Progress
from k8slearn.course.loader import Answer
from k8slearn.embedded.cluster import Cluster as EmbeddedCluster
from k8slearn.engines import Cluster
from k8slearn.engines.context import NEIGHBOUR
from k8slearn.engines.engine import Wish
from k8slearn.lab.magics import KubectlMagics

Execute = Callable[[str], None]

SPEED = 20
"""Virtual seconds per second of the embedded cluster while kubectl runs."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On real clusters an answer takes its time: each is tried for one learner, wrong ones on kind only."""
    dropped = [item for item in items if _is_too_much(getattr(getattr(item, "callspec", None), "params", {}))]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def _is_too_much(params: dict[str, Any]) -> bool:
    engine, answer = params.get("cluster", "embedded"), params.get("answer")
    if engine == "embedded" or not isinstance(answer, Answer):
        return False
    return params["seed"] != "0" or (engine == "context" and answer.draws is not None)


@pytest.fixture
def execute(shell: InteractiveShell) -> Execute:
    """Run a cell; what it raises, the test raises."""

    def run(source: str) -> None:
        shell.run_cell(source).raise_error()

    return run


@pytest.fixture(
    params=["embedded", *(pytest.param(name, marks=pytest.mark.kind) for name in ("kind", "context"))]
)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Fresh, or with room for a fresh lesson, of the engine that the test is run with."""
    return request.getfixturevalue(f"{request.param}_cluster")


class Paced(Cluster):
    """An embedded cluster whose time goes on by itself while kubectl runs, and then quickly.

    What kubectl waits for should not take as long as on a real one, and a busy machine should change no verdict.
    """

    def __init__(self, embedded: EmbeddedCluster) -> None:
        super().__init__(embedded.api_client, lambda: embedded.kubeconfig, embedded.clock, embedded.tell)
        self._embedded = embedded

    def kubectl(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        pacemaker = self._embedded.serve(paused=True).pacemaker
        self._embedded.run(pacemaker.resume)
        self._embedded.run(lambda: pacemaker.set_speed(SPEED))
        try:
            return super().kubectl(*arguments, **options)
        finally:
            self._embedded.run(pacemaker.pause)


@pytest.fixture
def embedded_cluster() -> Iterator[Cluster]:
    with k8slearn.embedded(nodes=3, seed=1) as embedded:
        yield Paced(embedded)


@pytest.fixture
def kind_cluster() -> Iterator[Cluster]:
    """The one that ``k8slearn up --engine kind`` made. What a wrong answer left in ``default`` is removed."""
    cluster = Cluster.at(engines.current("kind").kubeconfig())
    yield cluster
    cluster.kubectl("delete", "pods", "--all", "--now", namespace="default")


@pytest.fixture
def context_cluster(
    kind_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """The same cluster as a teacher gives it: an account with the role ``edit`` in one namespace and the
    neighbour's of lesson 3, no more than that (and in ``default``, where a wrong answer strays to)."""
    namespace = f"team-{secrets.token_hex(4)}"
    neighbour = f"{namespace}-{NEIGHBOUR}"
    for name in (namespace, neighbour):
        kind_cluster.kubectl("create", "namespace", name)
    account = f"--serviceaccount={namespace}:learner"
    kind_cluster.kubectl("create", "serviceaccount", "learner", namespace=namespace)
    for place in (namespace, neighbour, "default"):
        kind_cluster.kubectl(
            "create", "rolebinding", namespace, "--clusterrole=edit", account, namespace=place
        )
    token = kind_cluster.kubectl("create", "token", "learner", namespace=namespace).stdout.strip()
    config = yaml.safe_load(kind_cluster.kubeconfig.read_text())
    config["users"] = [{"name": "learner", "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = "learner"
    given = tmp_path / "given.yaml"
    given.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("K8SLEARN_HOME", str(tmp_path))
    monkeypatch.setenv("K8SLEARN_ENGINE", "context")
    wish = Wish(context=config["contexts"][0]["name"], namespace=namespace, kubeconfig=str(given))
    engines.up(None, wish, Silent())
    yield engines.connect()
    kind_cluster.kubectl("delete", "rolebinding", namespace, namespace="default")
    kind_cluster.kubectl("delete", "namespace", namespace, neighbour, "--wait=false")


class Silent:
    def say(self, text: str) -> None: ...

    def note(self, text: str) -> None: ...


@pytest.fixture
def open_lesson(
    cluster: Cluster, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Lesson]]:
    """A lesson in a fresh namespace, known to the shell as ``lesson``, with progress of its own."""
    fresh = None if cluster.clock or cluster.namespace else f"lesson-{secrets.token_hex(4)}"

    def open_it(name: str, seed: str = "0") -> Lesson:
        monkeypatch.delenv("PYTEST_CURRENT_TEST")  # so that a failed check is told, and does not raise
        progress = Progress(tmp_path / "progress.json")
        lesson = Lesson(name, cluster, namespace=fresh, progress=progress, seed=seed)
        KubectlMagics.of(shell).use(cluster, lesson.namespace)
        shell.user_ns["lesson"] = lesson
        return lesson

    yield open_it
    if fresh:
        cluster.kubectl("delete", "namespace", fresh, "--wait=false", "--ignore-not-found")
