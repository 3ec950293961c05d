"""A live view in a notebook: one widget class for all of them.

A view joins a picture (``map``, ``rollout``, …) to the cluster's store. The page gets the recorded history when the
view is made or the page is reloaded (``get_state``, on demand), then numbered changes; it asks for everything when a
number is missing. Whatever a button does can be called, too: a click waits while a cell is running.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import anywidget
import traitlets
from IPython.display import display

from k8slearn.errors import ClusterError, UnsupportedError
from k8slearn.lab.views.history import Frame, History
from k8slearn.lab.views.scene import Scene, difference, svg
from k8slearn.lab.views.shapes import still
from k8slearn.lab.views.store import Changes, Store, Wanted
from k8slearn.lab.views.words import Words

_STATIC = Path(__file__).parent / "static"
_pictures = itertools.count(1)

BUTTONS = (
    "play",
    "pause",
    "back",
    "forward",
    "live",
    "history",
    "speed",
    "table",
    "picture",
    "pin",
    "unpin",
    "step",
    "clock-pause",
    "clock-resume",
    "object",
    "copy",
    "copied",
    "vanished",
    "close",
    "ago",
)
"""The words of the page's own controls."""


class Picture(Protocol):
    """What a view shows: changes in, a drawing out."""

    words: Words

    @property
    def watches(self) -> Sequence[Wanted]: ...

    def apply(self, changes: Changes) -> str:
        """Take a batch in; return what a screen reader should say of it, or ""."""
        ...

    def scene(self) -> Scene: ...

    def summary(self) -> str:
        """The picture in one line of text."""
        ...


class Clock(Protocol):
    """Virtual time: ``do("pause" | "resume" | "step")`` says what happened, in sentences (``told``)."""

    def do(self, what: str) -> dict[str, Any]: ...

    def show(self) -> dict[str, Any]: ...


class View(anywidget.AnyWidget):
    """A live picture of a cluster. ``stop()``, or leaving its ``with`` block, freezes it."""

    _esm = _STATIC / "view.js"
    _css = _STATIC / "view.css"
    snapshot = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True)

    def __init__(self, store: Store, picture: Picture, clock: Clock | None = None) -> None:
        self._lock = threading.RLock()
        self._store = store
        self._picture = picture
        self._clock = clock
        self._seq = 0
        self._opened = False
        self._handles: list[Any] = []
        self._id = f"k8s-picture-{next(_pictures)}"
        self._history: History | None = None
        self._scene: Scene = {}
        store.subscribe(self._receive, picture.watches)
        words = picture.words
        super().__init__(
            controls={
                "words": {word: words(word) for word in BUTTONS},
                "clock": clock is not None and ("paused" if clock.show()["paused"] else "running"),
            }
        )
        self._opened = True
        self.on_msg(self._answer)

    # -- the page -------------------------------------------------------------------------------

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The widget's state for the page, with the history as it is at this moment."""
        state = super().get_state(key, drop_defaults)
        if "snapshot" in state:
            state["snapshot"] = self._snapshot()
        return state

    def _snapshot(self) -> dict[str, Any]:
        with self._lock:
            assert self._history is not None
            return {"seq": self._seq, **self._history.as_data()}

    def _receive(self, changes: Changes) -> None:
        """A batch from the store, in its thread."""
        with self._lock:
            said = self._picture.apply(changes)
            before, self._scene = self._scene, self._picture.scene()
            if self._history is None:
                self._history = History(self._scene, time.time())
            elif changed := difference(before, self._scene):
                self._record(Frame(time.time(), changed), said)

    def _record(self, frame: Frame, said: str = "") -> None:
        assert self._history is not None
        self._history.add(frame)
        self._seq += 1
        if self._opened:
            self.send({"seq": self._seq, "frame": list(frame), "said": said})

    def _answer(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """The page says which number it has, or that a button was pressed."""
        if "do" in message:
            try:
                {"step": self.step, "pause": self.pause, "resume": self.resume}[message["do"]]()
            except ClusterError as error:
                self._note([str(error)])
            return
        with self._lock:
            if message.get("have") != self._seq:
                self.send({"snapshot": self._snapshot()})

    # -- virtual time ---------------------------------------------------------------------------

    def pause(self) -> None:
        """Let the cluster's time stand still. Raises UnsupportedError where time is real."""
        self._order("pause")

    def resume(self) -> None:
        """Let the cluster's time go on. Raises UnsupportedError where time is real."""
        self._order("resume")
        self._note([])

    def step(self) -> list[str]:
        """Let time jump to the next moment at which something is written; who did what and why stands beside
        the picture and is returned. Raises UnsupportedError where time is real."""
        for _ in range(_MOMENTS):
            told = self._order("step")["told"]
            if told:
                break
        else:
            told = [self._picture.words("nothing-happened")]
        self._note(told)
        return told

    def _order(self, what: str) -> dict[str, Any]:
        if self._clock is None:
            raise UnsupportedError("This cluster's time is real and cannot be moved. The embedded one's can.")
        answer = self._clock.do(what)
        self.controls = {**self.controls, "clock": "paused" if answer["paused"] else "running"}
        return answer

    def _note(self, sentences: list[str]) -> None:
        with self._lock:
            self._record(Frame(time.time(), {}, sentences))

    # -- the notebook ---------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        data = {**data, "text/plain": self._picture.summary()}
        self._handles.append(display(data, metadata=metadata, raw=True, display_id=True))

    def svg(self, back: int = 0) -> str:
        """The picture as it is now, or as it was ``back`` changes ago, as an SVG document."""
        with self._lock:
            assert self._history is not None
            scene, when = self._history.scene(back) if back else (self._scene, time.time())
        return frozen(scene, self._picture.words, when, self._id)

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


def frozen(scene: Scene, words: Words, when: float, prefix: str) -> str:
    """A picture of that time (seconds since 1970), as an SVG document; ``prefix`` keeps the ids of several apart."""
    shown = still(scene, words, f"{datetime.fromtimestamp(when):%Y-%m-%d %H:%M:%S}")
    return svg(shown, prefix, (_STATIC / "view.css").read_text("utf-8"))


_MOMENTS = 200
"""Moments without a write (probes, heartbeats) that one step passes over."""
