"""``k8slearn images``: the lessons' images, for kind and for classrooms with a bad network."""

from __future__ import annotations

from pathlib import Path

import click

from k8slearn.cli.commands import Commands

ONTO = "A kind cluster gets them with: k8slearn up --engine kind"


@click.group(cls=Commands)
def images() -> None:
    """Build the lessons' images, keep them in a folder, take them from there."""


@images.command()
@click.option("--base", help="Another image with Python 3.11 or newer to build on.")
def build(base: str | None) -> None:
    """Build the lessons' application in all its versions."""
    from k8slearn.engines import containers, progress
    from k8slearn.engines import images as work

    with progress.shown() as shown:
        work.build(containers.find(), shown, base)
    click.echo(f"Built {', '.join(work.APP)}. {ONTO}")


@images.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--image", help="The image of the nodes (K8SLEARN_KIND_IMAGE).")
def save(folder: Path, image: str | None) -> None:
    """Keep the node's and the lessons' images in DIR, as archives."""
    from k8slearn.engines import containers, progress
    from k8slearn.engines import images as work

    with progress.shown() as shown:
        saved = work.save(containers.find(), folder, shown, image)
    megabytes = sum(path.stat().st_size for path in saved) / 1e6
    click.echo(f"Saved {len(saved)} archives in {folder} ({megabytes:.0f} MB).")


@images.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def load(folder: Path) -> None:
    """Take the images from the archives in DIR."""
    from k8slearn.engines import containers, progress
    from k8slearn.engines import images as work

    with progress.shown() as shown:
        loaded = work.load(containers.find(), folder, shown)
    click.echo(f"Loaded {len(loaded)} archives. {ONTO}")


COMMANDS = (images,)
