"""Draws an autoscaler: the formula with its numbers, then metric and replicas over time, one above the other.

Both charts share the axis of time (the autoscaler's age). Above: the metric, its target, and the ten per cent around
it in which nothing happens. Below: how many pods there are, how many it wants, and the band down to which it does not
go yet, because it remembers its highest recommendation (the stabilization window).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from k8slearn.lab.views.autoscaler import TOLERANCE, Autoscaler, Metric, Sample
from k8slearn.lab.views.kinds import watches
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import LEGEND, PAD, WIDTH, card, chips, frame, group, label, line, text_width
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.words import Words

LEFT, RIGHT = 62, WIDTH - 16
"""The charts' axis of time."""
CHARTS = ((118, 218), (258, 358))
"""Top and bottom of the metric's and of the replicas' chart."""
SPAN = 120.0
"""Seconds that the axis shows at the least."""
LONGEST = 900.0
"""And at the most: older samples leave on the left."""


class AutoscalerPicture:
    """A HorizontalPodAutoscaler as a ``Picture``."""

    def __init__(self, name: str, namespace: str, words: Words, now: Callable[[], float] = time.time) -> None:
        self.words = words
        self.state = Autoscaler(name, namespace, now)
        self.watches = watches(("horizontalpodautoscalers", "events"), namespace)

    def apply(self, changes: Changes) -> str:
        before = (self.state.current, self.state.desired)
        self.state.apply(changes)
        now = (self.state.current, self.state.desired)
        return self.words("scales", current=now[0], desired=now[1]) if now != before else ""

    def summary(self) -> str:
        state, words = self.state, self.words
        if not state.exists:
            return words("no-object", name=f"hpa/{state.name}")
        scales = words("scales", current=state.current, desired=state.desired)
        return f"{words('autoscaler')}: hpa/{state.name}: {self._formula()}; {scales}"

    def scene(self) -> Scene:
        state, words = self.state, self.words
        span, until = self._span()

        def x(age: float) -> float:
            return LEFT + (RIGHT - LEFT) * max(0.0, 1 - (until - age) / span)

        shown = [sample for sample in state.samples if sample.age >= until - span] or list(state.samples)[-1:]
        scene: dict[str, Element] = {
            "head": self._head(),
            "axis": group(self._axis(span, until)),
            "metric": group(self._metric_chart(shown, x)),
            "replicas": group(self._replicas_chart(shown, x, until)),
            "legend": self._legend(CHARTS[1][1] + 44),
        }
        where = f"hpa/{state.name} → {state.of or '?'} · {words('namespace')} {state.namespace}"
        return frame(words, words("autoscaler"), where, state.problem, CHARTS[1][1] + 24 + LEGEND, scene)

    # -- the numbers ----------------------------------------------------------------------------

    def _formula(self) -> str:
        """The formula with this moment's numbers: ``ceil(2 × 83% ÷ 50%) = 4``."""
        state, metric = self.state, self.state.metric
        if metric is None or metric.current is None:
            return self.words("unmeasured")
        now, aim = _value(metric, metric.current), _value(metric, metric.target)
        return f"⌈{state.current} × {now} ÷ {aim}⌉ = {_exact(state.current, metric)}"

    def why(self) -> str:
        """What the autoscaler does about it, in a sentence."""
        state, words, metric = self.state, self.words, self.state.metric
        if not state.exists:
            return words("no-object", name=f"hpa/{state.name}")
        if metric is None or metric.ratio is None:
            return words("hpa-unmeasured")
        if abs(metric.ratio - 1) <= TOLERANCE:
            return words("hpa-near")
        if state.recommended > state.most <= state.current:
            return words("hpa-most", count=state.most)
        if state.recommended > state.current:
            return words("hpa-up", count=min(state.recommended, state.most))
        if state.recommended < state.least >= state.current:
            return words("hpa-least", count=state.least)
        if state.stabilized:
            return words("hpa-held", count=state.desired, seconds=f"{state.window:g}")
        return words("hpa-down", count=max(state.recommended, state.least))

    def _head(self) -> Element:
        state, words = self.state, self.words
        bad = [
            (f"{type}: {why.split(':')[0]}", "k8s-warn") for type, holds, why in state.conditions if not holds
        ]
        formula = self._formula() if state.exists else ""
        story = {words("formula"): formula, words("sentence"): self.why()}
        if state.told:
            story[words("conditions")] = state.told
        if state.last:
            story[words("events")] = "\n".join(map(words.event, state.last))
        limits = words("hpa-limits", least=state.least, most=state.most) if state.exists else ""
        return group(
            [
                card(0, 30, WIDTH, 64),
                label(PAD, 54, formula, "k8s-formula"),
                label(WIDTH - PAD, 54, limits, "k8s-muted", "end"),
                label(PAD, 80, clip(self.why(), 108), "k8s-sentence"),
                *chips(PAD + 24 + 9.5 * text_width(formula), 42, bad, WIDTH - 130),
            ],
            **{
                "aria-label": f"HorizontalPodAutoscaler {state.name}",
                "story": {topic: text for topic, text in story.items() if text},
                "ref": f"horizontalpodautoscaler/{state.name} {state.namespace}",
                "command": f"kubectl describe hpa {state.name} --namespace {state.namespace}",
            },
        )

    # -- the charts -----------------------------------------------------------------------------

    def _span(self) -> tuple[float, float]:
        """How many seconds the axis shows, and up to which age: in whole half minutes, so that it seldom moves."""
        samples = self.state.samples
        if not samples:
            return SPAN, SPAN
        until = 30 * (samples[-1].age // 30 + 1)
        return min(LONGEST, max(SPAN, until - 30 * (samples[0].age // 30))), until

    def _axis(self, span: float, until: float) -> list[Element]:
        parts: list[Element] = []
        step = next(step for step in (30, 60, 120, 300) if span / step <= 8)
        age = step * max(0.0, -(-(until - span) // step))
        while age <= until:
            x = LEFT + (RIGHT - LEFT) * (1 - (until - age) / span)
            for top, bottom in CHARTS:
                parts.append(line(x, top, x, bottom, "k8s-grid"))
            parts.append(label(x, CHARTS[1][1] + 16, _age(age), "k8s-small", "middle"))
            age += step
        return parts

    def _metric_chart(self, shown: list[Sample], x: Callable[[float], float]) -> list[Element]:
        metric = self.state.metric
        top, bottom = CHARTS[0]
        if metric is None:
            return [label(LEFT, top - 8, self.words("hpa-no-metric"), "k8s-muted")]
        highest = max([metric.target * 2, *(sample.metric or 0 for sample in shown)], default=1) or 1

        def y(value: float) -> float:
            return bottom - (bottom - top) * value / highest

        of = self.words("of-request") if metric.unit else ""
        parts: list[Element] = [
            label(LEFT, top - 8, f"{metric.name} {of}", "k8s-muted"),
            {
                "tag": "rect",
                "class": "k8s-tolerance",
                "x": LEFT,
                "y": round(y(metric.target * (1 + TOLERANCE)), 1),
                "width": RIGHT - LEFT,
                "height": round(y(metric.target * (1 - TOLERANCE)) - y(metric.target * (1 + TOLERANCE)), 1),
            },
            line(LEFT, y(metric.target), RIGHT, y(metric.target), "k8s-line-target"),
            label(LEFT - 6, y(metric.target) + 4, _value(metric, metric.target), "k8s-small", "end"),
            label(LEFT - 6, top + 8, _value(metric, highest), "k8s-small", "end"),
            line(LEFT, bottom, RIGHT, bottom, "k8s-rule"),
        ]
        points = [(x(sample.age), y(sample.metric)) for sample in shown if sample.metric is not None]
        if points:
            d = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in points)
            parts.append({"tag": "path", "class": "k8s-line-metric", "d": d})
            parts.append(
                {"tag": "circle", "class": "k8s-point", "cx": points[-1][0], "cy": points[-1][1], "r": 4}
            )
        return parts

    def _replicas_chart(
        self, shown: list[Sample], x: Callable[[float], float], until: float
    ) -> list[Element]:
        state, words = self.state, self.words
        top, bottom = CHARTS[1]
        highest = max([state.most, 2, *(max(sample.current, sample.desired) for sample in shown)])

        def y(value: float) -> float:
            return bottom - (bottom - top) * value / (highest + 0.5)

        parts: list[Element] = [
            label(LEFT, top - 8, words("replicas"), "k8s-muted"),
            line(LEFT, bottom, RIGHT, bottom, "k8s-rule"),
        ]
        for value, word in ((state.most, "max"), (state.least, "min")):
            parts.append(line(LEFT, y(value), RIGHT, y(value), "k8s-line-limit"))
            parts.append(label(LEFT - 6, y(value) + 4, f"{word} {value}", "k8s-small", "end"))
        if not shown:
            return parts
        if state.stabilized:
            begin, end = x(state.held_since), x(min(until, state.held_since + state.window))
            low = y(max(state.recommended, state.least))
            parts.append(
                {
                    "tag": "rect",
                    "class": "k8s-band",
                    "x": round(begin, 1),
                    "y": round(y(state.desired), 1),
                    "width": round(end - begin, 1),
                    "height": round(low - y(state.desired), 1),
                }
            )
        for style, value in (("k8s-line-desired", "desired"), ("k8s-line-current", "current")):
            d, last = "", None
            for sample in shown:
                level = y(getattr(sample, value) or sample.current)  # it wants nothing before it has measured
                d += (
                    f"M{x(sample.age):.1f} {level:.1f}"
                    if last is None
                    else f"H{x(sample.age):.1f}V{level:.1f}"
                )
                last = level
            parts.append({"tag": "path", "class": style, "d": f"{d}h6"})
        end = shown[-1]
        parts.append(
            label(min(x(end.age) + 10, RIGHT - 12), y(end.current) - 6, str(end.current), "k8s-name")
        )
        return parts

    def _legend(self, y: float) -> Element:
        words = self.words
        parts: list[Element] = []
        at = 8.0
        for style, word in (
            ("k8s-line-metric", "metric"),
            ("k8s-line-target", "target"),
            ("k8s-line-current", "current-replicas"),
            ("k8s-line-desired", "desired-replicas"),
        ):
            parts.append({"tag": "path", "class": style, "d": f"M{at:g} {y - 4:g}h24"})
            parts.append(label(at + 30, y, words(word), "k8s-muted"))
            at += 30 + 6.6 * text_width(words(word)) + 18
        for style, word in (("k8s-tolerance", "tolerance"), ("k8s-band", "band")):
            parts.append(
                {"tag": "rect", "class": style, "x": round(at), "y": y - 11, "width": 22, "height": 13}
            )
            parts.append(label(at + 28, y, words(word), "k8s-muted"))
            at += 28 + 6.6 * text_width(words(word)) + 18
        return group(parts)


def _exact(current: int, metric: Metric) -> str:
    """The formula's result, and without rounding where that tells more: ``4 (3.32)``."""
    exact = current * (metric.ratio or 0)
    whole = -int(-exact // 1)
    return str(whole) if abs(whole - exact) < 0.005 else f"{whole} ({exact:.2f})"


def _value(metric: Metric, value: float) -> str:
    return f"{value:.0f}%" if metric.unit else f"{value:.3g}"


def _age(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds and seconds % 60 == 0 else f"{seconds:.0f} s"
