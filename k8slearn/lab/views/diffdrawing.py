"""Draws an object's spec beside its status: its fields with their managers, and how far it has come."""

from __future__ import annotations

from k8slearn.lab.views.diff import Diff, Line
from k8slearn.lab.views.kinds import Ref, Watch
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import LEGEND, PAD, WIDTH, card, frame, group, label, text_width
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.words import Words

TOP = 44
LINE = 17
LEFT_WIDTH = 520
RIGHT = LEFT_WIDTH + 20
RIGHT_WIDTH = WIDTH - RIGHT
SHOWN = 60
"""Lines of a spec that are drawn; how many more there are is said."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Of the managers, by turns; each has a letter besides."""


class DiffPicture:
    """Spec and status of one object as a ``Picture``."""

    def __init__(self, ref: Ref, namespace: str, words: Words) -> None:
        self.words = words
        self.state = Diff(ref, namespace)
        self.watches = (Watch(ref.kind.name, namespace, ref.name),)

    def apply(self, changes: Changes) -> str:
        before = self._reached()
        self.state.apply(changes)
        return self._reached() if self._reached() != before else ""

    def summary(self) -> str:
        return f"{self.words('diff')}: {self.state.ref}: {self._reached()}"

    def _reached(self) -> str:
        """How far the status has come, in a sentence."""
        state, words = self.state, self.words
        if not state.exists:
            return words("no-object", name=state.ref)
        if not self._seen:
            return words("not-seen")
        behind = [pair for pair in state.pairs if pair.actual != pair.wanted]
        if behind:
            return words("behind", fields=", ".join(f"{p.field} {p.actual}/{p.wanted}" for p in behind))
        return words("as-wanted") if state.pairs else words("seen")

    @property
    def _seen(self) -> bool:
        return self.state.observed is None or self.state.observed == self.state.generation

    def scene(self) -> Scene:
        state, words = self.state, self.words
        lines = state.spec[:SHOWN]
        left = 40 + LINE * len(lines) + (LINE if len(state.spec) > SHOWN else 0)
        status = self._status()
        height = max(left, status[1], 120)
        scene: dict[str, Element] = {"left": self._spec_card(height), "lines": group([]), "right": status[0]}
        for index, line in enumerate(lines):
            scene[f"line/{'/'.join(line.path)}"] = self._line(line, TOP + 32 + index * LINE)
        scene["legend"] = self._legend(TOP + height + 20)
        where = f"{state.ref} · {words('namespace')} {state.namespace}"
        return frame(words, words("diff"), where, state.problem, TOP + height + LEGEND, scene)

    # -- parts ----------------------------------------------------------------------------------

    def _spec_card(self, height: float) -> Element:
        state, words = self.state, self.words
        parts: list[Element] = [
            card(0, TOP, LEFT_WIDTH, height),
            card(RIGHT, TOP, RIGHT_WIDTH, height),
            label(PAD, TOP + 21, words("wanted"), "k8s-name"),
        ]
        if len(state.spec) > SHOWN:
            more = words("more-lines", count=len(state.spec) - SHOWN)
            parts.append(label(PAD, TOP + height - 8, more, "k8s-muted"))
        return group(parts)

    def _line(self, line: Line, y: float) -> Element:
        words, kind = self.words, self.state.ref.kind
        names = line.managers
        parts: list[Element] = [{"tag": "rect", "class": "k8s-hit", "width": LEFT_WIDTH - 8, "height": LINE}]
        for index, manager in enumerate(names[:3]):
            number = self.state.managers.index(manager)
            colour = COLOURS[number % len(COLOURS)]
            parts.append(
                {
                    "tag": "rect",
                    "x": 4 + 17 * index,
                    "y": 2,
                    "width": 14,
                    "height": 13,
                    "rx": 3,
                    "fill": colour,
                }
            )
            parts.append(label(11 + 17 * index, 12.5, _letter(number), "k8s-letter", "middle"))
        text = line.text.lstrip()
        indent = len(line.text) - len(text)
        style = "k8s-code k8s-default" if line.default else "k8s-code"
        parts.append(label(60 + 7 * indent, 12.5, clip(text, 58 - indent), style))
        if line.default:
            parts.append(label(LEFT_WIDTH - 16, 12.5, words("default"), "k8s-small", "end"))
        story = {words("managers"): ", ".join(names) or words("nobody")}
        if line.default:
            story[words("value")] = words("as-by-default")
        path = ".".join(name.split("=")[0] if "=" in name else name for name in line.path)
        plain = ".".join(name for name in line.path if "=" not in name and not name.isdecimal())
        return {
            **group(parts, transform=f"translate(4,{y:g})"),
            "in": "lines",
            "aria-label": f"spec.{path}: {text.removeprefix('- ')}",
            "story": story,
            "ref": f"field/{kind.kind.lower()}.{'.'.join(line.path)}",
            "command": f"kubectl explain {kind.kind.lower()}.spec.{plain}",
        }

    def _status(self) -> tuple[Element, float]:
        """The right side, and how high it is."""
        state, words = self.state, self.words
        x, y = RIGHT + PAD, TOP + 21.0
        right = WIDTH - PAD
        parts: list[Element] = [label(x, y, words("actual"), "k8s-name")]
        y += 26
        parts.append(label(x, y, clip(self._reached(), 56), "k8s-muted"))
        y += 12
        if state.generation is not None and state.observed is not None:
            y += 18
            parts += [
                label(x, y, "metadata.generation", "k8s-code"),
                label(right, y, str(state.generation), "k8s-name", "end"),
                label(x, y + 18, "status.observedGeneration", "k8s-code"),
                label(right - 22, y + 18, str(state.observed), "k8s-name", "end"),
                *_mark(right - 7, y + 14, self._seen),
            ]
            y += 26
        for pair in state.pairs:
            y += 22
            share = min(1.0, pair.actual / pair.wanted) if pair.wanted else float(pair.actual == 0)
            bar: Element = {"tag": "rect", "x": x + 150, "y": y - 9, "width": 100, "height": 8, "rx": 4}
            parts += [
                label(x, y, pair.field, "k8s-code"),
                {**bar, "class": "k8s-bar"},
                {**bar, "class": "k8s-bar-shown", "width": round(100 * share, 1)},
                label(right - 22, y, words("of", used=pair.actual, all=pair.wanted), "k8s-name", "end"),
                *_mark(right - 7, y - 4, pair.actual == pair.wanted),
            ]
        if state.conditions:
            y += 30
            parts.append(label(x, y, words("conditions"), "k8s-muted"))
        for type, holds, why in state.conditions:
            y += 20
            parts += [*_mark(x + 6, y - 4, holds), label(x + 20, y, type, "k8s-name")]
            parts.append(label(x + 20, y + 14, clip(why, 54), "k8s-small"))
            y += 14
        if state.status:
            y += 30
            parts.append(label(x, y, "status", "k8s-muted"))
        for text in state.status[:24]:
            y += 15
            parts.append(label(x, y, clip(text, 46), "k8s-code"))
        command = f"kubectl get {state.ref} --output yaml --show-managed-fields --namespace {state.namespace}"
        story = {words("sentence"): self._reached()}
        if state.told:
            story[words("conditions")] = state.told
        element = group(
            parts,
            **{
                "aria-label": f"{words('actual')}: {state.ref}",
                "story": story,
                "ref": f"{state.ref} {state.namespace}",
                "command": command,
            },
        )
        return element, y - TOP + 16

    def _legend(self, y: float) -> Element:
        words = self.words
        parts: list[Element] = [label(8, y, words("written-by"), "k8s-muted")]
        x = 16 + 6.6 * text_width(words("written-by"))
        for number, manager in enumerate(self.state.managers):
            colour = COLOURS[number % len(COLOURS)]
            parts.append(
                {"tag": "rect", "x": x, "y": y - 11, "width": 14, "height": 13, "rx": 3, "fill": colour}
            )
            parts.append(label(x + 7, y - 0.5, _letter(number), "k8s-letter", "middle"))
            parts.append(label(x + 19, y, clip(manager, 30), "k8s-muted"))
            x += 19 + 6.8 * text_width(clip(manager, 30)) + 18
        return group(parts)


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def _mark(x: float, y: float, good: bool) -> list[Element]:
    """✓ or an open circle, in a colour and a shape."""
    shape: Element = {"tag": "path", "fill": "none", "stroke-width": 2.2, "stroke-linecap": "round"}
    if good:
        return [{**shape, "stroke": "#0072B2", "d": f"M{x - 5:g} {y:g}l3.5 3.5l6 -7"}]
    return [{**shape, "stroke": "#D55E00", "d": f"M{x - 4:g} {y - 4:g}l8 8m0 -8l-8 8"}]
