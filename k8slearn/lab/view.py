"""Live views of any cluster, each opened by a function: ``k8slearn.view.rollout(api_client, "web")``.

``api_client`` is the official client's. A view shows itself in a notebook, ``.svg()`` is the picture for slides,
``.stop()`` or leaving its ``with`` block leaves the picture in the notebook. When a cluster cannot be reached (yet,
or any more) the picture says so, and catches up by itself. ``clock``: the embedded cluster's virtual time; with one a
view can stop time and let it jump from event to event.

    with k8slearn.view.map(api_client, namespace="web") as view:
        display(view)
"""

from __future__ import annotations

from kubernetes import client

from k8slearn.lab.views.mapdrawing import MapPicture
from k8slearn.lab.views.store import store_of
from k8slearn.lab.views.widget import Clock, View
from k8slearn.lab.views.words import Words

__all__ = ["View", "map"]


def map(
    api_client: client.ApiClient,
    namespace: str | None = None,
    *,
    lang: str = "en",
    clock: Clock | None = None,
) -> View:
    """The cluster map: nodes, their pods, what is requested of them, and pods that wait for a node.

    With a ``namespace`` its pods are shown and those of others are counted.
    """
    return View(store_of(api_client), MapPicture(namespace, Words(lang)), clock)
