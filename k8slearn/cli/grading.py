"""``k8slearn grade``, ``demo``: marks for submissions."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the marks go.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), help="Submissions at a time (two a core).")
@click.option("--seed-from", type=click.Path(path_type=Path), help="A CSV with the columns learner and seed.")
@click.option("--unsafe", is_flag=True, help="Run notebooks without a sandbox: they may do what you may.")
def grade(submissions: Path, out: Path, jobs: int | None, seed_from: Path | None, unsafe: bool) -> None:
    """Mark a folder of learners' notebooks."""
    from k8slearn.grading import grade as grading

    grading.run(submissions, out, jobs, seed_from, unsafe=unsafe)


@click.command()
def demo() -> None:
    """Start a cluster of its own, solve every lesson, and print the graded table."""
    from k8slearn.grading import demo as demonstration

    sys.exit(demonstration.run())


COMMANDS = (grade, demo)
