"""Draws a rollout: what is allowed and what is so, then a row per revision with its pods as squares.

The two bars share one axis of pods. One line says how many must be available (replicas − maxUnavailable), the other
how many may exist (replicas + maxSurge): a rolling update moves between them.
"""

from __future__ import annotations

from k8slearn.lab.views.kinds import watches
from k8slearn.lab.views.rollout import Pod, Revision, Rollout
from k8slearn.lab.views.saying import counted, pods_said
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import (
    DOT,
    LEGEND,
    PAD,
    SQUARE,
    WIDTH,
    Grid,
    card,
    chips,
    definitions,
    frame,
    group,
    label,
    legend,
    line,
    per_row,
    text_width,
    use,
)
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.words import Words

LEFT = 214
"""Where pods and bars begin."""
GAUGE = 58
"""The top of the bars."""
ROWS = 172
"""The top of the first revision."""
GAP = 10
SQUARES = 63
"""As many slots may be in a row for pods to be drawn as squares."""


class RolloutPicture:
    """The rollout of a Deployment as a ``Picture``."""

    def __init__(self, name: str, namespace: str, words: Words) -> None:
        self.words = words
        self.state = Rollout(name, namespace)
        self.watches = watches(("deployments", "replicasets", "pods", "events"), namespace)

    def apply(self, changes: Changes) -> str:
        before, sentence = self.state.pods, self.state.sentence
        self.state.apply(changes)
        now = self.state.sentence
        said = pods_said(before, self.state.pods, self.words)
        return self.words(now[0], **now[1]) if now != sentence else said

    def summary(self) -> str:
        key, values = self.state.sentence
        return f"{self.words(key, **values)} {counted(self.state.pods.values(), self.words)}"

    def scene(self) -> Scene:
        state, words = self.state, self.words
        most = max((len(seats.slots) for seats in state.slots.values()), default=0)
        tile = SQUARE if most <= SQUARES else DOT
        in_row = per_row(WIDTH - LEFT - PAD, tile)
        lines = max(1, -(-most // in_row))
        height = max(52, 22 + lines * (tile.height + tile.gap))
        scene: dict[str, Element] = {
            "defs": definitions(SQUARE, DOT),
            "head": self._head(),
            "gauge": group(self._gauge()),
            "rows": group([]),
            "pods": group([]),
        }
        for row, uid in enumerate(state.rows.slots):
            if uid is None:
                continue
            revision, top = state.revisions[uid], ROWS + row * (height + GAP)
            scene[f"row/{uid}"] = self._row(revision, top, height)
            grid = Grid(LEFT, top + (height - lines * (tile.height + tile.gap) + tile.gap) / 2, in_row, tile)
            for slot, pod in enumerate(state.slots[uid].slots):
                if pod is not None:
                    scene[f"{tile.name}/{pod}"] = self._pod(state.pods[pod], grid, slot)
        bottom = ROWS + len(state.rows.slots) * (height + GAP)
        scene["legend"] = legend(words, bottom + 14)
        where = f"deployment/{state.name} · {words('namespace')} {state.namespace}"
        return frame(words, words("rollout"), where, state.problem, bottom + LEGEND - 8, scene)

    # -- parts ----------------------------------------------------------------------------------

    def _head(self) -> Element:
        state, words = self.state, self.words
        key, values = state.sentence
        badges: list[tuple[str, str]] = []
        if state.stalled:
            badges.append((words("stalled"), "k8s-bad"))
        if state.paused:
            badges.append((words("paused"), "k8s-warn"))
        if state.recreate:
            badges.append((words("recreate"), "k8s-chip"))
        if state.done:
            badges.append((words("rolled-out"), "k8s-good"))
        sentence = clip(words(key, **values), 105)
        story = {words("sentence"): words(key, **values)}
        if state.stalled:
            story[words("why")] = state.stalled
        if state.conditions:
            story[words("conditions")] = state.conditions
        after = PAD + 8 + 7.7 * text_width(sentence)
        return group(
            [label(2, 46, sentence, "k8s-sentence"), *chips(min(after, WIDTH - 260), 33, badges, WIDTH)],
            **{
                "aria-label": f"deployment/{state.name}",
                "story": story,
                "ref": f"deployment/{state.name} {state.namespace}",
                "command": f"kubectl rollout status deployment/{state.name} --namespace {state.namespace}",
            },
        )

    def _gauge(self) -> list[Element]:
        """Two bars on one axis of pods, and the two lines between which a rolling update moves."""
        words, numbers = self.words, self.state.numbers
        axis = max(numbers.at_most, numbers.existing, numbers.available, 1)
        unit = min(60.0, (WIDTH - LEFT - 60) / axis)
        top = GAUGE + 24
        parts: list[Element] = []
        bars = (
            ("gauge-available", numbers.available, "k8s-gauge-available"),
            ("gauge-existing", numbers.existing, "k8s-gauge-existing"),
        )
        for index, (word, value, style) in enumerate(bars):
            y = top + index * 27
            parts.append(label(LEFT - 14, y + 14, words(word), "k8s-muted", "end"))
            parts.append(_cells(y, unit, axis, "k8s-gauge-empty", axis))
            if value:
                parts.append(_cells(y, unit, value, style, axis))
            parts.append(label(LEFT + max(value, 0) * unit + 8, y + 14, str(value), "k8s-name"))
        if self.state.exists:
            # One label above and one below: the lines may be as near to each other as one pod.
            least, most = LEFT + numbers.at_least * unit, LEFT + numbers.at_most * unit
            parts += [
                line(least, GAUGE + 12, least, top + 52, "k8s-line-least"),
                line(most, top - 6, most, top + 60, "k8s-line-most"),
                label(least, GAUGE + 8, words("at-least", count=numbers.at_least), "k8s-small", _side(least)),
                label(most, top + 71, words("at-most", count=numbers.at_most), "k8s-small", _side(most)),
            ]
        if numbers.leaving:
            parts.append(
                label(LEFT - 14, top + 71, words("leaving", count=numbers.leaving), "k8s-small", "end")
            )
        return parts

    def _row(self, revision: Revision, top: float, height: float) -> Element:
        words = self.words
        title = words("revision", number=revision.number)
        counts = words("ready-of", ready=revision.ready, wanted=revision.wanted)
        parts: list[Element] = [
            card(0, 0, WIDTH, height, "k8s-card k8s-current" if revision.current else "k8s-card"),
            label(PAD, 20, title, "k8s-name"),
            label(LEFT - 14, 20, counts, "k8s-muted", "end"),
            label(PAD, 38, clip(revision.image, 30), "k8s-code"),
        ]
        story = {words("image"): revision.image, words("containers"): counts}
        if revision.cause:
            story[words("cause")] = revision.cause
        if revision.events:
            story[words("events")] = "\n".join(map(words.event, revision.events))
        namespace = self.state.namespace
        history = f"kubectl rollout history deployment/{self.state.name} --revision={revision.number}"
        return {
            **group(parts, **{"class": "k8s-revision", "transform": f"translate(0,{top:g})"}),
            "in": "rows",
            "aria-label": f"{title}: {revision.name}" + (f", {words('current')}" if revision.current else ""),
            "story": story,
            "ref": f"replicaset/{revision.name} {namespace}",
            "command": f"{history} --namespace {namespace}",
        }

    def _pod(self, pod: Pod, grid: Grid, slot: int) -> Element:
        words = self.words
        x, y = grid.place(slot)
        story = {words(topic): text for topic, text in pod.story.items()}
        if pod.events:
            story[words("events")] = "\n".join(map(words.event, pod.events))
        return {
            **use(grid.tile, pod.state, x, y),
            "in": "pods",
            "class": "k8s-pod",
            "aria-label": f"{pod.name}: {words.state(pod.state, pod.reason)}",
            "story": story,
            "ref": f"pod/{pod.name} {self.state.namespace}",
        }


def _side(x: float) -> str:
    """To which side of a line at ``x`` its label goes, so that it stays in the picture."""
    return "start" if x < WIDTH / 2 else "end"


def _cells(y: float, unit: float, count: int, style: str, axis: int) -> Element:
    """A bar of ``count`` pods, a cell each while cells are wide enough to be counted."""
    if unit < 7:
        d = f"M{LEFT} {y}h{count * unit:.1f}v18h{-count * unit:.1f}z"
    else:
        d = "".join(
            f"M{LEFT + index * unit + 1:.1f} {y}h{unit - 2:.1f}v18h{2 - unit:.1f}z" for index in range(count)
        )
    return {"tag": "path", "class": style, "d": d}
