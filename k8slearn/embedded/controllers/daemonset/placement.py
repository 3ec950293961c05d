"""Which nodes suit a DaemonSet, and the pod that one gets. Pure functions.

Upstream: ``NodeShouldRunDaemonPod`` and ``pkg/controller/daemon/util``;
https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#how-daemon-pods-are-scheduled. The controller
chooses the node, the default scheduler binds: each pod has a node affinity that only its node satisfies. Being
not ready, short of disk or closed to new pods does not keep a DaemonSet off a node.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.kinds.daemonset import TEMPLATE_GENERATION
from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.history import HASH_LABEL
from k8slearn.embedded.controllers.templates import pod_of
from k8slearn.embedded.scheduler.cache import NodeInfo
from k8slearn.embedded.scheduler.nodeselection import required_nodes, tolerates

GENERATION_LABEL = "pod-template-generation"

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _tolerated(name: str, effect: str) -> dict[str, str]:
    return {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}


DEFAULT_TOLERATIONS = (
    _tolerated("not-ready", "NoExecute"),
    _tolerated("unreachable", "NoExecute"),
    _tolerated("disk-pressure", "NoSchedule"),
    _tolerated("memory-pressure", "NoSchedule"),
    _tolerated("pid-pressure", "NoSchedule"),
    _tolerated("unschedulable", "NoSchedule"),
)
HOST_NETWORK_TOLERATION = _tolerated("network-unavailable", "NoSchedule")


class Fit(NamedTuple):
    """``runs``: a pod should be there. ``stays``: one that is there already may stay."""

    runs: bool
    stays: bool


class Placement:
    """What a DaemonSet asks of nodes; made once, asked for each node."""

    def __init__(self, ds: Object) -> None:
        self._ds = ds
        self._spec = {
            **ds["spec"]["template"]["spec"],
            "tolerations": _tolerations(ds["spec"]["template"]["spec"]),
        }
        self._pod = {"spec": self._spec}
        self._allows = required_nodes(self._pod)

    def fit(self, node: Object) -> Fit:
        info = NodeInfo(node["metadata"]["name"])
        info.set_node(node)
        if self._spec.get("nodeName") not in (None, "", info.name):
            return Fit(False, False)
        if self._allows is not None and not self._allows(info):
            return Fit(False, False)
        untolerated = {taint["effect"] for taint in info.taints if not tolerates(self._pod, taint)}
        return Fit(not untolerated & {"NoSchedule", "NoExecute"}, "NoExecute" not in untolerated)

    def pods_for(self, nodes: list[str], hash: str) -> list[Object]:
        """A pod for each of ``nodes``, of the revision with ``hash``."""
        pod = pod_of(self._ds, {**self._ds["spec"]["template"], "spec": self._spec})
        labels = {**pod["metadata"].get("labels", {}), HASH_LABEL: hash}
        if generation := template_generation(self._ds):
            labels[GENERATION_LABEL] = generation
        metadata = {**pod["metadata"], "labels": labels}
        affinity = self._spec.get("affinity") or {}
        return [
            {**pod, "metadata": metadata, "spec": {**self._spec, "affinity": _only_on(node, affinity)}}
            for node in nodes
        ]


def template_generation(ds: Object) -> str:
    return ds["metadata"].get("annotations", {}).get(TEMPLATE_GENERATION, "")


def is_updated(ds: Object, pod: Object, hash: str) -> bool:
    """Whether the pod is of the template that ``ds`` has now, whose revision has ``hash``."""
    labels, generation = pod["metadata"].get("labels", {}), template_generation(ds)
    same_generation = bool(generation) and labels.get(GENERATION_LABEL) == generation
    return same_generation or labels.get(HASH_LABEL) == hash


def node_of(pod: Object) -> str | None:
    """The node that the pod is on, or else is meant for."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return spec["nodeName"]
    required = (spec.get("affinity") or {}).get("nodeAffinity", {}).get(_REQUIRED, {})
    for term in required.get("nodeSelectorTerms", ()):
        for field in term.get("matchFields", ()):
            if (field["key"], field["operator"], len(field["values"])) == ("metadata.name", "In", 1):
                return field["values"][0]
    return None


def _tolerations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the template, then the default ones; a default takes the place of its like."""
    defaults = [*DEFAULT_TOLERATIONS]
    if spec.get("hostNetwork"):
        defaults.append(HOST_NETWORK_TOLERATION)
    like = {_identity(toleration): toleration for toleration in defaults}
    own = [like.pop(_identity(toleration), toleration) for toleration in spec.get("tolerations", ())]
    return [*own, *like.values()]


def _identity(toleration: dict[str, Any]) -> tuple[str, ...]:
    return tuple(toleration.get(field, "") for field in ("key", "operator", "value", "effect"))


def _only_on(node: str, affinity: dict[str, Any]) -> dict[str, Any]:
    """``affinity`` with what it requires of nodes replaced: it has been looked at already."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {**affinity, "nodeAffinity": {**affinity.get("nodeAffinity", {}), _REQUIRED: required}}
