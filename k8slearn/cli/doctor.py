"""``k8slearn doctor``: what is missing on this machine, and how to get it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from k8slearn.cli.commands import choose_engine

MARKS = {"ok": "✓", "warning": "!", "missing": "✗"}


@click.command()
@choose_engine
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def doctor(engine: str | None, as_json: bool) -> None:
    """Say what each engine needs, whether it is there, and how to get it.

    Exit code 1 when the engine in use (or named) cannot run on this machine.
    """
    from k8slearn import engines
    from k8slearn.engines.doctor import Level, examine

    chosen = engines.current(engine).name
    findings = examine(engine)
    needed = ("embedded", "kind") if chosen == "kind" else ("embedded",)
    lacking = [one.what for one in findings if one.level is Level.MISSING and one.engine in needed]
    if as_json:
        told = {"engine": chosen, "ok": not lacking, "findings": [asdict(one) for one in findings]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        sys.exit(1 if lacking else 0)
    for one in dict.fromkeys(finding.engine for finding in findings):
        click.echo(f"The engine {one} needs:")
        for finding in findings:
            if finding.engine == one:
                click.echo(f"  {MARKS[finding.level]} {finding.what}: {finding.found}")
                if finding.do:
                    click.echo(f"      {finding.do}")
    if lacking:
        click.echo(f"The engine {chosen} cannot run here yet: {', '.join(lacking)}.")
    else:
        click.echo(f"Nothing is missing for the engine {chosen}.")
    sys.exit(1 if lacking else 0)


COMMANDS = (doctor,)
