"""Follows a cluster in a terminal until Ctrl-C."""

from __future__ import annotations

import threading

from kubernetes import client
from rich.console import Console, RenderableType
from rich.live import Live

from k8slearn.lab.views.pictures import Picture
from k8slearn.lab.views.store import Changes, store_of
from k8slearn.lab.views.terminal import rendered


def show(api_client: client.ApiClient, picture: Picture, *, once: bool) -> None:
    """Print the picture ``once``, or keep it on the screen and let it follow."""
    console = Console()
    store = store_of(api_client)
    changed, lock = threading.Event(), threading.Lock()

    def receive(changes: Changes) -> None:
        with lock:
            picture.apply(changes)
        changed.set()

    def drawn() -> RenderableType:
        with lock:
            return rendered(picture)

    store.subscribe(receive, picture.watches)
    try:
        if once:
            console.print(drawn())
            return
        with Live(drawn(), console=console, auto_refresh=False, screen=console.is_terminal) as live:
            while True:
                # With a timeout, or Ctrl-C would wait for the cluster.
                if changed.wait(0.5):
                    changed.clear()
                    live.update(drawn(), refresh=True)
    except KeyboardInterrupt:
        pass
    finally:
        store.close()
