"""How a group of commands lists them, and prints k8slearn's own errors."""

from __future__ import annotations

from typing import Any

import click

from k8slearn.engines import ENGINES
from k8slearn.errors import K8slearnError

choose_engine = click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    help="What runs the cluster (K8SLEARN_ENGINE, else as last time).",
)


class Commands(click.Group):
    """In the order in which one meets them, with k8slearn's own errors printed plainly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except K8slearnError as error:
            raise click.ClickException(str(error)) from error
