"""``k8slearn watch``: the views in a terminal, for those who are not in a notebook."""

from __future__ import annotations

from collections.abc import Callable

import click

from k8slearn.cli.commands import Commands


@click.group(cls=Commands)
def watch() -> None:
    """Watch the cluster live: its map, a rollout, a Service's traffic, …  Ctrl-C ends it."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--once", is_flag=True, help="Print the picture as it is now, and end.")(command)
    return click.option("-n", "--namespace", help="The kubeconfig's namespace by default.")(command)


def _watch(kind: str, *what: str, namespace: str | None, once: bool) -> None:
    import yaml

    from k8slearn import engines
    from k8slearn.course.texts import language
    from k8slearn.engines.cluster import Cluster
    from k8slearn.engines.engine import current_context
    from k8slearn.lab.views.live import show
    from k8slearn.lab.views.pictures import picture

    path = engines.kubeconfig()
    if namespace is None and kind != "map":
        context = current_context(yaml.safe_load(path.read_text()), path)["context"]
        namespace = context.get("namespace", "default")
    show(Cluster.at(path).api_client, picture(kind, *what, namespace, lang=language()), once=once)


@watch.command()
@_options
def map(namespace: str | None, once: bool) -> None:
    """Nodes, and the pods on them (all pods, or those of a namespace)."""
    _watch("map", namespace=namespace, once=once)


@watch.command()
@_options
def timeline(namespace: str | None, once: bool) -> None:
    """Who did what, second by second."""
    _watch("timeline", namespace=namespace, once=once)


def _of(kind: str, argument: str, help: str) -> None:
    """Add the command ``kind``, which takes one argument."""

    @watch.command(kind, help=help)
    @click.argument("what", metavar=argument)
    @_options
    def command(what: str, namespace: str | None, once: bool) -> None:
        _watch(kind, what, namespace=namespace, once=once)


_of("rollout", "NAME", "How a Deployment goes from one version to the next.")
_of("traffic", "SERVICE", "A Service, the pods behind it, and who answered how many requests.")
_of("autoscaler", "NAME", "What a HorizontalPodAutoscaler measures, and what it makes of it.")
_of("tree", "KIND/NAME", "Who owns whom.")
_of("diff", "KIND/NAME", "What is wanted and what is so, and who wrote each field.")

COMMANDS = (watch,)
