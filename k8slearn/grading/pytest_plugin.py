"""Lets ``pytest --nbval`` and ``--nbval-lax`` run lesson notebooks with nothing else running.

    pytest -p k8slearn --nbval-lax -n2 --dist loadfile lessons/solutions/en --junitxml marks.xml

(It is loaded by itself where k8slearn is installed; ``-p k8slearn`` says so, and fails where it is not.)

Each lesson notebook gets an embedded cluster of its own, so that it starts from nothing, unless
``K8SLEARN_KUBECONFIG`` names a cluster to use. Its kernel sees ``K8SLEARN_STRICT``, so that a check that
does not pass raises, and a ``K8SLEARN_HOME`` of its own: nobody's progress is touched. It does not see
``PYTEST_CURRENT_TEST``, under which ipykernel drops what programs print. Other notebooks are left alone.

A cell's test is called after the cell and a check's after its exercise, with the properties ``points`` and
``max_points`` in JUnit. With xdist the cells of a notebook must stay together: ``--dist loadfile``.

This is for quick automation with notebooks that one trusts: whatever is in them runs as whoever runs pytest, and
decides its own verdict. Marks come from ``k8slearn grade``.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from k8slearn.course.loader import CHECK, find
from k8slearn.course.texts import load

SEED = 0


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Call the tests of a lesson's cells after the cells, instead of ``Cell 7``."""
    report = yield
    if _is_lesson(collector):
        report.result = [_named(item) for item in report.result]
    return report


def _named(item: Any) -> Any:
    """nbval's test of a cell, under the cell's own name."""
    cell = _cell(item)
    if cell is None:
        return item
    name = cell.removeprefix(CHECK)
    parts = {"cell_num": item.cell_num, "cell": item.cell, "options": item.options}
    return type(item).from_parent(item.parent, name=name, **parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report of a check what its exercise is worth, and what was reached."""
    cell = _cell(item) if call.when == "call" else None
    if cell is not None and cell.startswith(CHECK) and item.parent is not None:
        about = _metadata(item.parent)
        most = find(about["lesson"]).checks[item.name].points
        reached = most if call.excinfo is None else _reached(call.excinfo.value, about["lang"])
        item.user_properties += [("points", reached), ("max_points", most)]
    return (yield)


def _reached(failure: BaseException, lang: str) -> int:
    """The points in what a check says when it does not pass: none where it failed in another way."""
    told = str(getattr(failure, "inner_traceback", ""))  # nbval's: what the notebook would have shown
    score = re.escape(load(lang).words["score"])
    pattern = score.replace(r"\{title\}", ".*").replace(r"\{points\}", r"(\d+)").replace(r"\{of\}", r"\d+")
    found = re.search(pattern, told)
    return int(found[1]) if found else 0


def _cell(item: pytest.Item) -> str | None:
    """The id of the lesson's cell that a test runs; None for any other test."""
    if item.parent is None or not _is_lesson(item.parent):
        return None
    return getattr(item, "cell", {}).get("id")


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
