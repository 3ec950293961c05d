"""``k8slearn up``, ``down``, ``status``, ``kubeconfig``, ``kubectl``: the cluster as a whole."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import Any

import click

from k8slearn.cli.commands import choose_engine


@click.command()
@choose_engine
@click.option("--nodes", type=click.IntRange(1, 100), help="Nodes, the control plane included (3).")
@click.option("--port", type=click.IntRange(1, 65535), help="A fixed port on loopback.")
@click.option("--image", help="kind: the image of the nodes (K8SLEARN_KIND_IMAGE).")
@click.option("--context", help="context: the context of a kubeconfig to use, and no other.")
@click.option("--namespace", help="context: the one namespace to work in.")
@click.option("--kubeconfig", help="context: the file that has the context (KUBECONFIG, ~/.kube/config).")
def up(engine: str | None, **wish: Any) -> None:
    """Start a cluster in the background, or find it running."""
    from k8slearn import engines
    from k8slearn.engines import progress
    from k8slearn.engines.engine import Wish

    with progress.shown() as shown:
        found = engines.up(engine, Wish(**wish), shown)
    click.echo(found.sentence)
    click.echo(f"Use it with: export KUBECONFIG={shlex.quote(found.kubeconfig)}")


@click.command()
@choose_engine
@click.option("--keep", is_flag=True, help="Keep its objects: the next up goes on with them.")
def down(engine: str | None, keep: bool) -> None:
    """Stop the cluster and forget its objects."""
    from k8slearn import engines

    click.echo(engines.down(engine, keep=keep))


@click.command()
@choose_engine
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(engine: str | None, as_json: bool) -> None:
    """Say whether a cluster is running. Exit code 1 when none is, or not all is well with it."""
    from k8slearn import engines

    found = engines.current(engine).status()
    if as_json:
        click.echo(json.dumps({"running": found is not None, **(found.facts() if found else {})}))
    elif found:
        click.echo(found.sentence)
        if found.problem:
            click.echo(found.problem)
    else:
        click.echo("No cluster is running. Start one with: k8slearn up")
    sys.exit(0 if found and not found.problem else 1)


@click.command()
def kubeconfig() -> None:
    """Print the path of the cluster's kubeconfig."""
    from k8slearn import engines

    click.echo(engines.kubeconfig())


class _AsTyped(click.Command):
    """Every word is an argument, ``--`` too: it tells kubectl where a container's command begins."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.params["arguments"] = tuple(args)
        return args


@click.command(cls=_AsTyped, add_help_option=False)
def kubectl(arguments: tuple[str, ...]) -> None:
    """Run kubectl on the cluster: k8slearn kubectl get pods."""
    from k8slearn import engines
    from k8slearn.engines import kubectl as program

    found = program.find()
    os.execve(found, [found, *arguments], {**os.environ, "KUBECONFIG": str(engines.kubeconfig())})


COMMANDS = (up, down, status, kubeconfig, kubectl)
