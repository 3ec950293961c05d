"""Volumes in scheduling: a pod runs where its volumes are, or may be.

Upstream: ``pkg/scheduler/framework/plugins/volumebinding`` and ``volumerestrictions``.

Claims of a class with ``WaitForFirstConsumer`` have no volume before a node is chosen for their pod. For the
node that it chooses the scheduler reserves a free volume there, or asks for a new one by the claim's annotation
``selected-node``; it binds the pod when the claims are bound.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.embedded.client import Client, Object
from k8slearn.embedded.scheduler.cache import Cache, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.filter import Check, Rejection
from k8slearn.kube import quantity, storage
from k8slearn.kube.node_selectors import matches_node_selector

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
CLASSES = "storageclasses.storage.k8s.io"

BIND_SECONDS = 600.0
"""How long a pod waits on its node for its volumes before it is scheduled anew."""

BINDING, RESTRICTIONS = "VolumeBinding", "VolumeRestrictions"

_NO_VOLUME = Rejection(
    BINDING, ("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",), True
)
_OTHER_NODE = Rejection(BINDING, ("node(s) didn't match PersistentVolume's node affinity",), True)
_NOTHING_FREE = Rejection(BINDING, ("node(s) didn't find available persistent volumes to bind",), True)
_IN_USE = Rejection(
    RESTRICTIONS,
    (
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use "
        "by another pod",
    ),
    False,
)


class Plan(NamedTuple):
    """What a node would mean for the claims that wait: a free volume for some, a new one for the others."""

    bindings: list[tuple[Object, Object]]
    """Volume and claim."""
    provisions: list[Object]


class VolumeBinding:
    """Looks at the claims of pods through ``client``, and writes what the scheduler decides about them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        client.add_index("pods", storage.BY_CLAIM, storage.claim_keys)
        client.add_index(VOLUMES, "class", lambda volume: [storage.class_of(volume)])

    def obstacle(self, pod: Object) -> str:
        """Why no node at all can take the pod as its claims are, "" when one may."""
        namespace = pod["metadata"]["namespace"]
        for name, ephemeral in storage.pod_claims(pod):
            claim = self._client.get(CLAIMS, namespace, name)
            if claim is None:
                if ephemeral:
                    return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
                return f'persistentvolumeclaim "{name}" not found'
            if claim["status"]["phase"] == "Lost":
                volume = claim["spec"].get("volumeName", "")
                return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
            if "deletionTimestamp" in claim["metadata"]:
                return f'persistentvolumeclaim "{name}" is being deleted'
            if ephemeral and not storage.made_for(claim, pod):
                whom = f"{namespace}/{pod['metadata']['name']}"
                return f"PVC {namespace}/{name} was not created for pod {whom} (pod is not owner)"
        if any(not storage.is_bound(claim) and not self._waits(claim) for claim in self._claims(pod)):
            return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def restrictions(self, info: PodInfo, cache: Cache) -> Check | None:
        """The filter VolumeRestrictions: a claim with ReadWriteOncePod is for one pod."""
        for claim in self._claims(info.pod):
            if "ReadWriteOncePod" in claim["spec"]["accessModes"] and self._is_in_use(claim):
                return lambda node: _IN_USE
        return None

    def filter(self, info: PodInfo, cache: Cache) -> Check | None:
        """The filter VolumeBinding: the node must reach the bound volumes, and have some for the others."""
        claims = self._claims(info.pod)
        return (lambda node: self._check(claims, node)) if claims else None

    def are_bound(self, pod: Object) -> bool:
        """Whether all claims are there and have their volumes."""
        names = list(storage.pod_claims(pod))
        claims = self._claims(pod)
        return len(claims) == len(names) and all(map(storage.is_bound, claims))

    def reserve(self, pod: Object, node: NodeInfo) -> bool:
        """Have the volumes of a pod bound on the node that it gets: whether they are already.

        Raises ApiError when a volume or claim was changed by somebody else.
        """
        waiting = [claim for claim in self._claims(pod) if not storage.is_bound(claim)]
        if not waiting:
            return True
        why, plan = f"{pod['metadata']['name']} is going to run on {node.name}", self._plan(waiting, node)
        assert isinstance(plan, Plan), "the filter has passed this node"
        for volume, claim in plan.bindings:
            self._client.update(VOLUMES, storage.reserved(volume, claim), why=why)
        for claim in plan.provisions:
            if storage.annotations_of(claim).get(storage.SELECTED_NODE) != node.name:
                selected = storage.annotated(claim, {storage.SELECTED_NODE: node.name})
                self._client.update(CLAIMS, selected, why=why)
        return False

    def can_still_run(self, pod: Object, node: NodeInfo) -> bool:
        """Whether the node that was chosen is right still, as the claims are now."""
        return not self.obstacle(pod) and self._check(self._claims(pod), node) is None

    # -- one node --------------------------------------------------------------------------------

    def _check(self, claims: list[Object], node: NodeInfo) -> Rejection | None:
        waiting = []
        for claim in claims:
            if not storage.is_bound(claim):
                waiting.append(claim)
                continue
            volume = self._client.get(VOLUMES, "", claim["spec"]["volumeName"])
            if volume is None:
                return _NO_VOLUME
            if not _is_reachable(volume, node):
                return _OTHER_NODE
        plan = self._plan(waiting, node)
        return plan if isinstance(plan, Rejection) else None

    def _plan(self, claims: list[Object], node: NodeInfo) -> Plan | Rejection:
        """The small claims choose first, so that they leave the large volumes to the large claims."""
        plan, taken = Plan([], []), set()
        for claim in sorted(claims, key=lambda claim: quantity.parse(storage.requested(claim))):
            chosen = storage.annotations_of(claim).get(storage.SELECTED_NODE)
            volumes = self._client.by_index(VOLUMES, "class", storage.class_of(claim))
            volume = (
                None
                if chosen
                else storage.best_match(
                    claim,
                    [volume for volume in volumes if volume["metadata"]["name"] not in taken],
                    fits=lambda volume: _is_reachable(volume, node),
                )
            )
            if volume is not None:
                taken.add(volume["metadata"]["name"])
                plan.bindings.append((volume, claim))
            elif chosen in (None, node.name) and self._can_be_made(claim, node):
                plan.provisions.append(claim)
            else:
                return _NOTHING_FREE
        return plan

    def _can_be_made(self, claim: Object, node: NodeInfo) -> bool:
        cls = self._client.get(CLASSES, "", storage.class_of(claim))
        if cls is None or cls["provisioner"] == "kubernetes.io/no-provisioner":
            return False
        topologies = cls.get("allowedTopologies") or ()
        return not topologies or any(_is_within(topology, node) for topology in topologies)

    # -- claims ----------------------------------------------------------------------------------

    def _claims(self, pod: Object) -> list[Object]:
        namespace = pod["metadata"]["namespace"]
        found = (self._client.get(CLAIMS, namespace, name) for name, _ in storage.pod_claims(pod))
        return [claim for claim in found if claim is not None]

    def _waits(self, claim: Object) -> bool:
        """Whether an unbound claim waits for its pod's node. One that names its volume does not."""
        cls = self._client.get(CLASSES, "", storage.class_of(claim))
        delayed = cls is not None and cls["volumeBindingMode"] == storage.DELAYED
        return delayed and not claim["spec"].get("volumeName")

    def _is_in_use(self, claim: Object) -> bool:
        metadata = claim["metadata"]
        users = self._client.by_index("pods", storage.BY_CLAIM, f"{metadata['namespace']}/{metadata['name']}")
        return any(
            pod["spec"].get("nodeName")
            and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
            for pod in users
        )


def _is_reachable(volume: Object, node: NodeInfo) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or matches_node_selector(required, node.name, node.labels)


def _is_within(topology: Object, node: NodeInfo) -> bool:
    """Whether a term of ``allowedTopologies`` allows the node."""
    wanted = topology.get("matchLabelExpressions") or ()
    return all(node.labels.get(label["key"]) in label["values"] for label in wanted)
