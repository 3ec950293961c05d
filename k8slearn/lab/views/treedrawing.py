"""Draws the ownership tree: a line per object, owned by a solid line, selected by a dashed one.

Lines move only when one above them comes or goes: an owner stays next to what it owns.
"""

from __future__ import annotations

from collections.abc import Sequence

from k8slearn.lab.views.kinds import Ref, watches
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import (
    DOT,
    PAD,
    WIDTH,
    chips,
    definitions,
    frame,
    group,
    label,
    text_width,
    use,
)
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.tree import Row, Tree, kinds_of
from k8slearn.lab.views.words import Words

TOP = 44
LINE = 30
INDENT = 36
CHIPS = 470
"""Where the chips of every row begin."""
RIGHT = WIDTH - 56
"""Where every row ends; beside it the Services have their lanes."""
SHOWN = 40
"""Objects that are drawn; how many more there are is said."""


class TreePicture:
    """The ownership tree of an object as a ``Picture``."""

    def __init__(self, root: Ref, namespace: str, words: Words) -> None:
        self.words = words
        self.state = Tree(root, namespace)
        self.watches = watches((*kinds_of(root), "events"), namespace)

    def apply(self, changes: Changes) -> str:
        before = self.state.rows
        self.state.apply(changes)
        now, words = self.state.rows, self.words
        news = [words("pod-gone", name=row.name) for uid, row in before.items() if uid not in now]
        news += [
            words("is-new", name=f"{row.kind} {row.name}") for uid, row in now.items() if uid not in before
        ]
        return ", ".join(news) if len(news) <= 3 else words("many-objects", count=len(news))

    def summary(self) -> str:
        return f"{self.words('tree')}: {self.state.root}: {self.words('objects', count=len(self.state.rows))}"

    def scene(self) -> Scene:
        state, words = self.state, self.words
        rows = list(state.rows.values())[:SHOWN]
        places = {row.uid: TOP + index * LINE for index, row in enumerate(rows)}
        scene: dict[str, Element] = {"defs": definitions(DOT), "links": group([]), "rows": group([])}
        for row in rows:
            owner = state.owners.get(row.uid)
            if owner in places:
                leaving = state.rows[owner].leaving
                scene[f"link/{row.uid}"] = _elbow(row.depth, places[owner], places[row.uid], leaving)
            scene[f"row/{row.uid}"] = self._row(row, places[row.uid])
        for index, (service, pods) in enumerate(state.selected.items()):
            if service in places:
                ends = [places[pod] for pod in pods if pod in places]
                scene[f"selects/{service}"] = _bracket(index, places[service], ends)
        height = TOP + LINE * len(rows) + 8
        if not rows:
            height += LINE
            scene["none"] = group([label(PAD, TOP + 16, words("no-object", name=state.root), "k8s-muted")])
        elif len(state.rows) > SHOWN:
            height += 18
            more = words("more-objects", count=len(state.rows) - SHOWN)
            scene["more"] = group([label(PAD, height - 12, more, "k8s-muted")])
        scene["legend"] = self._legend(height + 14)
        where = f"{state.root} · {words('namespace')} {state.namespace}"
        return frame(words, words("tree"), where, state.problem, height + 26, scene)

    # -- parts ----------------------------------------------------------------------------------

    def _row(self, row: Row, y: float) -> Element:
        words = self.words
        x = PAD + row.depth * INDENT
        name = clip(row.name, 44)
        parts: list[Element] = [
            {
                "tag": "rect",
                "class": "k8s-object k8s-object-leaving" if row.leaving else "k8s-object",
                "width": RIGHT - x,
                "height": LINE - 6,
                "rx": 6,
            }
        ]
        text_x = 10.0
        if row.state is not None:
            parts.append(use(DOT, row.state, 6, 4.5))
            text_x = 28
        parts += [
            label(text_x, 16, row.kind, "k8s-muted"),
            label(text_x + 7.2 * text_width(row.kind) + 8, 16, name, "k8s-name"),
        ]
        badges: list[tuple[str, str]] = []
        if row.detail:
            badges.append((row.detail, "k8s-chip"))
        if row.leaving:
            badges.append((words("being-deleted"), "k8s-warn"))
        if row.leaving and row.finalizers:
            badges.append((words("waits-for", finalizers=", ".join(row.finalizers)), "k8s-bad"))
        parts += chips(CHIPS - x, 3.5, badges, RIGHT - x - 8)
        story = {words(topic): text for topic, text in row.story.items()}
        if row.finalizers:
            story[words("finalizers")] = ", ".join(row.finalizers)
        if row.blocks:
            story[words("deletion")] = words("blocks")
        if row.events:
            story[words("events")] = "\n".join(map(words.event, row.events))
        return {
            **group(parts, **{"class": "k8s-pod", "transform": f"translate({x:g},{y:g})"}),
            "in": "rows",
            "aria-label": ", ".join([f"{row.kind} {row.name}", *(text for text, _ in badges)]),
            "story": story,
            "ref": f"{row.kind.lower()}/{row.name} {self.state.namespace}",
        }

    def _legend(self, y: float) -> Element:
        words = self.words
        parts: list[Element] = []
        x = 8.0
        for style, word in (
            ("k8s-link", "owns"),
            ("k8s-link-dashed", "selects"),
            ("k8s-link-cut", "goes-too"),
        ):
            parts.append({"tag": "path", "class": style, "d": f"M{x:g} {y - 4:g}h26"})
            parts.append(label(x + 33, y, words(word), "k8s-muted"))
            x += 33 + 6.6 * text_width(words(word)) + 22
        return group(parts)


def _elbow(depth: int, owner_y: float, y: float, leaving: bool) -> Element:
    """From below the owner's left end to what it owns."""
    x = PAD + (depth - 1) * INDENT + 14
    d = f"M{x:g} {owner_y + LINE - 6:g}V{y + 12:g}H{PAD + depth * INDENT:g}"
    return {"tag": "path", "in": "links", "class": "k8s-link-cut" if leaving else "k8s-link", "d": d}


def _bracket(index: int, service_y: float, ends: Sequence[float]) -> Element:
    """At the right margin, from a Service to each pod that it selects; Services have a lane each."""
    x = RIGHT + 18 + 9 * (index % 4)
    top, bottom = min([service_y, *ends]) + 12, max([service_y, *ends]) + 12
    stubs = "".join(f"M{x:g} {y + 12:g}H{RIGHT:g}" for y in (service_y, *ends))
    return {
        "tag": "path",
        "in": "links",
        "class": "k8s-link-dashed",
        "d": f"M{x:g} {top:g}V{bottom:g}{stubs}",
    }
