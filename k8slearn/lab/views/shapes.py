"""What the drawings share: the frame of a picture, labels and chips, a pod's six states as shapes.

Lengths are SVG units; the page shows one as about one pixel. Each state has a glyph besides its colour, and the
colours are told apart by colour-blind people too (Okabe and Ito).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from k8slearn.lab.views.podstate import STATES, State
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.words import Words

WIDTH = 916
PAD = 12
TOP = 34
"""The title line."""
LEGEND = 34

BLUE, SKY, YELLOW, RED, GREY = "#0072B2", "#56B4E9", "#F0E442", "#B03A00", "#595959"

_BODY: dict[State, Element] = {
    "ready": {"fill": BLUE},
    "running": {"fill": SKY},
    "pending": {"fill": YELLOW, "stroke": "#6b6400", "stroke-width": 1.5, "stroke-dasharray": "4 3"},
    "crash": {"fill": RED},
    "terminating": {"fill": "none", "stroke": "#868686", "stroke-width": 1.5},
    "done": {"fill": GREY},
}

_ROUND: Element = {"fill": "none", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round"}

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
    "terminating": [{"tag": "path", "d": "M-4 -4L4 4M-4 4L4 -4", **_ROUND, "stroke": "#868686"}],
    "done": [{"tag": "path", "d": "M-4.5 0.5L-1.5 3.5L4.5 -3.5", **_ROUND, "stroke": "#fff"}],
}


class Tile(NamedTuple):
    """A size in which pods are drawn: the glyph at ``glyph_x``, the corner's radius, the space between two."""

    name: str
    width: float
    height: float
    gap: float
    radius: float
    glyph_x: float
    glyph_scale: float


TILE = Tile("tile", 88, 36, 4, 8, 13, 1)
SQUARE = Tile("square", 28, 28, 5, 6, 14, 1)
DOT = Tile("dot", 15, 15, 3, 4, 7.5, 0.85)


class Grid(NamedTuple):
    """Where slots are: from (x, y) on, so many in a row, each as large as a tile."""

    x: float
    y: float
    per_row: int
    tile: Tile

    def place(self, slot: int) -> tuple[float, float]:
        row, column = divmod(slot, self.per_row)
        width, height = self.tile.width + self.tile.gap, self.tile.height + self.tile.gap
        return self.x + column * width, self.y + row * height


def per_row(width: float, tile: Tile) -> int:
    return int((width + tile.gap) // (tile.width + tile.gap))


@cache
def definitions(*tiles: Tile) -> Element:
    """Every state's shape in each size once, so that a change of state is a change of one reference."""
    symbols: list[Element] = []
    for state in STATES:
        # A stroke lies half outside its shape: hollow and dashed ones are drawn a little smaller.
        inset = 0.75 if "stroke" in _BODY[state] else 0
        for tile in tiles:
            body: Element = {
                "tag": "rect",
                "x": inset,
                "y": inset,
                "width": tile.width - 2 * inset,
                "height": tile.height - 2 * inset,
                "rx": tile.radius,
                **_BODY[state],
            }
            glyph: Element = {
                "tag": "g",
                "transform": f"translate({tile.glyph_x:g},{tile.height / 2:g}) scale({tile.glyph_scale:g})",
                "children": _GLYPH[state],
            }
            symbols.append({"tag": "g", "id": f"{tile.name}-{state}", "children": [body, glyph]})
    return {"tag": "defs", "in": "", "children": symbols}


def use(tile: Tile, state: State, x: float | None = None, y: float = 0) -> Element:
    """A pod's shape in that state."""
    shape: Element = {"tag": "use", "href": f"#{tile.name}-{state}"}
    return shape if x is None else {**shape, "transform": f"translate({x:g},{y:g})"}


# -- text -------------------------------------------------------------------------------------------


def label(x: float, y: float, text: str, style: str, anchor: str = "start") -> Element:
    """One line of text in the class ``style``."""
    made: Element = {"tag": "text", "x": round(x, 1), "y": round(y, 1), "class": style, "text": text}
    return made if anchor == "start" else {**made, "text-anchor": anchor}


def heading(x: float, y: float, text: str, style: str, beside: str) -> Element:
    """A heading and, wherever it ends in the reader's font, a muted text beside it."""
    parts: list[Element] = [
        {"tag": "tspan", "class": style, "text": text},
        {"tag": "tspan", "class": "k8s-muted", "dx": 12, "text": beside},
    ]
    return {"tag": "text", "x": x, "y": y, "children": parts}


def text_width(text: str) -> float:
    """In letters; a Chinese character is nearly two."""
    return sum(1.75 if char >= "\u1100" else 1 for char in text)


def chip(x: float, y: float, text: str, style: str) -> tuple[list[Element], float]:
    """A rounded label with its top at ``y``, and where the next one may begin."""
    width = round(6.3 * text_width(text) + 15)
    box: Element = {
        "tag": "rect",
        "class": style,
        "x": round(x, 1),
        "y": y,
        "width": width,
        "height": 17,
        "rx": 8.5,
    }
    return [box, label(x + width / 2, y + 12, text, f"{style}-text", "middle")], x + width + 6


def chips(x: float, y: float, texts: Iterable[tuple[str, str]], right: float) -> list[Element]:
    """Chips (text, style) side by side, as many as fit left of ``right``."""
    parts: list[Element] = []
    for text, style in texts:
        made, after = chip(x, y, clip(text, 40), style)
        if after - 6 > right:
            break
        parts += made
        x = after
    return parts


# -- the frame --------------------------------------------------------------------------------------


def frame(words: Words, title: str, where: str, problem: str, height: float, body: Scene) -> Scene:
    """A whole picture: the title line, what is in ``body``, the background. Everything in ``height`` units."""
    root: Element = {
        "tag": "svg",
        "class": "k8s-scene",
        "viewBox": f"-1 -1 {WIDTH + 2} {height + 2:g}",
        "role": "group",
        "aria-label": f"{title}, {where}",
        "lang": words.lang,
    }
    back: Element = {
        "tag": "rect",
        "in": "",
        "class": "k8s-back",
        "x": -1,
        "y": -1,
        "width": WIDTH + 2,
        "height": round(height) + 2,
    }
    line: Element = {"tag": "g", "in": "", "children": [heading(2, 18, title, "k8s-title", clip(where, 60))]}
    if problem:
        status = status_line("k8s-lost", words("lost", problem=clip(problem, 60)))
    else:
        status = status_line("k8s-live", words("live"))
    return {"": root, "back": back, "title": line, "status": status, **body}


def status_line(style: str, text: str) -> Element:
    """What stands at the right of the title: whether the picture is live."""
    dot: Element = {"tag": "circle", "cx": WIDTH - 7, "cy": 14, "r": 4}
    return {
        "tag": "g",
        "in": "",
        "class": style,
        "children": [dot, label(WIDTH - 17, 18, text, "k8s-muted", "end")],
    }


def still(scene: Scene, words: Words, time: str) -> Scene:
    """The scene as a picture of that time, which does not claim to be live."""
    return {**scene, "status": status_line("k8s-still", words("still", time=time))}


def group(children: Sequence[Element], **attributes: object) -> Element:
    return {
        "tag": "g",
        "in": "",
        **attributes,
        "children": [part for part in children if part.get("text") != ""],
    }


def legend(words: Words, y: float, states: Iterable[State] = STATES) -> Element:
    """What the shapes mean, on a line."""
    parts: list[Element] = []
    x = 8.0
    for state in states:
        parts += [use(DOT, state, x, y - 12), label(x + 22, y, words(state), "k8s-muted")]
        x += 22 + 6.6 * text_width(words(state)) + 22
    return group(parts)


def card(x: float, y: float, width: float, height: float, style: str = "k8s-card") -> Element:
    return {
        "tag": "rect",
        "class": style,
        "x": x,
        "y": y,
        "width": width,
        "height": round(height, 1),
        "rx": 10,
    }


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> Element:
    return {"tag": "path", "class": style, "d": f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"}
