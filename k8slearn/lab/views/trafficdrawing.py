"""Draws the way of requests: clients, the Service, its EndpointSlice, pods.

A pod that is not ready is drawn and cut off. Dots run only for requests that were really sent; one that came back
with an answer runs to its pod, one that failed ends at the Service. Where many were sent in a second, a dot stands
for several, and the legend says for how many.
"""

from __future__ import annotations

from k8slearn.lab.views.kinds import watches
from k8slearn.lab.views.requests import requests_in
from k8slearn.lab.views.saying import pods_said
from k8slearn.lab.views.scene import Element, Scene, clip
from k8slearn.lab.views.shapes import (
    DOT,
    LEGEND,
    PAD,
    card,
    chips,
    definitions,
    frame,
    group,
    label,
    use,
)
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.traffic import SERVICE_NAME, Client, Pod, Traffic
from k8slearn.lab.views.words import Words

TOP = 46
CLIENT = (0, 168)
SERVICE = (222, 196)
SLICE = (470, 118)
POD = (640, 276)
"""Each column's left edge and width."""
ROW = 54
SHOWN = 12
"""Pods that are drawn; how many more there are is said."""
DOTS = 24
"""Dots that run at once at the most."""
SECONDS = 0.9
"""How long a dot runs: less than the time between two reports."""


class TrafficPicture:
    """The traffic to a Service as a ``Picture``."""

    def __init__(self, name: str, namespace: str, words: Words) -> None:
        self.words = words
        self.state = Traffic(name, namespace)
        kinds = ("services", "endpointslices", "pods", "events")
        self.watches = (*watches(kinds, namespace), requests_in(namespace))

    def apply(self, changes: Changes) -> str:
        before = self.state.pods
        self.state.apply(changes)
        return pods_said(before, self.state.pods, self.words)

    def summary(self) -> str:
        state = self.state
        ready = sum(pod.endpoint is not None and pod.endpoint.ready for pod in state.pods.values())
        answered = sum(client.answered for client in state.clients.values())
        counts = self.words("answered-failed", answered=answered, failed=state.failures.total())
        return (
            f"{self.words('traffic')}: service/{state.name}: {self.words('endpoints', count=ready)}; {counts}"
        )

    def scene(self) -> Scene:
        state, words = self.state, self.words
        seats = state.seats.slots[:SHOWN]
        clients = list(state.clients.values())[-SHOWN:]
        height = max(ROW * max(len(seats), len(clients)), 4 * ROW)
        middle = TOP + height / 2 - 6
        scene: dict[str, Element] = {
            "defs": definitions(DOT),
            "links": group([]),
            "dots": group([]),
            "service": self._service(middle),
            "slice": self._slice(middle),
            "clients": group(self._no_client(middle) if not clients else []),
            "pods": group([]),
        }
        first = middle - ROW * len(clients) / 2 + 4
        for index, client in enumerate(clients):
            y = first + index * ROW
            scene[f"client/{client.uid}"] = self._client(client, y)
            scene[f"link/{client.uid}"] = _link("k8s-link", _to_service(y, middle))
        if state.exists:
            scene["link"] = _link("k8s-link", f"M{SERVICE[0] + SERVICE[1]} {middle:g}H{SLICE[0]}")
        for slot, uid in enumerate(seats):
            if uid is None:
                continue
            pod, y = state.pods[uid], TOP + slot * ROW
            scene[f"pod/{uid}"] = self._pod(pod, y)
            if pod.endpoint is not None:
                style = "k8s-link-good" if pod.endpoint.ready else "k8s-link-cut"
                scene[f"link/{uid}"] = _link(style, _to_pod(y, middle))
        per_dot = max(1, -(-state.sent.total() // DOTS))
        scene |= self._dots(clients, first, middle, per_dot)
        bottom = TOP + height
        if len(state.seats.slots) > SHOWN:
            more = words("more-objects", count=len(state.seats.slots) - SHOWN)
            scene["more"] = group([label(POD[0], bottom + 4, more, "k8s-muted")])
        scene["legend"] = self._legend(bottom + 22, per_dot)
        where = f"service/{state.name} · {words('namespace')} {state.namespace}"
        return frame(words, words("traffic"), where, state.problem, bottom + LEGEND, scene)

    # -- the columns ----------------------------------------------------------------------------

    def _client(self, client: Client, y: float) -> Element:
        words = self.words
        parts: list[Element] = [
            card(0, 0, CLIENT[1], ROW - 8),
            label(10, 18, clip(client.name, 20), "k8s-name"),
            label(10, 36, words("ok", count=client.answered), "k8s-muted"),
        ]
        if client.failed:
            parts += chips(106, 24, [(f"✗ {client.failed}", "k8s-bad")], CLIENT[1])
        counts = words("answered-failed", answered=client.answered, failed=client.failed)
        return {
            **group(parts, transform=f"translate({CLIENT[0]},{y:g})"),
            "in": "clients",
            "aria-label": f"{words('client')} {client.name}",
            "story": {words("requests"): counts},
            "ref": f"pod/{client.name} {self.state.namespace}",
            "command": f"kubectl logs {client.name} --tail=5 --namespace {self.state.namespace}",
        }

    def _no_client(self, middle: float) -> list[Element]:
        lines = self.words("no-client").split("|")
        return [
            label(CLIENT[0] + 4, middle - 14 + 15 * index, text, "k8s-small")
            for index, text in enumerate(lines)
        ]

    def _service(self, middle: float) -> Element:
        state, words = self.state, self.words
        selector = [(f"{key}={value}", "k8s-good") for key, value in state.selector.items()]
        failures = state.failures.most_common(4)
        tall = 82 + 20 * max(0, len(selector) - 1) + 20 * len(failures)
        width = SERVICE[1]
        parts: list[Element] = [
            card(0, 0, width, tall),
            label(PAD, 21, clip(state.name, 20), "k8s-name"),
            label(width - PAD, 21, "Service", "k8s-muted", "end"),
            label(PAD, 40, clip("  ".join((state.address, *state.ports)), 27), "k8s-code"),
        ]
        y = 53.0
        if not state.exists:
            parts.append(label(PAD, y + 12, words("no-object", name=f"service/{state.name}"), "k8s-muted"))
        elif not selector:
            parts.append(label(PAD, y + 12, words("no-selector"), "k8s-muted"))
        for one in selector:
            parts += chips(PAD, y, [(clip(one[0], 26), one[1])], width)
            y += 20
        y += 4 if selector else 24
        for reason, count in failures:
            parts += chips(PAD, y, [(clip(f"✗ {reason} ×{count}", 28), "k8s-bad")], width)
            y += 20
        story = {words("selector"): ", ".join(text for text, _ in selector), words("ip"): state.address}
        if state.failures:
            story[words("failures")] = "\n".join(
                f"{why}: {count}" for why, count in state.failures.most_common()
            )
        return group(
            parts,
            **{
                "transform": f"translate({SERVICE[0]},{middle - tall / 2:g})",
                "aria-label": f"Service {state.name}",
                "story": story,
                "ref": f"service/{state.name} {state.namespace}",
            },
        )

    def _slice(self, middle: float) -> Element:
        state, words = self.state, self.words
        ends = [pod.endpoint for pod in state.pods.values() if pod.endpoint is not None]
        ready = sum(end.ready for end in ends)
        style = "k8s-card" if ready else "k8s-card k8s-card-bad"
        parts: list[Element] = [
            card(0, 0, SLICE[1], 62, style),
            label(SLICE[1] / 2, 20, "EndpointSlice", "k8s-muted", "middle"),
            label(SLICE[1] / 2, 38, words("endpoints", count=ready), "k8s-name", "middle"),
        ]
        if len(ends) > ready:
            parts.append(
                label(
                    SLICE[1] / 2, 54, words("not-ready-too", count=len(ends) - ready), "k8s-small", "middle"
                )
            )
        selector = f"{SERVICE_NAME}={state.name}"
        addresses = {True: words("ready"), False: words("not-ready")}
        told = "\n".join(f"{end.address}: {addresses[end.ready]}" for end in ends)
        return group(
            parts,
            **{
                "transform": f"translate({SLICE[0]},{middle - 31:g})",
                "aria-label": f"EndpointSlice: {words('endpoints', count=ready)}",
                "story": {words("addresses"): told or words("none")},
                "ref": f"endpointslice/{state.name} {state.namespace}",
                "command": f"kubectl get endpointslices --selector {selector} --namespace {state.namespace}",
            },
        )

    def _pod(self, pod: Pod, y: float) -> Element:
        words = self.words
        style = "k8s-card" if pod.selected else "k8s-object k8s-object-leaving"
        labels = [
            (f"{key}={value}", {True: "k8s-good", False: "k8s-bad", None: "k8s-chip"}[agrees])
            for key, value, agrees in pod.labels
        ]
        if pod.endpoint is None:
            why = words("not-selected") if not pod.selected else words("no-endpoint")
        else:
            why = "" if pod.endpoint.ready else words("cut-off")
        parts: list[Element] = [
            card(0, 0, POD[1], ROW - 8, style),
            use(DOT, pod.state, 8, 6),
            label(30, 18, clip(pod.suffix, 22), "k8s-name"),
            label(
                POD[1] - 10, 18, str(pod.answered) if pod.endpoint or pod.answered else "", "k8s-count", "end"
            ),
            *chips(8, 25, labels, POD[1] - 8),
        ]
        if why:
            parts.append(label(POD[1] - 10 - (34 if pod.answered else 0), 18, why, "k8s-small", "end"))
        story = {
            words("answered"): str(pod.answered),
            **{words(topic): text for topic, text in pod.story.items()},
        }
        if pod.events:
            story[words("events")] = "\n".join(map(words.event, pod.events))
        return {
            **group(parts, **{"class": "k8s-pod", "transform": f"translate({POD[0]},{y:g})"}),
            "in": "pods",
            "aria-label": f"{pod.name}: {words.state(pod.state, pod.reason)}" + (f", {why}" if why else ""),
            "story": story,
            "ref": f"pod/{pod.name} {self.state.namespace}",
        }

    # -- requests -------------------------------------------------------------------------------

    def _dots(self, clients: list[Client], first: float, middle: float, per_dot: int) -> dict[str, Element]:
        """The requests of the last report on their way."""
        state = self.state
        places = {state.pods[uid].name: slot for slot, uid in enumerate(state.seats.slots[:SHOWN]) if uid}
        rows = {client.uid: index for index, client in enumerate(clients)}
        paths: list[tuple[str, str]] = []
        for (client, pod), count in state.sent.items():
            if client not in rows:
                continue
            path = _to_service(first + rows[client] * ROW, middle)
            if pod in places:
                path += f"H{SLICE[0]}" + _to_pod(TOP + places[pod] * ROW, middle).replace("M", "L", 1)
            style = "k8s-dot" if pod else "k8s-dot k8s-dot-failed"
            paths += [(path, style)] * -(-count // per_dot)
        dots: dict[str, Element] = {}
        for index, (path, style) in enumerate(paths):
            # Spread by a stride, so that those to one pod do not run one behind the other.
            delay = (index * 7 % len(paths)) / len(paths) * SECONDS
            dots[f"dot/{state.reports}/{index}"] = {
                "tag": "circle",
                "in": "dots",
                "class": style,
                "r": 4.5,
                "style": f"offset-path:path('{path}');animation-delay:{delay:.2f}s",
            }
        return dots

    def _legend(self, y: float, per_dot: int) -> Element:
        words = self.words
        one = words("one-dot") if per_dot == 1 else words("dot-is", count=per_dot)
        parts: list[Element] = [
            {"tag": "circle", "cx": 12, "cy": y - 4, "r": 4.5, "class": "k8s-request"},
            label(24, y, one, "k8s-muted"),
            {"tag": "circle", "cx": 232, "cy": y - 4, "r": 4.5, "class": "k8s-request-failed"},
            label(244, y, words("failed-request"), "k8s-muted"),
            {"tag": "path", "class": "k8s-link-good", "d": f"M{SLICE[0]} {y - 4:g}h26"},
            label(SLICE[0] + 33, y, words("gets-requests"), "k8s-muted"),
            {"tag": "path", "class": "k8s-link-cut", "d": f"M{POD[0] + 30} {y - 4:g}h26"},
            label(POD[0] + 63, y, words("cut-off"), "k8s-muted"),
        ]
        return group(parts)


def _link(style: str, d: str) -> Element:
    return {"tag": "path", "in": "links", "class": style, "d": d}


def _to_service(y: float, middle: float) -> str:
    """From a client's card to the Service, in a curve."""
    start, end = CLIENT[0] + CLIENT[1], SERVICE[0]
    half = (start + end) / 2
    y += (ROW - 8) / 2
    return f"M{start} {y:g}C{half:g} {y:g} {half:g} {middle:g} {end} {middle:g}"


def _to_pod(y: float, middle: float) -> str:
    """From the EndpointSlice to a pod's card."""
    start, end = SLICE[0] + SLICE[1], POD[0]
    half = (start + end) / 2
    y += (ROW - 8) / 2
    return f"M{start} {middle:g}C{half:g} {middle:g} {half:g} {y:g} {end} {y:g}"
