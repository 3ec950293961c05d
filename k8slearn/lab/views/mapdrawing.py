"""Draws the cluster map: node cards with slots, bars of CPU requests, the tray, the legend.

From top to bottom: a title line, cards side by side (three in a row at the most), the tray, the legend. Pods are
drawn in a layer of their own, above the cards, so that one that finds its node can be seen moving there from the
tray.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from k8slearn.kube import quantity
from k8slearn.lab.views.events import Told
from k8slearn.lab.views.kinds import Watch, watches
from k8slearn.lab.views.map import TRAY, Map, Node, Pod
from k8slearn.lab.views.saying import counted, pods_said
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import (
    DOT,
    LEGEND,
    PAD,
    TILE,
    TOP,
    WIDTH,
    Grid,
    Tile,
    chips,
    definitions,
    frame,
    group,
    heading,
    label,
    legend,
    per_row,
    use,
)
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.words import Words

GAP = 14
HEADER = 88
"""The part of a card above its slots."""
LABELLED = 30
"""As many slots may be on a node for pods to be drawn with their names."""


class Drawn(NamedTuple):
    """A pod as it was drawn. ``number`` is its name in the page: a third of what a uid would cost to send."""

    pod: Pod
    grid: Grid
    events: tuple[Told, ...]
    number: int
    element: Element


class MapDrawing:
    """Turns a ``Map`` into a scene, again and again; what has not changed stays the same object."""

    def __init__(self, state: Map, words: Words) -> None:
        self._map = state
        self._words = words
        self._columns = 1
        self._numbers = itertools.count(1)
        self._pods: dict[str, Drawn] = {}

    def scene(self) -> Scene:
        tile = self._tile()
        cards = list(self._map.node_slots)
        self._columns = max(self._columns, min(3, len(cards)))
        card_width = (WIDTH - GAP * (self._columns - 1)) / self._columns
        in_row = per_row(card_width - 2 * PAD, tile)
        most = max([len(slots) for place, slots in self._map.slots.items() if place != TRAY], default=0)
        rows = max(2 if tile is TILE else 4, -(-most // in_row))
        footer = 26 if self._map.namespace is not None else 8
        card_height = HEADER + rows * (tile.height + tile.gap) + footer

        grids: dict[str, Grid] = {}
        scene: dict[str, Element] = {"defs": definitions(TILE, DOT), "cards": group([])}
        for index, name in enumerate(cards):
            x = (index % self._columns) * (card_width + GAP)
            y = TOP + (index // self._columns) * (card_height + GAP)
            if name is not None:
                grids[name] = Grid(x + PAD, y + HEADER, in_row, tile)
                node = self._map.nodes[name]
                scene[f"node/{name}"] = self._card(
                    node, x, y, card_width, card_height, rows * in_row, in_row, tile
                )
        card_rows = -(-len(cards) // self._columns)
        tray_y = TOP + card_rows * (card_height + GAP)
        tray_row = per_row(WIDTH - 2 * PAD, tile)
        tray_rows = max(1, -(-len(self._map.slots[TRAY]) // tray_row))
        tray_height = 32 + tray_rows * (tile.height + tile.gap) + 5
        scene["tray"] = self._tray(tray_y, tray_height)
        grids[TRAY] = Grid(PAD, tray_y + 32, tray_row, tile)
        scene["pods"] = {"tag": "g", "in": ""}
        for uid, pod in self._map.pods.items():
            drawn = self._drawn(uid, pod, grids[pod.node])
            scene[f"{tile.name}/{drawn.number}"] = drawn.element
        for uid in self._pods.keys() - self._map.pods.keys():
            del self._pods[uid]
        legend_y = tray_y + tray_height
        scene["legend"] = legend(self._words, legend_y + 22)
        namespace = self._map.namespace
        where = self._words("all") if namespace is None else f"{self._words('namespace')} {namespace}"
        return frame(self._words, self._words("map"), where, self._map.problem, legend_y + LEGEND, scene)

    def _drawn(self, uid: str, pod: Pod, grid: Grid) -> Drawn:
        before = self._pods.get(uid)
        # A thousand of the small ones change at once: the less there is to send the better.
        events = self._map.events.lines(uid) if grid.tile is TILE else ()
        if before is not None and (before.pod is pod and before.grid == grid and before.events == events):
            return before
        number = before.number if before else next(self._numbers)
        drawn = self._pods[uid] = Drawn(pod, grid, events, number, self._pod(pod, grid, events))
        return drawn

    def _tile(self) -> Tile:
        """Slots never get fewer, so a picture that went small once stays small: nothing jumps to and fro."""
        return TILE if max(map(len, self._map.slots.values()), default=0) <= LABELLED else DOT

    # -- parts ----------------------------------------------------------------------------------

    def _card(
        self,
        node: Node,
        x: float,
        y: float,
        width: float,
        height: float,
        slots: int,
        in_row: int,
        tile: Tile,
    ) -> Element:
        words, usage = self._words, self._map.usage(node.name)
        right = width - PAD
        used = words("of", used=_cores(usage.shown + usage.others), all=_cores(node.cpu))
        role = words("control-plane") if node.control_plane else ""
        badges = self._badges(node)
        parts: list[Element] = [
            {"tag": "rect", "class": "k8s-card", "width": width, "height": height, "rx": 10},
            label(PAD, 23, clip(node.name, int(width / 9) - (10 if role else 0)), "k8s-name"),
            label(right, 23, role, "k8s-muted", "end"),
            *chips(PAD, 31, badges, right),
            label(PAD, 64, words("cpu"), "k8s-muted"),
            label(right, 64, used, "k8s-muted", "end"),
            *_bar(PAD, 70, width - 2 * PAD, usage.shown, usage.others, node.cpu),
        ]
        grid = Grid(PAD, HEADER, in_row, tile)
        for slot in range(slots if tile is TILE else 0):
            left, top = grid.place(slot)
            size: Element = {"width": tile.width, "height": tile.height, "rx": tile.radius}
            parts.append({"tag": "rect", "class": "k8s-slot", "x": left, "y": top, **size})
        if usage.hidden:
            parts.append(label(PAD, height - 9, words("others", count=usage.hidden), "k8s-muted"))
        story = {words("cpu"): used}
        if node.taints:
            story[words("taint")] = "\n".join(node.taints)
        if node.problem:
            story[words("why")] = node.problem
        states = [text for text, _ in badges]
        return group(
            parts,
            **{
                "class": "k8s-node" if node.ready else "k8s-node k8s-node-bad",
                "transform": f"translate({x:g},{y:g})",
                "aria-label": ", ".join([f"{words('node')} {node.name}", *([role] if role else []), *states]),
                "ref": f"node/{node.name}",
                "story": story,
                "in": "cards",
            },
        )

    def _badges(self, node: Node) -> list[tuple[str, str]]:
        badges: list[tuple[str, str]] = []
        if not node.exists:
            badges.append((self._words("gone"), "k8s-bad"))
        elif not node.ready:
            badges.append((self._words("not-ready"), "k8s-bad"))
        if node.cordoned:
            badges.append((self._words("cordoned"), "k8s-warn"))
        # The cordon is a taint too, and said already.
        taints = [taint for taint in node.taints if not taint.startswith("node.kubernetes.io/unschedulable")]
        badges.extend((f"{self._words('taint')} {taint.split('/')[-1]}", "k8s-chip") for taint in taints)
        return badges

    def _tray(self, y: float, height: float) -> Element:
        words = self._words
        waiting = [self._map.pods[uid] for uid in self._map.slots[TRAY] if uid]
        why = next((f"{pod.name}: {pod.unschedulable}" for pod in waiting if pod.unschedulable), "")
        text = why if waiting else words("tray-empty")
        box: Element = {"tag": "rect", "class": "k8s-tray", "width": WIDTH, "height": height, "rx": 10}
        return group(
            [box, heading(PAD, 21, words("tray"), "k8s-name", clip(text, 105))],
            transform=f"translate(0,{y:g})",
        )

    def _pod(self, pod: Pod, grid: Grid, events: tuple[Told, ...]) -> Element:
        words = self._words
        x, y = grid.place(pod.slot)
        story = {words(topic): text for topic, text in pod.story.items()}
        if events:
            story[words("events")] = "\n".join(map(words.event, events))
        element: Element = {
            "tag": "g",
            "in": "pods",
            "class": "k8s-pod",
            "transform": f"translate({x:g},{y:g})",
            "aria-label": f"{pod.name}: {words.state(pod.state, pod.reason)}",
            "ref": f"pod/{pod.name} {pod.namespace}",
            "story": story,
        }
        if grid.tile is TILE:
            element["class"] = f"k8s-pod k8s-{pod.state}"
            element["children"] = [use(TILE, pod.state), *_names(pod)]
        else:
            element.update(use(DOT, pod.state))
        return element


def _names(pod: Pod) -> list[Element]:
    """Its owner and what tells it from its siblings; a bare pod's name stands alone, in the middle."""
    if not pod.suffix:
        return [label(25, 22, clip(pod.app, 9), "k8s-app")]
    return [
        label(25, 15.5, clip(pod.app, 9), "k8s-app"),
        label(25, 28, clip(pod.suffix, 10), "k8s-suffix"),
    ]


def _bar(x: float, y: float, width: float, shown: int, others: int, all: int) -> list[Element]:
    """CPU requests over what is allocatable: the shown pods' first, then the other namespaces'."""
    bar: Element = {"tag": "rect", "x": x, "y": y, "width": width, "height": 7, "rx": 3.5}
    parts: list[Element] = [{**bar, "class": "k8s-bar"}]
    if all > 0:
        first = width * min(1.0, shown / all)
        both = width * min(1.0, (shown + others) / all)
        parts.append({**bar, "class": "k8s-bar-others", "width": round(both, 1)})
        parts.append({**bar, "class": "k8s-bar-shown", "width": round(first, 1)})
    return parts


def _cores(milli: int) -> str:
    """As Kubernetes writes CPU: ``250m``, ``1250m``, ``4``."""
    return quantity.canonical(f"{milli}m")


class MapPicture:
    """The cluster map as a ``Picture``."""

    def __init__(self, namespace: str | None, words: Words) -> None:
        self.words = words
        self.state = Map(namespace)
        self.watches = (Watch("nodes"), *watches(("pods", "events"), namespace))
        self._drawing = MapDrawing(self.state, words)

    def apply(self, changes: Changes) -> str:
        before = self.state.pods.copy()
        self.state.apply(changes)
        return pods_said(before, self.state.pods, self.words)

    def scene(self) -> Scene:
        return self._drawing.scene()

    def summary(self) -> str:
        return f"{self.words('map')}: {counted(self.state.pods.values(), self.words)}"
