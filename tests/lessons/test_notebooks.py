"""The committed notebooks: up to date, sound, and solved ones run from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from k8slearn import paths
from k8slearn.course import Lesson, Progress, build, texts
from k8slearn.course.loader import ANSWER, Folder, folders
from k8slearn.engines import Cluster

ALL = folders()


LANGUAGES = [pytest.param(one, lang, id=f"{one.id}-{lang}") for one in ALL for lang in one.languages]


def notebook(folder: Folder, lang: str, role: str) -> Path:
    return paths.lessons() / ("solutions" if role == "solution" else "") / lang / f"{folder.id}.ipynb"


def test_the_committed_notebooks_are_what_their_sources_say() -> None:
    assert build.build(check=True) == []


def test_building_twice_gives_the_same_bytes() -> None:
    assert build.render(ALL, paths.lessons()) == build.render(ALL, paths.lessons())


@pytest.mark.parametrize("role", ["lesson", "solution"])
@pytest.mark.parametrize(("folder", "lang"), LANGUAGES)
def test_a_notebook_is_valid_and_carries_no_outputs(folder: Folder, lang: str, role: str) -> None:
    found = nbformat.read(notebook(folder, lang, role), as_version=4)
    nbformat.validate(found)
    assert found.metadata.k8slearn == {"lesson": folder.id, "lang": lang, "role": role}
    assert all(not cell.outputs for cell in found.cells if cell.cell_type == "code")


@pytest.mark.parametrize(("folder", "lang"), LANGUAGES)
def test_the_notebook_for_learners_differs_only_in_its_blank_answers(folder: Folder, lang: str) -> None:
    blank, solved = (
        json.loads(notebook(folder, lang, role).read_text(encoding="utf-8"))["cells"]
        for role in ("lesson", "solution")
    )
    assert len(blank) == len(solved)
    for ours, theirs in zip(blank, solved, strict=True):
        if ours["id"].startswith(ANSWER):
            assert ours["source"] == [texts.load(lang).word("starter")]
        else:
            assert ours == theirs


@pytest.mark.parametrize(("folder", "lang"), LANGUAGES)
def test_a_solved_notebook_passes_from_top_to_bottom(
    folder: Folder,
    lang: str,
    cluster: Cluster,
    execute: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if cluster.namespace is None:  # else the context engine has been set up in tmp_path
        monkeypatch.setenv("K8SLEARN_KUBECONFIG", str(cluster.kubeconfig))
        Lesson(folder.id, cluster, progress=Progress(tmp_path / "progress.json")).reset()
    monkeypatch.setenv("K8SLEARN_HOME", str(tmp_path))
    monkeypatch.setenv("K8SLEARN_STRICT", "1")
    # The code of both languages is the same: each is run for a learner of its own.
    monkeypatch.setenv("K8SLEARN_SEED", lang)
    monkeypatch.setenv("K8SLEARN_LANG", lang)
    for cell in nbformat.read(notebook(folder, lang, "solution"), as_version=4).cells:
        if cell.cell_type == "code":
            execute(cell.source)
