"""``k8slearn clock``: the cluster's virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from k8slearn.cli.commands import Commands

if TYPE_CHECKING:
    from k8slearn.engines.remote_clock import RemoteClock


@click.group(cls=Commands)
def clock() -> None:
    """Look at and move the cluster's virtual time."""


def _clock() -> RemoteClock:
    from k8slearn.engines import connect, current
    from k8slearn.engines.remote_clock import RemoteClock
    from k8slearn.errors import UnsupportedError

    current().need("clock")
    found = connect().clock
    if not isinstance(found, RemoteClock):
        raise UnsupportedError(
            "This cluster is a real one: its time cannot be moved. The embedded one's can."
        )
    return found


def _tell(clock: dict[str, Any]) -> None:
    pace = "paused" if clock["paused"] else f"speed {clock['speed']:g}"
    click.echo(f"{clock['now']}  {pace}  {clock['pending']} pending")
    if not clock["settled"]:
        raise click.ClickException("The cluster did not settle: something keeps on happening.")


@clock.command()
def show() -> None:
    """Print the virtual time."""
    _tell(_clock().show())


@clock.command()
def pause() -> None:
    """Let time stand still."""
    _tell(_clock().do("pause"))


@clock.command()
def resume() -> None:
    """Let time go on."""
    _tell(_clock().do("resume"))


@clock.command()
def step() -> None:
    """Jump to the next moment at which something happens, and say what."""
    stood = _clock().do("step")
    nothing = "Nothing was written: a probe, a heartbeat, or somebody looked and found nothing to do."
    for sentence in stood["told"] or [nothing]:
        click.echo(f"+{stood['passed']:.3f} s  {sentence}")
    _tell(stood)


@clock.command()
def settle() -> None:
    """Let time pass until nothing is pending."""
    _tell(_clock().do("settle"))


@clock.command()
@click.argument("duration")
def advance(duration: str) -> None:
    """Let DURATION (5m, 90s, 1h30m) pass at once."""
    from k8slearn.kube.duration import parse_duration

    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise click.BadParameter(f"{error}. Write it like 5m, 90s or 1h30m.") from error
    _tell(_clock().do("advance", seconds=seconds))


@clock.command()
@click.argument("factor", type=click.FloatRange(0, 10_000, min_open=True))
def speed(factor: float) -> None:
    """Let time pass FACTOR times as fast."""
    _tell(_clock().do("speed", factor=factor))


COMMANDS = (clock,)
