"""Names and numbers per learner: drawn from a seed, known to steps, scene and texts."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from k8slearn import paths
from k8slearn.course import Check, Context, Exercise, skeleton
from k8slearn.course.loader import Folder
from k8slearn.course.texts import load

NOTHING: Any = None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A lesson whose only exercise has a port per learner."""
    monkeypatch.setattr(paths, "lessons", lambda: tmp_path)
    folder = skeleton.new("first")
    with (folder / "checks.py").open("a", encoding="utf-8") as file:
        file.write("\n\n@page.values\ndef _(rng):\n    return {'port': rng.randrange(1000, 9000)}\n")
    texts = folder / "exercises.en.yaml"
    texts.write_text(
        texts.read_text(encoding="utf-8").replace(
            "title: A page", "title: A page on {port}\n  task: Serve on {port}, not {.spec}"
        ),
        encoding="utf-8",
    )
    return Folder(folder)


def test_the_same_seed_gives_the_same_values_and_another_one_others(folder: Folder):
    assert folder.values("page", "alice") == folder.values("page", "alice")
    assert folder.values("page", "alice") != folder.values("page", "bob")


def test_the_seed_of_the_environment_is_used_where_none_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("K8SLEARN_SEED", "alice")
    assert folder.values("page") == folder.values("page", "alice")
    monkeypatch.delenv("K8SLEARN_SEED")
    assert folder.values("page") == folder.values("page", "0")


def test_texts_have_the_learner_s_values(folder: Folder):
    port = folder.values("page", "alice")["port"]
    found = folder.exercises("en", "alice")["page"]
    assert found.title == f"A page on {port}"
    assert found.task == f"Serve on {port}, not {{.spec}}"


def test_steps_scene_and_feedback_have_the_learner_s_values():
    check = Check("serve")
    seen = []

    @check.values
    def drawn(rng: Random) -> dict[str, object]:
        return {"port": rng.randrange(1000, 9000)}

    @check.begin
    def scene(ctx: Context) -> None:
        seen.append(ctx.values["port"])

    @check.step(points=1)
    def answers(ctx: Context) -> None:
        seen.append(ctx.values["port"])
        ctx.fail("other-port", found=80)

    exercise = Exercise(
        check=check,
        title="Serve",
        step_titles={"answers": "It answers"},
        hints=("",),
        debrief="",
        feedback={"other-port": {"seen": "{found}, not {port}", "why": "", "advice": ""}},
        texts=load("en"),
        values=check.drawn("alice"),
    )
    context = Context(NOTHING, "here")
    exercise.begin(context)
    feedback = exercise.judge(context).feedback
    port = check.drawn("alice")["port"]
    assert seen == [port, port]
    assert feedback is not None and feedback.seen == f"80, not {port}"
