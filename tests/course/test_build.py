from __future__ import annotations

import json
from pathlib import Path

import pytest

from k8slearn import paths
from k8slearn.course import build, skeleton
from k8slearn.course.loader import Folder, folders
from k8slearn.errors import LessonError


@pytest.fixture
def lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of lessons."""
    monkeypatch.setattr(paths, "lessons", lambda: tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_lesson_builds_and_is_then_not_stale(lessons: Path):
    assert skeleton.new("node-loss") == lessons / "00-node-loss"
    assert [path.name for path in build.build()] == ["00-node-loss.ipynb"] * 4 + [
        "index.en.md",
        "index.zh.md",
    ]
    assert build.build(check=True) == []


def test_a_new_lesson_takes_the_next_number_or_the_one_it_names(lessons: Path):
    skeleton.new("first")
    assert skeleton.new("07-late").name == "07-late"
    assert skeleton.new("next").name == "08-next"


@pytest.mark.parametrize("name", ["Node Loss", "00-other", "first", "../first"])
def test_a_name_that_is_none_or_is_taken_makes_nothing(lessons: Path, name: str):
    skeleton.new("first")
    with pytest.raises(LessonError):
        skeleton.new(name)
    assert len(folders()) == 1


def test_a_new_lesson_has_an_exercise_with_right_and_wrong_answers(lessons: Path):
    answers = Folder(skeleton.new("first")).answers()
    assert [answer.draws for answer in answers] == [
        None,
        None,
        "pod-misspelt",
        "pod-image",
        "pod-ends",
        "refused",
    ]


def test_check_names_what_is_stale_and_writes_nothing(lessons: Path):
    folder = skeleton.new("first")
    build.build()
    edit(folder / "lesson.en.md", "A story from", "Another story from")
    before = (lessons / "en" / "00-first.ipynb").read_bytes()
    assert len(build.build(check=True)) == 2
    assert (lessons / "en" / "00-first.ipynb").read_bytes() == before


def test_a_notebook_whose_lesson_is_gone_is_stale_and_then_removed(lessons: Path):
    (lessons / "en").mkdir()
    stray = lessons / "en" / "05-gone.ipynb"
    stray.write_text("{}")
    assert stray in build.build(check=True)
    build.build()
    assert not stray.exists()


def test_only_answer_cells_differ_between_the_learner_s_notebook_and_the_solved_one(lessons: Path):
    skeleton.new("first")
    build.build()
    blank, solved = (
        json.loads((lessons / place / "00-first.ipynb").read_text(encoding="utf-8"))
        for place in ("en", "solutions/en")
    )
    differing = [
        a["id"] for a, b in zip(blank["cells"], solved["cells"], strict=True) if a["source"] != b["source"]
    ]
    assert differing == ["answer-page"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (":name: setup", ":name: start", "no code cell named setup"),
        (":name: answer-page", ":name: reply-page", "'page' needs a cell answer-page"),
        ('lesson.check("page")', 'lesson.check("pages")', "'page' needs a cell check-page"),
        ("%kubectl get pods", "```\n\n```{code-cell}\n:name: check-nosuch\n1", "no check for the cell"),
    ],
)
def test_a_source_that_is_not_sound_is_refused(lessons: Path, old: str, new: str, said: str):
    folder = skeleton.new("first")
    edit(folder / "lesson.en.md", old, new)
    with pytest.raises(LessonError, match=said):
        build.build()


@pytest.fixture
def translated(lessons: Path) -> Path:
    """A lesson in two languages, which so far are the same."""
    folder = skeleton.new("first")
    for name, kind in (("lesson", "md"), ("exercises", "yaml"), ("quiz", "yaml")):
        text = (folder / f"{name}.en.{kind}").read_text(encoding="utf-8")
        (folder / f"{name}.zh.{kind}").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "lesson.zh.md",
            "--image=nginx:1.29",
            "--image=nginx:1.28",
            r"zh\.md:\d+: the code cell answer-page differs",
        ),
        (
            "lesson.zh.md",
            "- What to take home.",
            "+++\n- What to take home.",
            "the cell text-05 is where English has quiz",
        ),
        ("lesson.zh.md", ":tags: answer", ":tags: answer hard", "the tags of the cell answer-page differ"),
        (
            "exercises.zh.yaml",
            "    - A question that points the way.\n",
            "",
            "/page/hints/2 is there in one language",
        ),
        ("exercises.zh.yaml", "to its port 80", "to its {port}", "/page/feedback/refused has the gap {port}"),
        ("exercises.zh.yaml", "refused:", "refusal:", "/page/feedback/refusal is there in one language"),
    ],
)
def test_a_translation_that_differs_is_refused_with_the_place(
    translated: Path, file: str, old: str, new: str, said: str
):
    build.build()
    edit(translated / file, old, new)
    with pytest.raises(LessonError, match=said):
        build.build()


def test_a_translation_makes_notebooks_of_its_own(translated: Path, lessons: Path):
    edit(translated / "lesson.zh.md", "A story", "故事")
    assert len(build.build()) == 6
    assert "故事" in (lessons / "solutions" / "zh" / "00-first.ipynb").read_text(encoding="utf-8")
    starter = (lessons / "zh" / "00-first.ipynb").read_text(encoding="utf-8")
    assert "# 把这一行换成你的答案。" in starter


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_quiz_and_its_cell_belong_together_in_both_languages(lessons: Path, lang: str):
    folder = skeleton.new("first")
    (folder / f"quiz.{lang}.yaml").unlink()
    with pytest.raises(LessonError, match="belong together"):
        build.build()


def test_comments_may_differ_between_languages():
    assert build.without_comments("x = 1  # one\n# two\ny = '#'") == build.without_comments(
        "x = 1  # 一\n# 二\ny = '#'"
    )


def test_a_hash_in_a_command_is_no_comment():
    assert build.without_comments("%kubectl run a -- echo '#1") != build.without_comments(
        "%kubectl run a -- echo '#2"
    )
