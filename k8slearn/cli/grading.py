"""``k8slearn grade``, ``demo``, ``autograder``: marks for submissions."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_file = click.Path(path_type=Path)


@click.command()
@click.argument("submissions", type=_file)
@click.option("--out", required=True, type=_file, help="Where the marks go.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Submissions at a time (two a core).")
@click.option("--seed-from", type=_file, help="A CSV with the columns learner and seed: who is in the class.")
@click.option(
    "--attempts",
    type=click.Choice(["latest", "best"]),
    default="latest",
    show_default=True,
    help="Which of a learner's notebooks for one lesson counts.",
)
@click.option("--late", type=_file, help="A CSV with the columns lesson, due, percent_per_day, and learner.")
@click.option("--show-feedback", is_flag=True, help="Print the feedback, too, as Markdown: for a log of CI.")
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), help="Exit code 1 where less percent are reached."
)
@click.option(
    "--resume/--anew",
    default=True,
    help="Keep what an earlier run came to (the default), or grade all again.",
)
@click.option("--unsafe", is_flag=True, help="Run notebooks without a sandbox: they may do what you may.")
def grade(
    submissions: Path,
    out: Path,
    jobs: int | None,
    seed_from: Path | None,
    attempts: str,
    late: Path | None,
    show_feedback: bool,
    fail_under: float | None,
    resume: bool,
    unsafe: bool,
) -> None:
    """Mark learners' notebooks.

    SUBMISSIONS is a folder or a zip: of notebooks named after the learners, of folders named after them, as Moodle
    or Canvas export it, or an nbgrader course's submitted/.

    Of several notebooks that a learner handed in for one lesson the latest is graded; with --attempts best all
    are, and the one with most points counts. A notebook that cannot be read takes no other's place.

    In the CSV of --late, each day begun after `due` (2026-03-01T23:59:00+01:00) takes percent_per_day off the
    points; a line with a learner is an extension for that learner.

    A run that was broken off is taken up by the same command: what is unchanged is not graded twice.
    """
    from k8slearn.grading import grade as grading
    from k8slearn.grading.attempts import Rule

    grades = grading.run(
        submissions, out, jobs, seed_from, Rule(attempts), late, resume=resume, unsafe=unsafe
    )
    if show_feedback:
        click.echo("\n".join(["", *map(grading.report.markdown, grades.outcomes)]))
    if fail_under is not None and not all(one.reached(fail_under) for one in grades.outcomes):
        sys.exit(1)


@click.command()
def demo() -> None:
    """Start a cluster of its own, solve every lesson, and print the graded table."""
    from k8slearn.grading import demo as demonstration

    sys.exit(demonstration.run())


@click.command()
@click.option(
    "--out", type=_file, default=Path("autograder.zip"), show_default=True, help="The zip to write."
)
def autograder(out: Path) -> None:
    """Make the zip that grades lessons on Gradescope."""
    from k8slearn.grading import autograder as gradescope

    gradescope.build(out)
    click.echo(f"written: {out}. In Gradescope: Configure Autograder, Zip file upload.")


COMMANDS = (grade, demo, autograder)
