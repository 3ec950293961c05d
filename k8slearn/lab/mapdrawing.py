"""Draws the cluster map: node cards with slots, bars of CPU requests, the tray, the legend.

Lengths are SVG units; the page shows one as about one pixel. From top to bottom: a title line, cards side by
side (three in a row at the most), the tray, the legend. Pods are drawn in a layer of their own, above the
cards, so that one that finds its node can be seen moving there from the tray.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import NamedTuple

from k8slearn.kube import quantity
from k8slearn.lab.map import TRAY, Map, Node, Pod
from k8slearn.lab.podstate import STATES, State
from k8slearn.lab.scene import Element, Scene, clip
from k8slearn.lab.words import Words

WIDTH = 916
PAD = 12
GAP = 14
TOP = 34
"""The title line."""
HEADER = 88
"""The part of a card above its slots."""
LEGEND = 34

BLUE, SKY, YELLOW, RED, GREY = "#0072B2", "#56B4E9", "#F0E442", "#B03A00", "#595959"
"""Told apart by colour-blind people too (Okabe and Ito); each state has a glyph besides."""

_BODY: dict[State, Element] = {
    "ready": {"fill": BLUE},
    "running": {"fill": SKY},
    "pending": {"fill": YELLOW, "stroke": "#6b6400", "stroke-width": 1.5, "stroke-dasharray": "4 3"},
    "crash": {"fill": RED},
    "terminating": {"fill": "none", "stroke": "#868686", "stroke-width": 1.5},
    "done": {"fill": GREY},
}

_GLYPH: dict[State, list[Element]] = {
    "ready": [{"tag": "circle", "r": 4.5, "fill": "#fff"}],
    "running": [
        {"tag": "circle", "r": 5, "fill": "none", "stroke": "#10222e", "stroke-width": 1.6},
        {"tag": "path", "d": "M0 -5A5 5 0 0 0 0 5Z", "fill": "#10222e"},
    ],
    "pending": [{"tag": "circle", "cx": x, "r": 1.5, "fill": "#3d3900"} for x in (-4.5, 0, 4.5)],
    "crash": [
        {"tag": "path", "d": "M0 -5.5V1.5", "stroke": "#fff", "stroke-width": 2.4, "stroke-linecap": "round"},
        {"tag": "circle", "cy": 5, "r": 1.4, "fill": "#fff"},
    ],
    "terminating": [
        {
            "tag": "path",
            "d": "M-4 -4L4 4M-4 4L4 -4",
            "stroke": "#868686",
            "stroke-width": 2,
            "stroke-linecap": "round",
        }
    ],
    "done": [
        {
            "tag": "path",
            "d": "M-4.5 0.5L-1.5 3.5L4.5 -3.5",
            "fill": "none",
            "stroke": "#fff",
            "stroke-width": 2,
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
        }
    ],
}


class Tile(NamedTuple):
    """How large a pod is drawn, and how many slots a node may have for that."""

    name: str
    width: float
    height: float
    gap: float
    labelled: bool
    fits: int


TILES = (Tile("tile", 88, 36, 4, True, 30), Tile("dot", 15, 15, 3, False, 1_000_000))


class Grid(NamedTuple):
    """Where slots are: from (x, y) on, so many in a row, each as large as a tile."""

    x: float
    y: float
    per_row: int
    tile: Tile

    def place(self, slot: int) -> tuple[float, float]:
        row, column = divmod(slot, self.per_row)
        width, height = self.tile.width + self.tile.gap, self.tile.height + self.tile.gap
        return self.x + PAD + column * width, self.y + row * height


class Drawn(NamedTuple):
    """A pod as it was drawn. ``number`` is its name in the page: a third of what a uid would cost to send."""

    pod: Pod
    grid: Grid
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
        per_row = _per_row(card_width, tile)
        most = max([len(slots) for place, slots in self._map.slots.items() if place != TRAY], default=0)
        rows = max(2 if tile.labelled else 4, -(-most // per_row))
        footer = 26 if self._map.namespace is not None else 8
        card_height = HEADER + rows * (tile.height + tile.gap) + footer

        grids: dict[str, Grid] = {}
        scene: dict[str, Element] = {"": {}, "defs": _definitions(), "back": {}, "title": self._title()}
        scene["status"] = self._status()
        for index, name in enumerate(cards):
            x = (index % self._columns) * (card_width + GAP)
            y = TOP + (index // self._columns) * (card_height + GAP)
            if name is not None:
                grids[name] = Grid(x, y + HEADER, per_row, tile)
                node = self._map.nodes[name]
                scene[f"node/{name}"] = self._card(
                    node, x, y, card_width, card_height, rows * per_row, per_row, tile
                )
        card_rows = -(-len(cards) // self._columns)
        tray_y = TOP + card_rows * (card_height + GAP)
        tray_row = _per_row(WIDTH, tile)
        tray_rows = max(1, -(-len(self._map.slots[TRAY]) // tray_row))
        tray_height = 32 + tray_rows * (tile.height + tile.gap) + 5
        scene["tray"] = self._tray(tray_y, tray_height)
        grids[TRAY] = Grid(0, tray_y + 32, tray_row, tile)
        scene["pods"] = {"tag": "g", "in": ""}
        for uid, pod in self._map.pods.items():
            drawn = self._pods.get(uid)
            if drawn is None or drawn.pod is not pod or drawn.grid != grids[pod.node]:
                number = drawn.number if drawn else next(self._numbers)
                drawn = self._pods[uid] = Drawn(pod, grids[pod.node], number, self._pod(pod, grids[pod.node]))
            scene[f"{tile.name}/{drawn.number}"] = drawn.element
        for uid in self._pods.keys() - self._map.pods.keys():
            del self._pods[uid]
        legend_y = tray_y + tray_height
        scene["legend"] = self._legend(legend_y + 22)
        height = legend_y + LEGEND
        scene[""] = {
            "tag": "svg",
            "class": "k8s-scene",
            "viewBox": f"-1 -1 {WIDTH + 2} {height + 2:g}",
            "role": "group",
            "aria-label": self._words("map"),
            "lang": self._words.lang,
        }
        scene["back"] = {
            "tag": "rect",
            "in": "",
            "class": "k8s-back",
            "x": -1,
            "y": -1,
            "width": WIDTH + 2,
            "height": round(height) + 2,
        }
        return scene

    def _tile(self) -> Tile:
        """Slots never get fewer, so a picture that went small once stays small: nothing jumps to and fro."""
        most = max((len(slots) for slots in self._map.slots.values()), default=0)
        return next(tile for tile in TILES if most <= tile.fits)

    # -- parts ----------------------------------------------------------------------------------

    def _title(self) -> Element:
        namespace = self._map.namespace
        where = self._words("all") if namespace is None else f"{self._words('namespace')} {namespace}"
        return {
            "tag": "g",
            "in": "",
            "children": [_heading(2, 18, self._words("map"), "k8s-title", clip(where, 60))],
        }

    def still(self, time: str) -> Scene:
        """The scene as a picture of that time, which does not claim to be live."""
        return {**self.scene(), "status": self._status_line("k8s-still", self._words("still", time=time))}

    def _status(self) -> Element:
        problem = self._map.problem
        if problem:
            return self._status_line("k8s-lost", self._words("lost", problem=clip(problem, 60)))
        return self._status_line("k8s-live", self._words("live"))

    def _status_line(self, style: str, text: str) -> Element:
        return {
            "tag": "g",
            "in": "",
            "class": style,
            "children": [
                {"tag": "circle", "cx": WIDTH - 7, "cy": 14, "r": 4},
                _label(WIDTH - 17, 18, text, "k8s-muted", "end"),
            ],
        }

    def _card(
        self,
        node: Node,
        x: float,
        y: float,
        width: float,
        height: float,
        slots: int,
        per_row: int,
        tile: Tile,
    ) -> Element:
        words, usage = self._words, self._map.usage(node.name)
        right = width - PAD
        used = words("of", used=_cores(usage.shown + usage.others), all=_cores(node.cpu))
        role = words("control-plane") if node.control_plane else ""
        parts: list[Element] = [
            {"tag": "rect", "class": "k8s-card", "width": width, "height": height, "rx": 10},
            _label(PAD, 23, clip(node.name, int(width / 9) - (10 if role else 0)), "k8s-name"),
            _label(right, 23, role, "k8s-muted", "end"),
            *self._badges(node, width),
            _label(PAD, 64, words("cpu"), "k8s-muted"),
            _label(right, 64, used, "k8s-muted", "end"),
            *_bar(PAD, 70, width - 2 * PAD, usage.shown, usage.others, node.cpu),
        ]
        grid = Grid(0, HEADER, per_row, tile)
        for slot in range(slots if tile.labelled else 0):
            left, top = grid.place(slot)
            size: Element = {"width": tile.width, "height": tile.height, "rx": 8}
            parts.append({"tag": "rect", "class": "k8s-slot", "x": left, "y": top, **size})
        if usage.hidden:
            parts.append(_label(PAD, height - 9, words("others", count=usage.hidden), "k8s-muted"))
        story = {words("cpu"): used}
        if node.taints:
            story[words("taint")] = "\n".join(node.taints)
        if node.problem:
            story[words("why")] = node.problem
        states = [text for text, _ in self._badge_texts(node)]
        return {
            "tag": "g",
            "in": "",
            "class": "k8s-node" if node.ready else "k8s-node k8s-node-bad",
            "transform": f"translate({x:g},{y:g})",
            "aria-label": ", ".join([f"{words('node')} {node.name}", *([role] if role else []), *states]),
            "story": story,
            "children": [part for part in parts if part.get("text") != ""],
        }

    def _badge_texts(self, node: Node) -> list[tuple[str, str]]:
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

    def _badges(self, node: Node, width: float) -> list[Element]:
        parts: list[Element] = []
        x = float(PAD)
        for text, style in self._badge_texts(node):
            text = clip(text, 32)
            size = 6.0 * _width(text) + 14
            if x + size > width - PAD:
                break
            parts.append(
                {"tag": "rect", "class": style, "x": x, "y": 31, "width": size, "height": 17, "rx": 8.5}
            )
            parts.append(_label(x + size / 2, 43, text, f"{style}-text", "middle"))
            x += size + 6
        return parts

    def _tray(self, y: float, height: float) -> Element:
        words = self._words
        waiting = [self._map.pods[uid] for uid in self._map.slots[TRAY] if uid]
        why = next((f"{pod.name}: {pod.unschedulable}" for pod in waiting if pod.unschedulable), "")
        text = why if waiting else words("tray-empty")
        return {
            "tag": "g",
            "in": "",
            "transform": f"translate(0,{y:g})",
            "children": [
                {"tag": "rect", "class": "k8s-tray", "width": WIDTH, "height": height, "rx": 10},
                _heading(PAD, 21, words("tray"), "k8s-name", clip(text, 105)),
            ],
        }

    def _pod(self, pod: Pod, grid: Grid) -> Element:
        words = self._words
        x, y = grid.place(pod.slot)
        state = words(pod.state)
        reason = state if pod.reason in ("Running", "Pending", state) else f"{state} ({pod.reason})"
        element: Element = {
            "tag": "g",
            "in": "pods",
            "class": "k8s-pod",
            "transform": f"translate({x:g},{y:g})",
            "aria-label": f"{pod.name}: {reason}",
            "story": {words(topic): text for topic, text in pod.story.items()},
        }
        if grid.tile.labelled:
            element["class"] = f"k8s-pod k8s-{pod.state}"
            element["children"] = [{"tag": "use", "href": f"#tile-{pod.state}"}, *_names(pod)]
        else:
            # A thousand of these change at once: the less there is to send the better.
            element.update({"tag": "use", "href": f"#dot-{pod.state}"})
        return element

    def _legend(self, y: float) -> Element:
        parts: list[Element] = []
        x = 8.0
        for state in STATES:
            parts.append({"tag": "use", "href": f"#dot-{state}", "transform": f"translate({x:g},{y - 12:g})"})
            parts.append(_label(x + 22, y, self._words(state), "k8s-muted"))
            x += 22 + 6.6 * _width(self._words(state)) + 22
        return {"tag": "g", "in": "", "children": parts}


def _names(pod: Pod) -> list[Element]:
    """Its owner and what tells it from its siblings; a bare pod's name stands alone, in the middle."""
    if not pod.suffix:
        return [_label(25, 22, clip(pod.app, 9), "k8s-app")]
    return [
        _label(25, 15.5, clip(pod.app, 9), "k8s-app"),
        _label(25, 28, clip(pod.suffix, 10), "k8s-suffix"),
    ]


@cache
def _definitions() -> Element:
    """Every state's tile and dot once, so that a change of state is a change of one reference."""
    symbols: list[Element] = []
    large, small = TILES
    for state in STATES:
        # A stroke lies half outside its shape: hollow and dashed ones are drawn a little smaller.
        inset = 0.75 if "stroke" in _BODY[state] else 0
        for tile, radius, x, scale in ((large, 8, 13, 1), (small, 4, 7.5, 0.85)):
            body: Element = {
                "tag": "rect",
                "x": inset,
                "y": inset,
                "width": tile.width - 2 * inset,
                "height": tile.height - 2 * inset,
                "rx": radius,
                **_BODY[state],
            }
            glyph: Element = {
                "tag": "g",
                "transform": f"translate({x:g},{tile.height / 2:g}) scale({scale:g})",
                "children": _GLYPH[state],
            }
            symbols.append({"tag": "g", "id": f"{tile.name}-{state}", "children": [body, glyph]})
    return {"tag": "defs", "in": "", "children": symbols}


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


def _per_row(width: float, tile: Tile) -> int:
    return int((width - 2 * PAD + tile.gap) // (tile.width + tile.gap))


def _label(x: float, y: float, text: str, style: str, anchor: str = "start") -> Element:
    label: Element = {"tag": "text", "x": round(x, 1), "y": y, "class": style, "text": text}
    return label if anchor == "start" else {**label, "text-anchor": anchor}


def _heading(x: float, y: float, text: str, style: str, beside: str) -> Element:
    """A heading and, wherever it ends in the reader's font, a muted text beside it."""
    parts: list[Element] = [
        {"tag": "tspan", "class": style, "text": text},
        {"tag": "tspan", "class": "k8s-muted", "dx": 12, "text": beside},
    ]
    return {"tag": "text", "x": x, "y": y, "children": parts}


def _width(text: str) -> float:
    """In letters; a Chinese character is nearly two."""
    return sum(1.75 if char >= "\u1100" else 1 for char in text)


def _cores(milli: int) -> str:
    """As Kubernetes writes CPU: ``250m``, ``1250m``, ``4``."""
    return quantity.canonical(f"{milli}m")
