"""Live views in a notebook: one widget class for all of them, and the functions that open them.

A view joins a picture (``map.Map`` drawn by ``mapdrawing.MapDrawing``) to the cluster's store. The page gets
a snapshot when the view is made or the page is reloaded (``get_state``, on demand), then numbered
differences; it asks for a snapshot when a number is missing.

    with k8slearn.lab.view.map(api_client, namespace="web") as view:
        display(view)
        ...                       # on leaving, the live view becomes a picture that a saved notebook keeps
"""

from __future__ import annotations

import itertools
import threading
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import anywidget
import traitlets
from IPython.display import display
from kubernetes import client

from k8slearn.lab.map import Map
from k8slearn.lab.mapdrawing import MapDrawing
from k8slearn.lab.scene import Scene, difference, svg
from k8slearn.lab.store import Changes, Store, sources_of, store_of
from k8slearn.lab.words import Words

_STATIC = Path(__file__).parent / "static"
_pictures = itertools.count(1)


class Picture(Protocol):
    """What a view shows: changes in, a drawing out."""

    def apply(self, changes: Changes) -> str:
        """Take a batch in; return what a screen reader should say of it, or ""."""
        ...

    def scene(self) -> Scene: ...

    def still(self, time: str) -> Scene:
        """The same drawing as a picture of that time."""
        ...

    def summary(self) -> str:
        """The picture in one line of text."""
        ...


class View(anywidget.AnyWidget):
    """A live picture of a cluster. ``stop()``, or leaving its ``with`` block, freezes it."""

    _esm = _STATIC / "view.js"
    _css = _STATIC / "view.css"
    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(self, store: Store, picture: Picture) -> None:
        self._lock = threading.RLock()
        self._store = store
        self._picture = picture
        self._scene: Scene = {}
        self._seq = 0
        self._handles: list[Any] = []
        self._opened = False
        self._id = f"k8s-picture-{next(_pictures)}"
        store.subscribe(self._receive)
        super().__init__()
        self._opened = True
        self.on_msg(self._answer)

    # -- the page -------------------------------------------------------------------------------

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The widget's state for the page, with the picture as it is at this moment."""
        state = super().get_state(key, drop_defaults)
        if "snapshot" in state:
            state["snapshot"] = self._snapshot()
        return state

    def _snapshot(self) -> dict[str, Any]:
        with self._lock:
            return {"seq": self._seq, "scene": dict(self._scene)}

    def _receive(self, changes: Changes) -> None:
        """A batch from the store, in its thread."""
        with self._lock:
            said = self._picture.apply(changes)
            before, self._scene = self._scene, self._picture.scene()
            changed = difference(before, self._scene)
            if self._opened and changed:
                self._seq += 1
                self.send({"seq": self._seq, "changes": changed, "said": said})

    def _answer(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """The page says which number it has."""
        with self._lock:
            if message.get("have") != self._seq:
                self.send({"snapshot": self._snapshot()})

    # -- the notebook ---------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        data = {**data, "text/plain": self._picture.summary()}
        self._handles.append(display(data, metadata=metadata, raw=True, display_id=True))

    def svg(self) -> str:
        """The picture as it is now, as an SVG document."""
        with self._lock:
            return _frozen(self._picture, self._id)

    def stop(self) -> None:
        """Stop following the cluster; what was shown becomes an SVG picture that needs no kernel."""
        self._store.unsubscribe(self._receive)
        picture = {"image/svg+xml": self.svg(), "text/plain": self._picture.summary()}
        for handle in self._handles:
            handle.update(picture, raw=True)
        self._handles = []
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class MapPicture:
    """The cluster map as a ``Picture``."""

    def __init__(self, namespace: str | None, lang: str) -> None:
        self._words = Words(lang)
        self._map = Map(namespace)
        self._drawing = MapDrawing(self._map, self._words)

    def apply(self, changes: Changes) -> str:
        before = self._map.pods.copy()
        self._map.apply(changes)
        now, words = self._map.pods, self._words
        news = [words("pod-gone", name=pod.name) for uid, pod in before.items() if uid not in now]
        for uid in changes.objects.get("pods", {}):
            pod, old = now.get(uid), before.get(uid)
            if pod is not None and (old is None or old.state != pod.state):
                news.append(words("pod-is", name=pod.name, state=words(pod.state)))
        # A screen reader that is told of a hundred pods one by one is of no use.
        return ", ".join(news) if len(news) <= 3 else words("many", count=len(news))

    def scene(self) -> Scene:
        return self._drawing.scene()

    def still(self, time: str) -> Scene:
        return self._drawing.still(time)

    def summary(self) -> str:
        counts: dict[str, int] = {}
        for pod in self._map.pods.values():
            state = self._words(pod.state)
            counts[state] = counts.get(state, 0) + 1
        told = ", ".join(f"{count} {state}" for state, count in counts.items()) or "0"
        return f"{self._words('map')}: {self._words('pods')}: {told}"


def map(api_client: client.ApiClient, namespace: str | None = None, lang: str = "en") -> View:
    """The cluster map: nodes, their pods, what is requested of them, and pods that wait for a node.

    With a ``namespace`` its pods are shown and those of others are counted. Works on any cluster; a cluster
    that cannot be reached (yet, or any more) is said so in the picture, which catches up by itself.
    """
    return View(store_of(api_client), MapPicture(namespace, lang))


def still(api_client: client.ApiClient, namespace: str | None = None, lang: str = "en") -> str:
    """The cluster map as it is now, as an SVG document: the frozen view, without a widget and its threads."""
    objects = {
        kind: {obj["metadata"]["uid"]: obj for obj in source.list()[0]}
        for kind, source in sources_of(api_client).items()
    }
    picture = MapPicture(namespace, lang)
    picture.apply(Changes(objects))
    return _frozen(picture, f"k8s-still-{namespace}")


def _frozen(picture: Picture, prefix: str) -> str:
    """The picture as it is now; ``prefix`` keeps the ids of several on one page apart."""
    scene = picture.still(f"{datetime.now():%Y-%m-%d %H:%M:%S}")
    return svg(scene, prefix, (_STATIC / "view.css").read_text("utf-8"))
