"""The kinds that views look at: their names as kubectl takes them, and how the official client lists them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from kubernetes import client

from k8slearn.errors import ClusterError
from k8slearn.lab.views.reflector import ApiSource, Object, Source


class Kind(NamedTuple):
    """``name`` is the plural, ``noun`` the word in the client's methods: ``list_namespaced_replica_set``."""

    name: str
    kind: str
    api: str
    noun: str
    short: str = ""
    namespaced: bool = True


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("nodes", "Node", "CoreV1Api", "node", "no", namespaced=False),
        Kind("pods", "Pod", "CoreV1Api", "pod", "po"),
        Kind("services", "Service", "CoreV1Api", "service", "svc"),
        Kind("configmaps", "ConfigMap", "CoreV1Api", "config_map", "cm"),
        Kind(
            "persistentvolumeclaims", "PersistentVolumeClaim", "CoreV1Api", "persistent_volume_claim", "pvc"
        ),
        Kind("events", "Event", "CoreV1Api", "event", "ev"),
        Kind("deployments", "Deployment", "AppsV1Api", "deployment", "deploy"),
        Kind("replicasets", "ReplicaSet", "AppsV1Api", "replica_set", "rs"),
        Kind("statefulsets", "StatefulSet", "AppsV1Api", "stateful_set", "sts"),
        Kind("daemonsets", "DaemonSet", "AppsV1Api", "daemon_set", "ds"),
        Kind("jobs", "Job", "BatchV1Api", "job"),
        Kind("cronjobs", "CronJob", "BatchV1Api", "cron_job", "cj"),
        Kind(
            "horizontalpodautoscalers",
            "HorizontalPodAutoscaler",
            "AutoscalingV2Api",
            "horizontal_pod_autoscaler",
            "hpa",
        ),
        Kind("endpointslices", "EndpointSlice", "DiscoveryV1Api", "endpoint_slice"),
    )
}


class Ref(NamedTuple):
    """An object by what people call it: ``deployment/web``."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.kind.lower()}/{self.name}"


def ref(text: str) -> Ref:
    """``deploy/web`` as kubectl takes it. Raises ClusterError for what names no object of a kind shown."""
    word, _, name = text.partition("/")
    for kind in KINDS.values():
        if name and word.lower() in (kind.name, kind.kind.lower(), kind.short):
            return Ref(kind, name)
    known = ", ".join(kind.kind.lower() for kind in KINDS.values())
    raise ClusterError(
        f"{text!r} names no object that can be shown. Write KIND/NAME, with KIND one of {known}."
    )


class Watch(NamedTuple):
    """What a view wants to be told of: all objects of a kind; or, with a ``name``, that one, whole.

    Without a name objects come without their ``managedFields``, which are half of a pod and few pictures show.
    Whoever may not look at all namespaces sees ``namespace``.
    """

    kind: str
    namespace: str = ""
    name: str = ""

    def source(self, api_client: client.ApiClient) -> Source:
        """Where the objects come from."""
        kind = KINDS[self.kind]
        api = getattr(client, kind.api)(api_client)
        if not kind.namespaced:
            return ApiSource(getattr(api, f"list_{kind.noun}"), slim=True)
        here = partial(getattr(api, f"list_namespaced_{kind.noun}"), self.namespace)
        if self.name:
            return ApiSource(partial(here, field_selector=f"metadata.name={self.name}"))
        everywhere = getattr(api, f"list_{kind.noun}_for_all_namespaces")
        return ApiSource(everywhere, instead=here if self.namespace else None, slim=True)


def watches(kinds: Iterable[str], namespace: str | None) -> tuple[Watch, ...]:
    """One for each kind, for a view of ``namespace``."""
    return tuple(Watch(kind, namespace or "") for kind in kinds)


def controller(obj: Object) -> str:
    """The uid of the owner that controls ``obj``, or ""."""
    owners: list[dict[str, Any]] = obj["metadata"].get("ownerReferences") or []
    return next((owner.get("uid", "") for owner in owners if owner.get("controller")), "")
