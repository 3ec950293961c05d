"""``k8slearn trace``: who did what, and why."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("object", metavar="[KIND/NAME]", default="")
@click.option("-n", "--namespace", default="default", show_default=True)
@click.option("--since", metavar="DURATION", help="Only what happened in the last 5m, 90s, 1h30m.")
@click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")
def trace(object: str, namespace: str, since: str | None, as_json: bool) -> None:
    """Tell who did what, and why: to everything, or to an object and what was made for it, deployment/web.

    Times are the cluster's, in seconds since the first line.
    """
    from k8slearn import engines
    from k8slearn.engines.trace import entries, remote
    from k8slearn.kube.duration import parse_duration

    try:
        seconds = parse_duration(since) if since is not None else None
    except ValueError as error:
        raise click.BadParameter(f"{error}. Write it like 5m, 90s or 1h30m.", param_hint="--since") from error
    engines.current().need("trace")
    told = remote(engines.kubeconfig())(object, namespace, seconds)
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for entry in entries(told):
        click.echo(str(entry))


COMMANDS = (trace,)
