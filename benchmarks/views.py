"""What views cost the kernel: a tick of a thousand pods, opening, ten at once. (The page's part: tests/browser.)"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from benchmarks.measure import KILOBYTES, Result, Unit, median
from k8slearn.lab.views import widget
from k8slearn.lab.views.history import History
from k8slearn.lab.views.mapdrawing import MapPicture
from k8slearn.lab.views.store import Changes, Listener, Wanted
from k8slearn.lab.views.words import Words

PODS = 1000


class _Feed:
    """A store of a thousand pods whose changes the benchmark makes."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.now = Changes(
            {
                "nodes": {f"n{n}": _node(n) for n in range(10)},
                "pods": {f"p{n}": _pod(n, True) for n in range(PODS)},
            }
        )

    def subscribe(self, listener: Listener, watches: Sequence[Wanted]) -> None:
        self.listeners.append(listener)
        listener(self.now)

    def unsubscribe(self, listener: Listener) -> None:
        self.listeners.remove(listener)


class _Sending(widget.View):
    """Encodes what it sends, as the kernel does, and counts it."""

    size = 0

    def send(self, content: Any, buffers: Any = None) -> None:
        self.size = len(json.dumps(content))


def tick_time() -> Result:
    """100 of 1,000 pods become ready or not ready: what the kernel computes and encodes, beside parsing them."""
    feed = _Feed()
    view = _Sending(feed, MapPicture("shop", Words("en")))  # type: ignore[arg-type]
    ticks = _ticks()
    seconds = median(lambda: feed.listeners[0](next(ticks)), 21)
    view.close()
    batch = orjson.dumps([_pod(n, True) for n in range(PODS // 10)])
    floor = median(lambda: orjson.loads(batch), 21)
    return Result("kernel time of a tick: 100 of 1,000 pods", seconds, 0.002, "parsing their JSON", floor)


def tick_size() -> Result:
    """The same tick in bytes, beside the JSON of the pods themselves."""
    feed = _Feed()
    view = _Sending(feed, MapPicture("shop", Words("en")))  # type: ignore[arg-type]
    feed.listeners[0](next(_ticks()))
    view.close()
    floor = sum(len(orjson.dumps(_pod(n, True))) for n in range(PODS // 10))
    return Result("bytes of that tick", view.size, 15_000, "the pods' own JSON", floor, KILOBYTES)


def opening() -> Result:
    """A map of 1,000 pods until its first picture is encoded."""
    feed = _Feed()

    def open_one() -> None:
        view = _Sending(feed, MapPicture("shop", Words("en")))  # type: ignore[arg-type]
        json.dumps(view.get_state()["snapshot"])
        view.close()
        feed.unsubscribe(view._receive)

    floor = median(lambda: json.dumps(dict(feed.now.objects["pods"])))
    return Result("opening a view on 1,000 pods", median(open_one), 0.5, "encoding the pods as JSON", floor)


def memory() -> Result:
    """Elements that a view remembers after an hour at five ticks a second, beside what it remembers when full."""
    pods = {f"p{n}": {"tag": "g", "x": 0} for n in range(100)}
    history = History(pods, 0.0)
    for tick in range(3600 * 5):
        history.add(widget.Frame(tick / 5, {key: {"x": tick} for key in pods}))
    kept = sum(len(frame.changes) + 1 for frame in history.frames)
    return Result("changes remembered after an hour", kept, 20_000, "what may be", 20_000, Unit("elements"))


def _ticks() -> Any:
    """Batches of a hundred pods each, whose readiness flips."""
    number = 0
    while True:
        number += 1
        some = range(number % 10 * 100, number % 10 * 100 + 100)
        yield Changes({"pods": {f"p{n}": _pod(n, number // 10 % 2 == 1) for n in some}})


def _node(number: int) -> dict[str, Any]:
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "64"}}
    return {"metadata": {"name": f"worker-{number}", "uid": f"n{number}"}, "spec": {}, "status": ready}


def _pod(number: int, ready: bool) -> dict[str, Any]:
    """A pod of a Deployment as an API server serves it, as far as a picture looks."""
    name = f"web-5ccbbdc6c5-{number:05}"
    state = "True" if ready else "False"
    owner = {"kind": "ReplicaSet", "name": "web-5ccbbdc6c5", "uid": "rs", "controller": True}
    container = {"name": "web", "image": "nginx:1.29", "resources": {"requests": {"cpu": "100m"}}}
    running = {
        "name": "web",
        "ready": ready,
        "restartCount": 0,
        "state": {"running": {}},
        "image": "nginx:1.29",
    }
    return {
        "metadata": {
            "name": name,
            "uid": f"p{number}",
            "namespace": "shop",
            "generateName": "web-5ccbbdc6c5-",
            "labels": {"app": "web", "pod-template-hash": "5ccbbdc6c5"},
            "ownerReferences": [owner],
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"nodeName": f"worker-{number % 10}", "containers": [container]},
        "status": {
            "phase": "Running",
            "podIP": f"10.244.{number // 250}.{number % 250}",
            "conditions": [
                {"type": "Ready", "status": state, "reason": "" if ready else "ContainersNotReady"},
                {"type": "PodScheduled", "status": "True"},
            ],
            "containerStatuses": [running],
        },
    }


BENCHMARKS: list[Callable[[], Result]] = [tick_time, tick_size, opening, memory]
