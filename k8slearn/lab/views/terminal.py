"""The same pictures in a terminal, drawn by rich from the same states.

Texts of the cluster are put in as ``Text``, never as markup: a pod may be called ``[red]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from k8slearn.lab.views.autoscalerdrawing import AutoscalerPicture
from k8slearn.lab.views.diffdrawing import DiffPicture
from k8slearn.lab.views.map import TRAY
from k8slearn.lab.views.mapdrawing import MapPicture
from k8slearn.lab.views.pictures import Picture
from k8slearn.lab.views.podstate import State
from k8slearn.lab.views.rolloutdrawing import RolloutPicture
from k8slearn.lab.views.timeline import second
from k8slearn.lab.views.timelinedrawing import TimelinePicture
from k8slearn.lab.views.trafficdrawing import TrafficPicture
from k8slearn.lab.views.treedrawing import TreePicture

GLYPHS: dict[State, tuple[str, str]] = {
    "ready": ("●", "bright_blue"),
    "running": ("◐", "cyan"),
    "pending": ("…", "yellow"),
    "crash": ("!", "bold red"),
    "terminating": ("×", "dim"),
    "done": ("✓", "dim"),
}

LINES = 24
"""Lines of a long list that fit on most screens."""


def rendered(picture: Picture) -> RenderableType:
    """The picture as it is now."""
    title = Text(picture.summary(), style="bold")
    problem = picture.state.problem
    lost = [Text(picture.words("lost", problem=problem), style="bold red")] if problem else []
    return Group(title, *lost, _body(picture))


def _body(picture: Picture) -> RenderableType:
    match picture:
        case MapPicture():
            return _map(picture)
        case RolloutPicture():
            return _rollout(picture)
        case TrafficPicture():
            return _traffic(picture)
        case TimelinePicture():
            return _timeline(picture)
        case AutoscalerPicture():
            return _autoscaler(picture)
        case TreePicture():
            return _tree(picture)
        case DiffPicture():
            return _diff(picture)


def _map(picture: MapPicture) -> RenderableType:
    state, words = picture.state, picture.words
    table = _table(words("node"), words("cpu"), words("pods"))
    places = [name for name in state.node_slots if name is not None]
    for place in [*places, TRAY]:
        pods = [state.pods[uid] for uid in state.slots.get(place, ()) if uid is not None]
        if place == TRAY:
            table.add_row(Text(words("tray"), style="italic"), "", _pods(pods))
            continue
        node, usage = state.nodes[place], state.usage(place)
        bad = Text(f" {words('not-ready')}", style="bold red") if not node.ready else ""
        cordoned = Text(f" {words('cordoned')}", style="yellow") if node.cordoned else ""
        used = f"{usage.shown + usage.others}m / {node.cpu}m"
        table.add_row(Text.assemble(node.name, bad, cordoned), used, _pods(pods))
    return table


def _rollout(picture: RolloutPicture) -> RenderableType:
    state, words, numbers = picture.state, picture.words, picture.state.numbers
    table = _table("", words("image"), words("ready"), words("pods"))
    for uid in state.rows.slots:
        if uid is None:
            continue
        one = state.revisions[uid]
        pods = [state.pods[pod] for pod in state.slots[uid].slots if pod is not None]
        name = Text(words("revision", number=one.number), style="bold" if one.current else "")
        table.add_row(name, Text(one.image), f"{one.ready}/{one.wanted}", _pods(pods))
    limits = Text(
        f"{words('gauge-available')} {numbers.available} ({words('at-least', count=numbers.at_least).strip()})\n"
        f"{words('gauge-existing')} {numbers.existing} ({words('at-most', count=numbers.at_most).strip()})"
    )
    stalled = [Text(f"{words('stalled')}: {state.stalled}", style="bold red")] if state.stalled else []
    return Group(limits, *stalled, table)


def _traffic(picture: TrafficPicture) -> RenderableType:
    state, words = picture.state, picture.words
    selector = ",".join(f"{key}={value}" for key, value in state.selector.items())
    table = _table(words("pods"), "labels", "", words("answered"))
    for pod in state.pods.values():
        if pod.endpoint is None:
            why = Text(words("not-selected") if not pod.selected else words("no-endpoint"), style="dim")
        else:
            why = (
                Text("→", style="bright_blue") if pod.endpoint.ready else Text(words("cut-off"), style="red")
            )
        labels = Text()
        for key, value, agrees in pod.labels:
            labels.append(
                f"{key}={value} ", style={True: "bright_blue", False: "bold red", None: "dim"}[agrees]
            )
        table.add_row(Text.assemble(_glyph(pod.state), " ", pod.name), labels, why, str(pod.answered))
    failures = [Text(f"✗ {reason} ×{count}", style="red") for reason, count in state.failures.most_common()]
    return Group(Text(f"{words('selector')}: {selector or words('none')}"), table, *failures)


def _timeline(picture: TimelinePicture) -> RenderableType:
    state, words = picture.state, picture.words
    table = _table(words("when"), words("who"), words("object"), words("what"))
    happened = sorted(
        ((told, lane) for lane in state.lanes for told in lane.events), key=lambda item: item[0]
    )
    for told, lane in happened[-LINES:]:
        style = "bold red" if told.warning else ""
        what = Text(words.event(told), style=style, overflow="ellipsis", no_wrap=True)
        table.add_row(second(told.time)[11:], told.by, Text(f"{lane.kind.lower()}/{lane.name}"), what)
    return table


def _autoscaler(picture: AutoscalerPicture) -> RenderableType:
    state, words = picture.state, picture.words
    lines = [Text(picture.why())]
    for sample in list(state.samples)[-8:]:
        metric = "?" if sample.metric is None else f"{sample.metric:g}"
        pods = Text("●" * sample.current, style="bright_blue")
        wanted = Text("○" * max(0, sample.desired - sample.current), style="cyan")
        lines.append(Text.assemble(f"{sample.age:6.0f} s  {metric:>5} / {sample.target:g}  ", pods, wanted))
    lines += [Text(words.event(told), style="dim") for told in state.last]
    return Group(*lines)


def _tree(picture: TreePicture) -> RenderableType:
    state, words = picture.state, picture.words
    lines = []
    for row in list(state.rows.values())[:LINES]:
        glyph = _glyph(row.state) if row.state is not None else Text("■", style="dim")
        leaving = Text(f"  {words('being-deleted')}", style="yellow") if row.leaving else ""
        selects = ""
        if row.uid in state.selected:
            names = ", ".join(state.rows[pod].name for pod in state.selected[row.uid] if pod in state.rows)
            selects = Text(f"  {words('selects')}: {names}", style="dim")
        indent = "  " * row.depth + ("└ " if row.depth else "")
        lines.append(
            Text.assemble(
                indent, glyph, f" {row.kind} ", (row.name, "bold"), f"  {row.detail}", leaving, selects
            )
        )
    return Group(*lines)


def _diff(picture: DiffPicture) -> RenderableType:
    state, words = picture.state, picture.words
    table = _table(words("wanted"), words("written-by"), words("actual"))
    actual: list[Text] = []
    if state.observed is not None:
        actual.append(Text(f"generation {state.generation}, observedGeneration {state.observed}"))
    for pair in state.pairs:
        style = "bright_blue" if pair.actual == pair.wanted else "yellow"
        actual.append(Text(f"{pair.field} {words('of', used=pair.actual, all=pair.wanted)}", style=style))
    for type, holds, why in state.conditions:
        actual.append(Text(f"{'✓' if holds else '✗'} {type} {why}", overflow="ellipsis", no_wrap=True))
    actual += [Text(text) for text in state.status]
    for number in range(max(len(state.spec), len(actual))):
        line = state.spec[number] if number < len(state.spec) else None
        wanted = Text(line.text, style="dim italic" if line.default else "") if line else ""
        by = Text(", ".join(line.managers), style="dim") if line else ""
        table.add_row(wanted, by, actual[number] if number < len(actual) else "")
    return table


def _table(*heads: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for head in heads:
        table.add_column(head)
    return table


def _glyph(state: State) -> Text:
    glyph, style = GLYPHS[state]
    return Text(glyph, style=style)


def _pods(pods: Iterable[Any]) -> Text:
    return Text(" ").join(_glyph(pod.state) for pod in pods)
