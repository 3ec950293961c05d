"""Lets ``pytest --nbval`` and ``--nbval-lax`` run lesson notebooks with nothing else running.

Each lesson notebook gets an embedded cluster of its own, so that it starts from nothing, unless
``K8SLEARN_KUBECONFIG`` names a cluster to use. Its kernel sees ``K8SLEARN_STRICT``, so that a check that
does not pass raises, and a ``K8SLEARN_HOME`` of its own: nobody's progress is touched. It does not see
``PYTEST_CURRENT_TEST``, under which ipykernel drops what programs print. Other notebooks are left alone.

This is for quick automation. It believes the notebook; marks come from ``k8slearn grade``.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

SEED = 0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before a notebook's first cell: nbval starts the kernel in the notebook's ``setup``; go around that."""
    notebook = item.parent
    if notebook is not None and _is_lesson(notebook) and getattr(notebook, "kernel", None) is None:
        notebook.setup = partial(_start, notebook, notebook.setup)


def _start(notebook: pytest.Collector, start_kernel: Callable[[], None]) -> None:
    """Start the kernel, which inherits the environment of this moment, amid what it needs."""
    with ExitStack() as exits:
        environment = exits.enter_context(_surroundings())
        if lang := _metadata(notebook).get("lang"):
            environment["K8SLEARN_LANG"] = lang
        with _environ(environment):
            start_kernel()
        notebook.addfinalizer(exits.pop_all().close)


def _is_lesson(notebook: pytest.Collector) -> bool:
    """Whether nbval collected this, and its metadata says that it is a lesson's."""
    return bool(_metadata(notebook))


def _metadata(notebook: pytest.Collector) -> dict[str, str]:
    """What the notebook says of its lesson; nothing for any other."""
    read = getattr(notebook, "nb", None) or {}
    found = read.get("metadata", {}).get("k8slearn")
    return found if isinstance(found, dict) else {}


@contextmanager
def _surroundings() -> Iterator[dict[str, str]]:
    """The variables of a fresh home and, where none is named, of a fresh cluster; both live as long."""
    with tempfile.TemporaryDirectory(prefix="k8slearn-") as home:
        surroundings = {"K8SLEARN_HOME": home, "K8SLEARN_STRICT": "1"}
        if os.environ.get("K8SLEARN_KUBECONFIG"):
            yield surroundings
            return
        from k8slearn.embedded.cluster import Cluster

        with Cluster(seed=SEED, start=time.time()) as cluster:
            cluster.settle()
            cluster.serve(Path(home) / "cluster")
            yield {**surroundings, "K8SLEARN_KUBECONFIG": str(cluster.kubeconfig)}


@contextmanager
def _environ(variables: dict[str, str]) -> Iterator[None]:
    """Set ``variables``, and hide the name of the test that runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield
