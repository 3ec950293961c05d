"""The ``k8slearn`` command, a module per group of commands.

Nothing heavy is imported until a command needs it: ``--help`` answers at once.
"""

from __future__ import annotations

import click

from k8slearn.cli import clock, cluster, doctor, grading, images, lessons, nodes, trace, watch
from k8slearn.cli.commands import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="k8slearn")
def main() -> None:
    """Learn Kubernetes by doing it."""


for module in (cluster, clock, nodes, trace, watch, lessons, grading, images, doctor):
    for command in module.COMMANDS:
        main.add_command(command)
