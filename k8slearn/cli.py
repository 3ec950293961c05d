"""The ``k8slearn`` command. Nothing heavy is imported until a command needs it: ``--help`` answers at once."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from k8slearn.errors import K8slearnError

if TYPE_CHECKING:
    from k8slearn.engines.remote_clock import RemoteClock


class _Commands(click.Group):
    """In the order in which one meets them, with k8slearn's own errors printed plainly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except K8slearnError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="k8slearn")
def main() -> None:
    """Learn Kubernetes by doing it."""


# -- the cluster ------------------------------------------------------------------------------------


@main.command()
@click.option("--nodes", type=click.IntRange(1, 100), help="Nodes, the control plane included (3).")
@click.option("--port", type=click.IntRange(1, 65535), help="A fixed port on loopback.")
def up(nodes: int | None, port: int | None) -> None:
    """Start a cluster in the background, or find it running."""
    from k8slearn.engines import background

    found = background.up(nodes, port)
    click.echo(f"A cluster with {found.nodes} nodes is running at {found.url}")
    click.echo(f"Use it with: export KUBECONFIG={shlex.quote(found.kubeconfig)}")


@main.command()
@click.option("--keep", is_flag=True, help="Keep its objects: the next up goes on with them.")
def down(keep: bool) -> None:
    """Stop the cluster and forget its objects."""
    from k8slearn.engines import background

    stopped = background.down(keep=keep)
    click.echo("The cluster is stopped." if stopped else "No cluster was running.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(as_json: bool) -> None:
    """Say whether a cluster is running. Exit code 1 when none is."""
    from dataclasses import asdict

    from k8slearn.engines import background

    found = background.running()
    if as_json:
        click.echo(json.dumps({"running": found is not None, **(asdict(found) if found else {})}))
    elif found:
        click.echo(f"A cluster with {found.nodes} nodes is running at {found.url} (process {found.pid})")
    else:
        click.echo("No cluster is running. Start one with: k8slearn up")
    sys.exit(0 if found else 1)


@main.command()
def kubeconfig() -> None:
    """Print the path of the cluster's kubeconfig."""
    from k8slearn import engines

    click.echo(engines.kubeconfig())


@main.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kubectl(arguments: tuple[str, ...]) -> None:
    """Run kubectl on the cluster: k8slearn kubectl get pods."""
    from k8slearn import engines
    from k8slearn.engines import kubectl as program

    found = program.find()
    os.execve(found, [found, *arguments], {**os.environ, "KUBECONFIG": str(engines.kubeconfig())})


# -- time -------------------------------------------------------------------------------------------


@main.group(cls=_Commands)
def clock() -> None:
    """Look at and move the cluster's virtual time."""


def _clock() -> RemoteClock:
    from k8slearn.engines import connect
    from k8slearn.engines.remote_clock import RemoteClock
    from k8slearn.errors import UnsupportedError

    found = connect().clock
    if not isinstance(found, RemoteClock):
        raise UnsupportedError(
            "This cluster is a real one: its time cannot be moved. The embedded one's can."
        )
    return found


def _tell(clock: dict[str, Any]) -> None:
    pace = "paused" if clock["paused"] else f"speed {clock['speed']:g}"
    click.echo(f"{clock['now']}  {pace}  {clock['pending']} pending")
    if not clock["settled"]:
        raise click.ClickException("The cluster did not settle: something keeps on happening.")


@clock.command()
def show() -> None:
    """Print the virtual time."""
    _tell(_clock().show())


@clock.command()
def pause() -> None:
    """Let time stand still."""
    _tell(_clock().do("pause"))


@clock.command()
def resume() -> None:
    """Let time go on."""
    _tell(_clock().do("resume"))


@clock.command()
def step() -> None:
    """Jump to the next event."""
    _tell(_clock().do("step"))


@clock.command()
def settle() -> None:
    """Let time pass until nothing is pending."""
    _tell(_clock().do("settle"))


@clock.command()
@click.argument("duration")
def advance(duration: str) -> None:
    """Let DURATION (5m, 90s, 1h30m) pass at once."""
    from k8slearn.kube.duration import parse_duration

    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise click.BadParameter(f"{error}. Write it like 5m, 90s or 1h30m.") from error
    _tell(_clock().do("advance", seconds=seconds))


@clock.command()
@click.argument("factor", type=click.FloatRange(0, 10_000, min_open=True))
def speed(factor: float) -> None:
    """Let time pass FACTOR times as fast."""
    _tell(_clock().do("speed", factor=factor))


@main.command()
@click.argument("object", metavar="KIND/NAME")
@click.option("-n", "--namespace", default="default", show_default=True)
def trace(object: str, namespace: str) -> None:
    """Say which component did what to an object, and for which: k8slearn trace deployment/web."""
    from k8slearn import engines
    from k8slearn.engines.trace import concerning

    for line in concerning(engines.kubeconfig(), object, namespace):
        click.echo(line)


# -- lessons ----------------------------------------------------------------------------------------


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--lang", type=click.Choice(["en", "zh"]), help="The lessons' language.")
@click.option("--no-browser", is_flag=True, help="Only print JupyterLab's address.")
def lab(folder: Path | None, lang: str | None, no_browser: bool) -> None:
    """Start the cluster, copy the lessons to FOLDER and open JupyterLab on them."""
    from k8slearn.lab.start import start_lab

    start_lab(folder or Path("k8slearn-lessons"), lang, open_browser=not no_browser)


@main.group(cls=_Commands, invoke_without_command=True)
@click.pass_context
def lessons(ctx: click.Context) -> None:
    """List the lessons and how far you are."""
    if ctx.invoked_subcommand is None:
        from k8slearn.course import overview

        click.echo(overview.render())


@lessons.command("build")
@click.option("--check", is_flag=True, help="Write nothing; fail when a committed notebook is stale.")
def lessons_build(check: bool) -> None:
    """Make the notebooks from the lessons' sources."""
    from k8slearn.course import build

    stale = build.build(check=check)
    for path in stale:
        click.echo(f"{'stale' if check else 'written'}: {path}")
    if check and stale:
        raise click.ClickException("Some notebooks are stale. Make them anew: k8slearn lessons build")


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


@main.command()
@click.argument("which", metavar="LESSON[/EXERCISE]")
def check(which: str) -> None:
    """Judge a lesson's exercises by what the cluster does. Exit code 1 when one has not passed."""
    lesson, exercises = _exercises(which)
    results = [lesson.check(exercise) for exercise in exercises]
    click.echo("\n".join(map(str, results)))
    sys.exit(0 if all(result.passed for result in results) else 1)


@main.command()
@click.argument("which", metavar="LESSON/EXERCISE")
def hint(which: str) -> None:
    """Give the next hint on an exercise."""
    lesson, exercises = _exercises(which)
    if len(exercises) != 1:
        raise click.BadParameter(f"Name one exercise: {', '.join(f'{which}/{one}' for one in exercises)}")
    click.echo(str(lesson.hint(exercises[0])))


@main.command()
@click.argument("lesson")
def reset(lesson: str) -> None:
    """Empty a lesson's namespace and forget what was passed in it."""
    found, _ = _exercises(lesson)
    click.echo(str(found.reset()))


@main.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the marks go.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Submissions at a time (two a core).")
def grade(submissions: Path, out: Path, jobs: int | None) -> None:
    """Mark a folder of learners' notebooks."""
    from k8slearn.grading import grade as grading

    grading.run(submissions, out, jobs)


@main.command()
def demo() -> None:
    """Start a cluster of its own, solve every lesson, and print the graded table."""
    from k8slearn.grading import demo as demonstration

    sys.exit(demonstration.run())
