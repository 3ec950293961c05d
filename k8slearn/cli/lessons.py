"""``k8slearn lab``, ``lessons``, ``check``, ``hint``, ``quiz``, ``reset``: learning, and writing lessons."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from k8slearn.cli.commands import Commands, choose_engine


def _speak(ctx: click.Context, param: click.Parameter, lang: str | None) -> None:
    if lang is not None:
        os.environ["K8SLEARN_LANG"] = lang


choose_lang = click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    help="English or Chinese (K8SLEARN_LANG, else the locale's).",
    expose_value=False,
    callback=_speak,
)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@choose_lang
@choose_engine
@click.option("--no-browser", is_flag=True, help="Only print JupyterLab's address.")
def lab(folder: Path | None, engine: str | None, no_browser: bool) -> None:
    """Start the cluster, copy the lessons to FOLDER and open JupyterLab on them."""
    from k8slearn.course.texts import language
    from k8slearn.lab.start import start_lab

    lang = language()

    # A folder for each language: a notebook that is there already is the learner's, and stays as it is.
    default = "k8slearn-lessons" if lang == "en" else f"k8slearn-lessons-{lang}"
    start_lab(folder or Path(default), lang, engine, open_browser=not no_browser)


@click.group(cls=Commands, invoke_without_command=True)
@choose_lang
@click.pass_context
def lessons(ctx: click.Context) -> None:
    """List the lessons and how far you are."""
    if ctx.invoked_subcommand is None:
        from k8slearn.course import overview

        click.echo(overview.render())


@lessons.command("build")
@click.argument("names", metavar="[LESSON]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail when a committed notebook is stale.")
def lessons_build(names: tuple[str, ...], check: bool) -> None:
    """Make the notebooks from the lessons' sources: of all lessons, or of those named."""
    from k8slearn.course import build

    _tell(build.build(names, check=check), check)


@lessons.command("index")
@click.option("--check", is_flag=True, help="Write nothing; fail when the committed index is stale.")
def lessons_index(check: bool) -> None:
    """Make the index and glossary, lessons/index.*.md, from the lessons. Building all lessons makes it too."""
    from k8slearn.course import build

    _tell(build.build_index(check=check), check)


def _tell(stale: list[Path], check: bool) -> None:
    for path in stale:
        click.echo(f"{'stale' if check else 'written'}: {path}")
    if check and stale:
        raise click.ClickException("Some of it is stale. Make it anew: k8slearn lessons build")


@lessons.command("export")
@click.argument("names", metavar="[LESSON]...", nargs=-1)
@click.option(
    "--nbgrader", required=True, type=click.Path(path_type=Path), help="An nbgrader course's folder."
)
@choose_lang
def lessons_export(names: tuple[str, ...], nbgrader: Path) -> None:
    """Write lessons into an nbgrader course: all of them, or those named."""
    from k8slearn.course.texts import language
    from k8slearn.grading import nbgrader as bridge

    for path in bridge.export(names, nbgrader, language()):
        click.echo(f"written: {path}")


@lessons.command("new")
@click.argument("name")
def lessons_new(name: str) -> None:
    """Make the skeleton of a lesson, which passes its own tests."""
    from k8slearn.course import skeleton

    click.echo(f"Made {skeleton.new(name)}. CONTRIBUTING.md shows how to go on.")


def _exercises(which: str) -> tuple[Any, list[str]]:
    """The lesson and the exercises that LESSON or LESSON/EXERCISE names."""
    from k8slearn.course.lesson import Lesson
    from k8slearn.engines import connect

    name, _, exercise = which.partition("/")
    lesson = Lesson(name, connect())
    return lesson, [exercise] if exercise else list(lesson.exercises)


@click.command()
@click.argument("which", metavar="[LESSON[/EXERCISE]]", required=False)
@click.option("--all", "everything", is_flag=True, help="Judge what has not passed yet in all lessons begun.")
@choose_lang
def check(which: str | None, everything: bool) -> None:
    """Judge a lesson's exercises by what the cluster does. Exit code 1 when one has not passed."""
    if everything == (which is not None):
        raise click.UsageError("Name a lesson, or give --all.")
    if which is None:
        sys.exit(_check_all())
    lesson, exercises = _exercises(which)
    results = [lesson.check(exercise) for exercise in exercises]
    click.echo("\n".join(map(str, results)))
    sys.exit(0 if all(result.passed for result in results) else 1)


def _check_all() -> int:
    from k8slearn.course import overview, whole
    from k8slearn.engines import connect

    judged = whole.judge(connect())
    click.echo(overview.render(judged=judged))
    return 0 if whole.complete() else 1


@click.command()
@click.argument("which", metavar="LESSON/EXERCISE")
@choose_lang
def hint(which: str) -> None:
    """Give the next hint on an exercise."""
    lesson, exercises = _exercises(which)
    if len(exercises) != 1:
        raise click.BadParameter(f"Name one exercise: {', '.join(f'{which}/{one}' for one in exercises)}")
    click.echo(str(lesson.hint(exercises[0])))


@click.command()
@click.argument("lesson")
@choose_lang
def quiz(lesson: str) -> None:
    """Ask the questions of a lesson's quiz, one by one."""
    from k8slearn.course.loader import find
    from k8slearn.course.quiz import LETTERS
    from k8slearn.errors import LessonError

    folder = find(lesson)
    found = folder.quiz(folder.language())
    right = 0
    for number, question in enumerate(found.questions, 1):
        click.echo(f"\n{found.ask(number)}")
        missing = {letter for letter, option in zip(LETTERS, question.options, strict=False) if option.right}
        first = True
        while missing:
            letter = click.prompt("  >", prompt_suffix=" ").strip().lower()
            try:
                click.echo(f"  {found.explain(number, letter)}")
            except LessonError as error:
                click.echo(f"  {error}")
                continue
            first = first and question.options[LETTERS.index(letter)].right
            missing.discard(letter)
        right += first
    click.echo(f"\n{found.texts.word('quiz-score', right=right, of=len(found.questions))}")


@click.command()
@click.argument("which", metavar="LESSON[/EXERCISE]")
@choose_lang
def reset(which: str) -> None:
    """Begin a lesson or an exercise anew on the cluster, and forget what was passed. No notebook is touched."""
    lesson, _ = _exercises(which)
    click.echo(str(lesson.reset(which.partition("/")[2] or None)))


@click.command()
@click.option("--name", required=True, help="The name that it is made out to.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("certificate.html"), show_default=True)
@choose_lang
def certificate(name: str, out: Path) -> None:
    """Write your certificate, once all lessons are done."""
    from datetime import date

    from k8slearn import paths
    from k8slearn.course import certificate as page
    from k8slearn.course import texts
    from k8slearn.course.progress import Progress

    text = page.render(name, texts.language(), Progress(paths.home() / "progress.json"), date.today())
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"{out} cannot be written: {error.strerror}. Name another: --out"
        ) from error
    click.echo(texts.word("certificate-written", path=out))


COMMANDS = (lab, lessons, check, hint, quiz, reset, certificate)
