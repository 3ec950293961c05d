"""Live views of any cluster, each opened by a function: ``k8slearn.view.rollout(api_client, "web")``.

``api_client`` is the official client's. A view shows itself in a notebook, ``.svg()`` is the picture for slides,
``.stop()`` or leaving its ``with`` block leaves the picture in the notebook. When a cluster cannot be reached (yet,
or any more) the picture says so, and catches up by itself. ``lang`` is ``en`` or ``zh``; ``clock`` is the embedded
cluster's virtual time: with one a view can stop time and let it jump from event to event.

    with k8slearn.view.map(api_client, namespace="web") as view:
        display(view)
"""

from __future__ import annotations

import time
from typing import Any, TypedDict, Unpack

from kubernetes import client

from k8slearn.lab.views import pictures
from k8slearn.lab.views.store import Changes, store_of
from k8slearn.lab.views.widget import Clock, Picture, View, frozen

__all__ = ["View", "autoscaler", "diff", "map", "rollout", "still", "timeline", "traffic", "tree"]


class Look(TypedDict, total=False):
    lang: str
    clock: Clock | None


def _open(api_client: client.ApiClient, kind: str, *what: Any, **look: Unpack[Look]) -> View:
    picture: Picture = pictures.picture(kind, *what, lang=look.get("lang", "en"))
    return View(store_of(api_client), picture, look.get("clock"))


def map(api_client: client.ApiClient, namespace: str | None = None, **look: Unpack[Look]) -> View:
    """The cluster map: nodes, their pods, what is requested of them, and pods that wait for a node.

    With a ``namespace`` its pods are shown and those of others are counted.
    """
    return _open(api_client, "map", namespace, **look)


def rollout(
    api_client: client.ApiClient, name: str, namespace: str = "default", **look: Unpack[Look]
) -> View:
    """How the Deployment ``name`` goes from one version to the next: a row per revision, its pods, the limits."""
    return _open(api_client, "rollout", name, namespace, **look)


def traffic(
    api_client: client.ApiClient, service: str, namespace: str = "default", **look: Unpack[Look]
) -> View:
    """The Service ``service``, the pods behind it, and the requests that load generators of the course send it."""
    return _open(api_client, "traffic", service, namespace, **look)


def timeline(api_client: client.ApiClient, namespace: str = "default", **look: Unpack[Look]) -> View:
    """Who did what in a namespace, second by second; in a notebook also where its cells ran."""
    return _open(api_client, "timeline", namespace, **look)


def autoscaler(
    api_client: client.ApiClient, name: str, namespace: str = "default", **look: Unpack[Look]
) -> View:
    """The HorizontalPodAutoscaler ``name``: its formula with numbers, metric and replicas over time."""
    return _open(api_client, "autoscaler", name, namespace, **look)


def tree(api_client: client.ApiClient, ref: str, namespace: str = "default", **look: Unpack[Look]) -> View:
    """What was made for an object (``deployment/web``), and what selects it. Raises ClusterError for no kind."""
    return _open(api_client, "tree", ref, namespace, **look)


def diff(api_client: client.ApiClient, ref: str, namespace: str = "default", **look: Unpack[Look]) -> View:
    """An object's spec beside its status, and who wrote each field. Raises ClusterError for no kind."""
    return _open(api_client, "diff", ref, namespace, **look)


def still(api_client: client.ApiClient, namespace: str | None = None, lang: str = "en") -> str:
    """The cluster map as it is now, as an SVG document: the frozen view, without a widget and its threads."""
    picture = pictures.picture("map", namespace, lang=lang)
    listed = {
        watch.kind: {obj["metadata"]["uid"]: obj for obj in watch.source(api_client).list()[0]}
        for watch in picture.watches
    }
    picture.apply(Changes(listed))
    return frozen(picture.scene(), picture.words, time.time(), f"k8s-still-{namespace}")
