"""A view on a page of its own, without JupyterLab: the module that JupyterLab loads, and a model that it talks to.

It is where views are looked at one by one: in both themes, in any size, at any moment of a scripted story.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from k8slearn.lab.views import widget
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.widget import Picture, View

STATIC = Path(widget.__file__).parent / "static"

BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

THEMES = {
    "light": {
        "--jp-layout-color0": "#fff",
        "--jp-layout-color1": "#fff",
        "--jp-layout-color2": "#eee",
        "--jp-layout-color3": "#bdbdbd",
        "--jp-border-color1": "#bdbdbd",
        "--jp-border-color2": "#e0e0e0",
        "--jp-ui-font-color1": "rgba(0, 0, 0, 0.87)",
        "--jp-ui-font-color2": "rgba(0, 0, 0, 0.6)",
        "--jp-brand-color1": "#1976d2",
    },
    "dark": {
        "--jp-layout-color0": "#111",
        "--jp-layout-color1": "#212121",
        "--jp-layout-color2": "#424242",
        "--jp-layout-color3": "#616161",
        "--jp-border-color1": "#616161",
        "--jp-border-color2": "#424242",
        "--jp-ui-font-color1": "#fff",
        "--jp-ui-font-color2": "rgba(255, 255, 255, 0.7)",
        "--jp-brand-color1": "#2196f3",
    },
}
"""JupyterLab's own colours, as far as views use them."""

HOST = """
window.sent = [];
window.model = {
  state: STATE,
  heard: {},
  get(name) { return this.state[name]; },
  on(event, call) { (this.heard[event] ??= []).push(call); },
  send(message) { window.sent.push(message); },
  tell(event, ...what) { for (const call of this.heard[event] ?? []) call(...what); },
};
const url = URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" }));
window.shown = import(url).then((module) => {
  const widget = module.default();
  widget.initialize({ model: window.model });
  for (const place of document.querySelectorAll(".place")) {
    widget.render({ model: window.model, el: place });
  }
});
"""


class Feed:
    """A store whose changes the story makes."""

    def __init__(self) -> None:
        self.listener: Any = None

    def subscribe(self, listener: Any, watches: Any) -> None:
        self.listener = listener
        listener(Changes())

    def unsubscribe(self, listener: Any) -> None:
        self.listener = None


class Shown(View):
    """A view whose messages go straight to the page."""

    page: Any = None

    def send(self, content: Any, buffers: Any = None) -> None:
        if self.page is not None:
            self.page.evaluate("message => window.model.tell('msg:custom', message)", content)


class Stage:
    """``picture`` on a page of ``browser``; ``tell`` it of changes."""

    def __init__(
        self,
        browser: Any,
        picture: Picture,
        *,
        theme: str = "light",
        clock: Any = None,
        places: int = 1,
        **context: Any,
    ) -> None:
        self.feed = Feed()
        self.view = Shown(self.feed, picture, clock)  # type: ignore[arg-type]
        self.page = browser.new_context(viewport={"width": 960, "height": 900}, **context).new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        variables = ";".join(f"{name}:{value}" for name, value in THEMES[theme].items())
        css = (STATIC / "view.css").read_text("utf-8")
        self.page.set_content(
            f'<html lang="en"><title>view</title><style>:root{{{variables}}} body{{margin:12px;'
            f"background:var(--jp-layout-color0)}}{css}</style>"
            "<main><h1 style='position:absolute;left:-999px'>a view</h1>"
            f"{places * '<div class=place></div>'}</main></html>"
        )
        state = {"controls": self.view.controls, "snapshot": self.view.get_state()["snapshot"]}
        script = HOST.replace("STATE", json.dumps(state)).replace(
            "SOURCE", json.dumps((STATIC / "view.js").read_text("utf-8"))
        )
        self.page.evaluate(f"() => {{ {script} return window.shown }}")
        self.view.page = self.page

    def tell(self, **objects: Any) -> None:
        self.feed.listener(Changes(objects))

    def close(self) -> None:
        self.view.page = None
        self.view.close()
        self.page.context.close()
