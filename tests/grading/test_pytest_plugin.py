"""pytest runs lesson notebooks with nothing else running: each on a cluster of its own, checks in earnest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from k8slearn import paths

PLUGINS = ("-p", "nbval", "-p", "xdist", "-p", "k8slearn")
"""No others: what else is installed costs seconds to import, in each process."""

SURROUNDED = """
import os
assert os.environ["K8SLEARN_STRICT"] == "1"
assert "PYTEST_CURRENT_TEST" not in os.environ
"""
FRESH = """
from k8slearn.engines import connect
core = connect().core
assert "left-behind" not in [one.metadata.name for one in core.list_namespace().items]
core.create_namespace({"metadata": {"name": "left-behind"}})
"""
ALONE = """
import os
assert "K8SLEARN_STRICT" not in os.environ and "K8SLEARN_KUBECONFIG" not in os.environ
"""
NAMED = """
import os
assert os.environ["K8SLEARN_KUBECONFIG"] == "a-cluster-of-mine"
"""


def write(path: Path, *sources: str, lesson: bool = True) -> str:
    cells = [
        {"id": f"c{number}", "cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        | {"execution_count": None}
        for number, source in enumerate(sources)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    metadata = {**kernel, "k8slearn": {"lesson": "01-pods"}} if lesson else kernel
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return str(path)


def run(folder: Path, *arguments: str, **variables: str) -> str:
    """pytest's last line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("K8SLEARN_")}
    environment.pop("PYTEST_CURRENT_TEST", None)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval-lax",
            "-p",
            "no:cacheprovider",
            *PLUGINS,
            *arguments,
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
        timeout=300,
        check=False,
    )
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(autouse=True)
def _needs_nbval() -> None:
    pytest.importorskip("nbval")


def test_each_lesson_notebook_has_a_fresh_cluster_and_raises_in_earnest(tmp_path: Path):
    notebooks = [write(tmp_path / f"{name}.ipynb", SURROUNDED, FRESH) for name in ("one", "two")]
    assert "4 passed" in run(tmp_path, *notebooks)


def test_other_notebooks_are_left_alone(tmp_path: Path):
    assert "1 passed" in run(tmp_path, write(tmp_path / "other.ipynb", ALONE, lesson=False))


def test_a_cluster_that_is_named_is_used(tmp_path: Path):
    notebook = write(tmp_path / "named.ipynb", NAMED)
    assert "1 passed" in run(tmp_path, notebook, K8SLEARN_KUBECONFIG="a-cluster-of-mine")


def lesson(path: Path, lang: str, *names: str, **answers: str) -> str:
    """Of lesson 1's notebook the cells of these names, with answers."""
    made = json.loads((paths.lessons() / lang / "01-pods.ipynb").read_text())
    made["cells"] = [
        {**cell, "source": answers.get(cell["id"], cell["source"])}
        for cell in made["cells"]
        if cell["id"] in names
    ]
    path.write_text(json.dumps(made))
    return str(path)


def test_checks_are_called_after_their_exercises_and_say_their_points(tmp_path: Path):
    cells = ("setup", "answer-serve", "check-serve")
    served = "%kubectl run model --image=nginx:1.29"
    right = lesson(tmp_path / "right.ipynb", "en", *cells, **{"answer-serve": served})
    half = "%kubectl run model --image=busybox:1.37 -- sleep 3600"
    wrong = lesson(tmp_path / "half.ipynb", "zh", *cells, **{"answer-serve": half})
    last = run(tmp_path, "-n2", "--dist=loadfile", "--junitxml=marks.xml", right, wrong)
    assert "1 failed, 5 passed" in last
    cases = list(ElementTree.parse(tmp_path / "marks.xml").iter("testcase"))
    assert {case.get("name") for case in cases} == {"setup", "answer-serve", "serve"}
    points = {
        str(case.get("classname")).split(".")[0]: [one.get("value") for one in case.iter("property")]
        for case in cases
        if case.get("name") == "serve"
    }
    assert points == {"right": ["3", "3"], "half": ["1", "3"]}
