"""The pictures by their names, for notebooks and terminals alike."""

from __future__ import annotations

from typing import Any

from k8slearn.lab.views.autoscalerdrawing import AutoscalerPicture
from k8slearn.lab.views.cells import in_notebook
from k8slearn.lab.views.diffdrawing import DiffPicture
from k8slearn.lab.views.kinds import ref
from k8slearn.lab.views.mapdrawing import MapPicture
from k8slearn.lab.views.rolloutdrawing import RolloutPicture
from k8slearn.lab.views.timelinedrawing import TimelinePicture
from k8slearn.lab.views.trafficdrawing import TrafficPicture
from k8slearn.lab.views.treedrawing import TreePicture
from k8slearn.lab.views.words import Words

Picture = (
    MapPicture
    | RolloutPicture
    | TrafficPicture
    | TimelinePicture
    | AutoscalerPicture
    | TreePicture
    | DiffPicture
)


def picture(kind: str, *what: Any, lang: str) -> Picture:
    """``picture("rollout", "web", "shop", lang="en")``. Raises ClusterError for an object of no kind."""
    words = Words(lang)
    match kind, what:
        case "map", (namespace,):
            return MapPicture(namespace, words)
        case "rollout", (name, namespace):
            return RolloutPicture(name, namespace, words)
        case "traffic", (name, namespace):
            return TrafficPicture(name, namespace, words)
        case "timeline", (namespace,):
            return in_notebook(TimelinePicture(namespace, words))
        case "autoscaler", (name, namespace):
            return AutoscalerPicture(name, namespace, words)
        case "tree", (text, namespace):
            return TreePicture(ref(text), namespace, words)
        case "diff", (text, namespace):
            return DiffPicture(ref(text), namespace, words)
    raise ValueError(f"there is no view {kind} of {what}")
