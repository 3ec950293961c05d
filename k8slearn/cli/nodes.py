"""``k8slearn node``: what may befall a node, for whoever teaches."""

from __future__ import annotations

from typing import Any

import click

from k8slearn.cli.commands import Commands


def _befall(name: str, what: str, **how: Any) -> None:
    from k8slearn import engines

    state = engines.current().nodes().do(name, what, **how)
    click.echo(f"{name}: {state}")


@click.group(cls=Commands)
def node() -> None:
    """Let nodes crash, freeze, lose their network, and recover."""


@node.command("list")
def list_nodes() -> None:
    """Print how each node fares."""
    from k8slearn import engines

    for name, state in engines.current().nodes().states().items():
        click.echo(f"{name}: {state}")


@node.command()
@click.argument("name")
def crash(name: str) -> None:
    """Take its power: all that runs on it ends at once."""
    _befall(name, "crash")


@node.command()
@click.argument("name")
def freeze(name: str) -> None:
    """Let the machine stand still; its programs go on when it recovers."""
    _befall(name, "freeze")


@node.command("cut-off")
@click.argument("name")
def cut_off(name: str) -> None:
    """Take its network: its containers run on, and nobody reaches them."""
    _befall(name, "cut-off")


@node.command()
@click.argument("name")
@click.argument("other")
def partition(name: str, other: str) -> None:
    """Let nothing get from one node to the OTHER, or back."""
    _befall(name, "partition", **{"from": other})


@node.command()
@click.argument("name")
def fill(name: str) -> None:
    """Fill its disk."""
    _befall(name, "fill")


@node.command()
@click.argument("name")
def recover(name: str) -> None:
    """Undo all of this."""
    _befall(name, "recover")


COMMANDS = (node,)
