from __future__ import annotations

from pathlib import Path

import pytest

from k8slearn import paths
from k8slearn.course import build, index, skeleton
from k8slearn.course.loader import Folder, folders
from k8slearn.errors import LessonError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the only lesson."""
    monkeypatch.setattr(paths, "lessons", lambda: tmp_path)
    return skeleton.new("first")


def add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def rows(lang: str) -> dict[str, str]:
    """The tables' rows: what is looked up, and where it leads."""
    lines = index.render(folders(), lang).splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {cell[0].strip("`"): cell[1] for cell in cells}


def test_a_command_leads_to_the_section_that_uses_it_first(folder: Path):
    assert rows("en")["kubectl get"] == "[00-first](en/00-first.ipynb): Predict, run, look"
    assert rows("zh")["kubectl get"] == "[00-first](zh/00-first.ipynb): 先预测，再运行，再观察"


def test_no_answer_and_no_hint_is_told(folder: Path):
    assert "kubectl run" in Folder(folder).solution("page", "en")
    assert "kubectl run" not in rows("en")


def test_what_kubernetes_calls_a_failure_is_found(folder: Path):
    for lang, text in (
        ("en", "It is in `CrashLoopBackOff`: bad address."),
        ("zh", "它在 `CrashLoopBackOff`。"),
    ):
        add(
            folder / f"lesson.{lang}.md",
            f"\n## Red {lang}\n\n{text}\n\nTry `kubectl rollout undo deployment/web`.\n",
        )
    for entry in ("CrashLoopBackOff", "bad address", "kubectl rollout undo"):
        assert rows("zh")[entry] == "[00-first](zh/00-first.ipynb): Red zh"


def test_terms_are_explained_in_both_languages(folder: Path):
    add(folder / "glossary.yaml", "- term: tag\n  en: A name for a digest.\n  zh: 标签：摘要的别名。\n")
    assert "- **tag**: 标签：摘要的别名。 [00-first](zh/00-first.ipynb)" in index.render(folders(), "zh")
    skeleton.new("second")
    add(paths.lessons() / "01-second" / "glossary.yaml", "- term: tag\n  en: x\n  zh: y\n")
    with pytest.raises(LessonError, match="explained in another lesson too"):
        index.render(folders(), "en")


def test_the_index_is_built_and_its_staleness_seen(folder: Path):
    build.build()
    assert build.build_index(check=True) == []
    for lang in ("en", "zh"):
        add(folder / f"lesson.{lang}.md", "\nTry `kubectl top pods`.\n")
    assert [path.name for path in build.build_index(check=True)] == ["index.en.md", "index.zh.md"]
