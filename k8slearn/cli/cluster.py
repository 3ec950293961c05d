"""``k8slearn up``, ``down``, ``status``, ``kubeconfig``, ``kubectl``: the cluster as a whole."""

from __future__ import annotations

import json
import os
import shlex
import sys

import click


@click.command()
@click.option("--nodes", type=click.IntRange(1, 100), help="Nodes, the control plane included (3).")
@click.option("--port", type=click.IntRange(1, 65535), help="A fixed port on loopback.")
def up(nodes: int | None, port: int | None) -> None:
    """Start a cluster in the background, or find it running."""
    from k8slearn.engines import background

    found = background.up(nodes, port)
    click.echo(f"A cluster with {found.nodes} nodes is running at {found.url}")
    click.echo(f"Use it with: export KUBECONFIG={shlex.quote(found.kubeconfig)}")


@click.command()
@click.option("--keep", is_flag=True, help="Keep its objects: the next up goes on with them.")
def down(keep: bool) -> None:
    """Stop the cluster and forget its objects."""
    from k8slearn.engines import background

    stopped = background.down(keep=keep)
    click.echo("The cluster is stopped." if stopped else "No cluster was running.")


@click.command()
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


@click.command()
def kubeconfig() -> None:
    """Print the path of the cluster's kubeconfig."""
    from k8slearn import engines

    click.echo(engines.kubeconfig())


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kubectl(arguments: tuple[str, ...]) -> None:
    """Run kubectl on the cluster: k8slearn kubectl get pods."""
    from k8slearn import engines
    from k8slearn.engines import kubectl as program

    found = program.find()
    os.execve(found, [found, *arguments], {**os.environ, "KUBECONFIG": str(engines.kubeconfig())})


COMMANDS = (up, down, status, kubeconfig, kubectl)
