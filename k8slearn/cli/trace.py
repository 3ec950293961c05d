"""``k8slearn trace``: who did what, and why."""

from __future__ import annotations

import click


@click.command()
@click.argument("object", metavar="KIND/NAME")
@click.option("-n", "--namespace", default="default", show_default=True)
def trace(object: str, namespace: str) -> None:
    """Say which component did what to an object, and for which: k8slearn trace deployment/web."""
    from k8slearn import engines
    from k8slearn.engines.trace import concerning

    for line in concerning(engines.kubeconfig(), object, namespace):
        click.echo(line)


COMMANDS = (trace,)
