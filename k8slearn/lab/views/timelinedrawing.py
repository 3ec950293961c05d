"""Draws the timeline: who did what to whom, second by second, and where the notebook's cells ran.

A column is a second in which something happened, so that a busy second is as easy to read as a quiet minute; above it
stands how long after the column before it was.
"""

from __future__ import annotations

from k8slearn.lab.views.events import Told
from k8slearn.lab.views.kinds import watches
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import LEGEND, PAD, WIDTH, card, frame, group, label, line, text_width
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.timeline import COLUMNS, KINDS, Cell, Lane, Timeline, second, seconds_between
from k8slearn.lab.views.words import Words

TOP = 96
LEFT = 188
COLUMN = (WIDTH - LEFT) / COLUMNS
MARK = 17
"""The height of a mark."""
STACK = 4
"""Marks of one lane in one second that are drawn one above the other; how many more there are is said."""

ACTORS: tuple[tuple[str, str], ...] = (
    ("deployment-controller", "#D55E00"),
    ("replicaset-controller", "#E69F00"),
    ("default-scheduler", "#009E73"),
    ("kubelet", "#0072B2"),
    ("", "#CC79A7"),
)
"""Who does things, and the colour of the mark; "" is everybody else."""


class TimelinePicture:
    """The events of a namespace as a ``Picture``."""

    def __init__(self, namespace: str, words: Words) -> None:
        self.words = words
        self.state = Timeline(namespace)
        self.watches = watches((*KINDS, "events"), namespace)

    def apply(self, changes: Changes) -> str:
        before = {lane.uid: lane.events for lane in self.state.lanes}
        self.state.apply(changes)
        lanes = [lane for lane in self.state.lanes if lane.events != before.get(lane.uid)]
        news = [f"{lane.kind} {lane.name}: {lane.events[-1].reason}" for lane in lanes]
        return ", ".join(news) if len(news) <= 3 else self.words("many-objects", count=len(news))

    def summary(self) -> str:
        events = [(told, lane) for lane in self.state.lanes for told in lane.events]
        if not events:
            return f"{self.words('timeline')}: {self.words('none')}"
        told, lane = max(events, key=lambda item: item[0].time)
        return f"{self.words('timeline')}: {told.time} {lane.kind} {lane.name}: {self.words.event(told)}"

    def scene(self) -> Scene:
        state, words = self.state, self.words
        columns = {at: index for index, at in enumerate(state.columns)}
        scene: dict[str, Element] = {
            "grid": group([]),
            "cells": group([]),
            "lanes": group([]),
            "marks": group([]),
        }
        y = float(TOP)
        for lane in state.lanes:
            stacks: dict[int, list[Told]] = {}
            for told in lane.events:
                if (at := columns.get(second(told.time))) is not None:
                    stacks.setdefault(at, []).append(told)
            height = 8 + MARK * min(STACK, max(map(len, stacks.values()), default=1))
            scene[f"lane/{lane.uid}"] = self._lane(lane, y, height)
            for at, stack in stacks.items():
                for index, told in enumerate(stack[-STACK:]):
                    key = f"mark/{lane.uid}/{state.columns[at]}/{index}"
                    scene[key] = self._mark(lane, told, LEFT + at * COLUMN, y + 4 + index * MARK)
                if len(stack) > STACK:
                    more = label(
                        LEFT + at * COLUMN + COLUMN - 6, y + 16, f"+{len(stack) - STACK}", "k8s-small", "end"
                    )
                    scene[f"more/{lane.uid}/{state.columns[at]}"] = {**group([more]), "in": "marks"}
            y += height + 3
        bottom = max(y, TOP + 40)
        scene["grid"] = group(self._grid(bottom))
        for cell in state.cells:
            if second(cell.time) in columns:
                x = LEFT + columns[second(cell.time)] * COLUMN
                scene[f"cell/{cell.number}/{cell.time}"] = self._cell(cell, x, bottom)
        if state.hidden:
            scene["hidden"] = group(
                [label(PAD, bottom + 14, words("more-objects", count=state.hidden), "k8s-muted")]
            )
            bottom += 16
        scene["legend"] = self._legend(bottom + 22)
        where = f"{words('namespace')} {state.namespace}"
        return frame(words, words("timeline"), where, state.problem, bottom + LEGEND, scene)

    # -- parts ----------------------------------------------------------------------------------

    def _grid(self, bottom: float) -> list[Element]:
        columns = self.state.columns
        if not columns:
            return [label(PAD, TOP + 22, self.words("no-events"), "k8s-muted")]
        parts: list[Element] = []
        for index, at in enumerate(columns):
            x = LEFT + index * COLUMN
            after = "" if index == 0 else f"+{_span(seconds_between(columns[index - 1], at))}"
            parts += [
                line(x, TOP - 6, x, bottom, "k8s-grid"),
                label(x + 4, TOP - 12, at[11:], "k8s-small"),
                label(x + COLUMN - 8, TOP - 12, after, "k8s-small", "end"),
            ]
        return parts

    def _cell(self, cell: Cell, x: float, bottom: float) -> Element:
        parts = [
            line(x, 58, x, bottom, "k8s-line-cell"),
            {"tag": "path", "class": "k8s-cell-flag", "d": f"M{x:g} 44h{COLUMN - 6:g}v20h{6 - COLUMN:g}z"},
            label(x + 6, 58, clip(f"[{cell.number}] {cell.line}", 17), "k8s-cell-text"),
        ]
        return {
            **group(parts),
            "in": "cells",
            "aria-label": self.words("cell", number=cell.number),
            "story": {self.words("ran"): cell.line},
        }

    def _lane(self, lane: Lane, y: float, height: float) -> Element:
        words = self.words
        x = PAD + lane.depth * 14
        warnings = sum(told.warning for told in lane.events)
        parts = [
            card(0, 0, WIDTH, height, "k8s-object"),
            label(x, height / 2 + 4, _tail(lane.name, 23 - 2 * lane.depth), "k8s-lane"),
        ]
        command = f"kubectl events --for {lane.kind.lower()}/{lane.name} --namespace {self.state.namespace}"
        told = "\n".join(map(words.event, lane.events[-6:]))
        counted = words("event-count", count=sum(one.count for one in lane.events))
        return {
            **group(parts, transform=f"translate(0,{y:g})"),
            "in": "lanes",
            "aria-label": f"{lane.kind} {lane.name}: {counted}"
            + (f", {words('warnings')}: {warnings}" if warnings else ""),
            "story": {words("events"): told},
            "ref": f"{lane.kind.lower()}/{lane.name} {self.state.namespace}",
            "command": command,
        }

    def _mark(self, lane: Lane, told: Told, x: float, y: float) -> Element:
        words = self.words
        times = f" ×{told.count}" if told.count > 1 else ""
        text = clip(told.reason, 17 - len(times)) + times
        colour = next(colour for name, colour in ACTORS if name in (told.by, ""))
        shape = (
            {"tag": "path", "d": "M9 3l5.5 10h-11z", "fill": "#B03A00"}
            if told.warning
            else {"tag": "rect", "x": 4, "y": 3.5, "width": 10, "height": 10, "rx": 5, "fill": colour}
        )
        parts = [
            {"tag": "rect", "class": "k8s-hit", "width": COLUMN - 4, "height": MARK},
            shape,
            label(18, 12.5, text, "k8s-mark-bad" if told.warning else "k8s-mark"),
        ]
        return {
            **group(parts, **{"class": "k8s-pod", "transform": f"translate({x:.1f},{y:g})"}),
            "in": "marks",
            "aria-label": f"{lane.kind} {lane.name}: {words.reason(told.reason)}{times}",
            "story": {words("when"): told.time, words("who"): told.by, words("what"): told.message},
        }

    def _legend(self, y: float) -> Element:
        parts: list[Element] = []
        x = 8.0
        for name, colour in ACTORS:
            text = name or self.words("others-do")
            parts.append(
                {
                    "tag": "rect",
                    "x": round(x),
                    "y": y - 10,
                    "width": 11,
                    "height": 11,
                    "rx": 5.5,
                    "fill": colour,
                }
            )
            parts.append(label(x + 17, y, text, "k8s-muted"))
            x += 17 + 6.7 * text_width(text) + 16
        parts.append({"tag": "path", "d": f"M{x + 6:g} {y - 10:g}l6 11h-12z", "fill": "#B03A00"})
        parts.append(label(x + 17, y, self.words("warning"), "k8s-muted"))
        return group(parts)


def _tail(name: str, length: int) -> str:
    """The end of a name, which tells siblings apart: ``…7b5f7f5659-4n9xk``."""
    return name if len(name) <= length else f"…{name[-length + 1 :]}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
