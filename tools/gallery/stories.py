"""What the views are shown: seven stories on an embedded cluster in virtual time, the same each time.

A story is a generator that acts on a cluster and yields at every moment that is worth a look; the last one is the one
that the gallery keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from kubernetes.client import AppsV1Api, AutoscalingV2Api, CoreV1Api

import k8slearn
from k8slearn.embedded.cluster import Cluster
from k8slearn.lab.views.autoscalerdrawing import AutoscalerPicture
from k8slearn.lab.views.pictures import Picture, picture
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.timeline import Cell
from k8slearn.lab.views.timelinedrawing import TimelinePicture
from k8slearn.lab.views.words import Words

NAMESPACE = "shop"
WEB = {
    "name": "app",
    "image": "k8slearn/app:1.0",
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
}


class Teller:
    """Tells a picture what has changed in a cluster since it was asked last."""

    def __init__(self, cluster: Cluster, shown: Picture) -> None:
        self.cluster = cluster
        self.watches = shown.watches
        self._known: dict[str, dict[str, Any]] = {}

    def changes(self) -> Changes:
        objects: dict[str, dict[str, Any]] = {}
        for watch in self.watches:
            found, _ = watch.source(self.cluster.api_client).list()
            now = {obj["metadata"]["uid"]: obj for obj in found}
            before = self._known.get(watch.kind, {})
            changed = {
                uid: now.get(uid) for uid in before.keys() | now.keys() if before.get(uid) != now.get(uid)
            }
            if changed:
                objects[watch.kind] = changed
            self._known[watch.kind] = now
        return Changes(objects)


def deployment(cluster: Cluster, name: str = "web", replicas: int = 4, **container: Any) -> None:
    labels = {"app": name, "tier": "front"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{**WEB, **container}]}}
    AppsV1Api(cluster.api_client).create_namespaced_deployment(
        NAMESPACE,
        {
            "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
        },
        field_manager="kubectl-create",
    )


def service(cluster: Cluster, name: str = "web") -> None:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    CoreV1Api(cluster.api_client).create_namespaced_service(
        NAMESPACE, {"metadata": {"name": name}, "spec": spec}
    )


def pod(cluster: Cluster, name: str, *args: str, image: str = "k8slearn/app:1.0", **labels: str) -> None:
    container = {"name": "c", "image": image, "args": list(args)}
    spec = {"restartPolicy": "Never", "containers": [container]}
    CoreV1Api(cluster.api_client).create_namespaced_pod(
        NAMESPACE, {"metadata": {"name": name, "labels": labels}, "spec": spec}
    )


def roll(cluster: Cluster, image: str) -> None:
    body = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}
    AppsV1Api(cluster.api_client).patch_namespaced_deployment(
        "web", NAMESPACE, body, field_manager="kubectl-set"
    )


def scale(cluster: Cluster, replicas: int) -> None:
    AppsV1Api(cluster.api_client).patch_namespaced_deployment(
        "web", NAMESPACE, {"spec": {"replicas": replicas}}, field_manager="kubectl"
    )


def passing(cluster: Cluster, seconds: float, step: float = 0.2) -> Iterator[None]:
    for _ in range(round(seconds / step)):
        cluster.clock.advance(step)
        yield


def map_story(cluster: Cluster) -> Iterator[None]:
    deployment(cluster, resources={"requests": {"cpu": "500m"}})
    yield from passing(cluster, 3)
    pod(cluster, "training", image="nginx:1.29")
    pod(cluster, "mistyped", image="nginx:latst")
    scale(cluster, 14)
    yield from passing(cluster, 4)


def rollout_story(cluster: Cluster) -> Iterator[None]:
    deployment(cluster)
    yield from passing(cluster, 3)
    roll(cluster, "k8slearn/app:1.1")
    yield from passing(cluster, 1.4)


def traffic_story(cluster: Cluster) -> Iterator[None]:
    deployment(cluster, replicas=3)
    service(cluster)
    pod(cluster, "mislabelled", app="wbe")
    cluster.settle()
    pod(
        cluster,
        "users",
        "load",
        "http://web/",
        "--rate",
        "20",
        "--seconds",
        "30",
        "--every",
        "1",
        "--timeout",
        "1",
    )
    yield from passing(cluster, 6, 1)
    core = CoreV1Api(cluster.api_client)
    webs = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items
    for at, path in ((0, "ready/off"), (1, "hang")):
        ask = f"http://{webs[at].status.pod_ip}:8080/{path}"
        container = {"name": "c", "image": "busybox:1.37", "command": ["wget", "-qO-", "--post-data=x", ask]}
        spec = {"restartPolicy": "Never", "containers": [container]}
        core.create_namespaced_pod(NAMESPACE, {"metadata": {"name": f"ask-{at}"}, "spec": spec})
    yield from passing(cluster, 6, 1)


def timeline_story(cluster: Cluster) -> Iterator[None]:
    deployment(cluster, replicas=2)
    yield from passing(cluster, 4)
    pod(cluster, "mistyped", image="nginx:latst")
    roll(cluster, "k8slearn/app:1.1")
    yield from passing(cluster, 20, 0.5)


def autoscaler_story(cluster: Cluster) -> Iterator[None]:
    work = [{"name": "WORK_SECONDS", "value": "0.01"}]
    deployment(cluster, replicas=1, env=work, resources={"requests": {"cpu": "100m"}})
    service(cluster)
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    AutoscalingV2Api(cluster.api_client).create_namespaced_horizontal_pod_autoscaler(
        NAMESPACE,
        {
            "metadata": {"name": "web"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "minReplicas": 1,
                "maxReplicas": 6,
                "metrics": [metric],
            },
        },
    )
    yield from passing(cluster, 30, 15)
    pod(cluster, "users", "load", "http://web/", "--rate", "15", "--seconds", "150")
    yield from passing(cluster, 330, 15)


def tree_story(cluster: Cluster) -> Iterator[None]:
    deployment(cluster, replicas=3)
    service(cluster)
    yield from passing(cluster, 3)
    roll(cluster, "k8slearn/app:1.1")
    yield from passing(cluster, 8)


def diff_story(cluster: Cluster) -> Iterator[None]:
    deployment(cluster)
    yield from passing(cluster, 3)
    roll(cluster, "k8slearn/app:1.1")
    scale(cluster, 6)
    yield from passing(cluster, 0.6)


STORIES: dict[str, tuple[tuple[str | None, ...], Callable[[Cluster], Iterator[None]]]] = {
    "map": ((NAMESPACE,), map_story),
    "rollout": (("web", NAMESPACE), rollout_story),
    "traffic": (("web", NAMESPACE), traffic_story),
    "timeline": ((NAMESPACE,), timeline_story),
    "autoscaler": (("web", NAMESPACE), autoscaler_story),
    "tree": (("deployment/web", NAMESPACE), tree_story),
    "diff": (("deployment/web", NAMESPACE), diff_story),
}


@cache
def _played(name: str) -> tuple[list[Changes], list[float]]:
    """The batches of a story, and the virtual time of each."""
    what, story = STORIES[name]
    with k8slearn.embedded(nodes=3, seed=7) as cluster:
        cluster.settle()
        CoreV1Api(cluster.api_client).create_namespace({"metadata": {"name": NAMESPACE}})
        teller = Teller(cluster, picture(name, *what, lang="en"))
        batches, times = [], []
        for _ in story(cluster):
            batches.append(teller.changes())
            times.append(cluster.clock.now)
    return batches, times


def recorded(name: str, lang: str = "en") -> tuple[Any, list[Changes]]:
    """A picture that has seen nothing yet, and the batches of its story."""
    batches, times = _played(name)
    if name == "autoscaler":
        kind = "horizontalpodautoscalers"
        ticking = iter([when for when, batch in zip(times, batches, strict=True) if kind in batch.objects])
        return AutoscalerPicture("web", NAMESPACE, Words(lang), now=lambda: next(ticking)), batches
    shown = picture(name, *STORIES[name][0], lang=lang)
    if isinstance(shown, TimelinePicture):
        sets = [obj for batch in batches for obj in batch.objects.get("replicasets", {}).values() if obj]
        newest = max(obj["metadata"]["creationTimestamp"] for obj in sets)
        shown.state.ran(Cell(newest, 4, "%kubectl set image deployment/web app=k8slearn/app:1.1"))
    return shown, batches
