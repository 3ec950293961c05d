"""Try answers as a learner would: cells of a notebook, in an IPython shell, on a cluster of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import k8slearn
from k8slearn.course import Lesson, Progress
from k8slearn.engines import Cluster
from k8slearn.lab.magics import KubectlMagics

Execute = Callable[[str], None]


@pytest.fixture
def execute(shell: InteractiveShell) -> Execute:
    """Run a cell; what it raises, the test raises."""

    def run(source: str) -> None:
        shell.run_cell(source).raise_error()

    return run


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with k8slearn.embedded(nodes=3, seed=1) as embedded:
        yield Cluster.of(embedded)


@pytest.fixture
def open_lesson(
    cluster: Cluster, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Lesson]:
    """A lesson on a fresh cluster, known to the shell as ``lesson``, with progress of its own."""

    def open_it(name: str) -> Lesson:
        monkeypatch.delenv("PYTEST_CURRENT_TEST")  # so that a failed check is told, and does not raise
        lesson = Lesson(name, cluster, progress=Progress(tmp_path / "progress.json"))
        KubectlMagics.of(shell).use(cluster, lesson.namespace)
        shell.user_ns["lesson"] = lesson
        return lesson

    return open_it
