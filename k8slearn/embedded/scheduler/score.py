"""The scores: which of the nodes that can take a pod is best. Each gives 0 to 100, and has a weight.

Upstream: ``pkg/scheduler/framework/plugins``, weights of the default profile. Not here: image locality, since
every node has every image; preferred pod affinity.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log
from typing import Any

from k8slearn.embedded.client import Client
from k8slearn.embedded.scheduler.cache import Cache, Labels, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.nodeselection import node_affinity, tolerates
from k8slearn.embedded.scheduler.spreading import (
    constraints,
    domain_counts,
    nodes_that_count,
)
from k8slearn.kube.label_selectors import matches
from k8slearn.kube.node_selectors import matches_term

BEST = 100
HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
COMPARED = ("cpu", "memory")

Score = Callable[[PodInfo, Cache, list[NodeInfo]], list[int] | None]
"""Scores of the given nodes, or None when it makes no difference between them."""


def each(rate: Callable[[PodInfo, NodeInfo], int]) -> Callable[[PodInfo, Cache, list[NodeInfo]], list[int]]:
    """The score of nodes that ``rate`` rates one by one, each anew only when it has changed."""

    def score(info: PodInfo, cache: Cache, nodes: list[NodeInfo]) -> list[int]:
        key, scores = (rate, info.shape), []
        for node in nodes:
            points = node.memo.get(key)
            if points is None:
                points = node.memo[key] = rate(info, node)
            scores.append(points)
        return scores

    return score


def resources(info: PodInfo, node: NodeInfo) -> int:
    """NodeResourcesFit and NodeResourcesBalancedAllocation, which weigh the same."""
    return least_allocated(info, node) + balanced_allocation(info, node)


def least_allocated(info: PodInfo, node: NodeInfo) -> int:
    """NodeResourcesFit: the more stays free, the better. Half the CPU, a quarter of the memory: 62."""
    free = []
    for resource in COMPARED:
        offered = node.allocatable.get(resource, 0)
        if offered:
            used = node.weight.get(resource, 0) + info.weight[resource]
            free.append((offered - used) * BEST // offered if used <= offered else 0)
    return sum(free) // len(free) if free else 0


def balanced_allocation(info: PodInfo, node: NodeInfo) -> int:
    """NodeResourcesBalancedAllocation: CPU and memory used to about the same part.

    It has no say on pods that request nothing: 0 for every node.
    """
    if not any(info.requested.get(resource) for resource in COMPARED):
        return 0
    parts = [
        min(1.0, (node.requested.get(resource, 0) + info.requested.get(resource, 0)) / offered)
        for resource in COMPARED
        if (offered := node.allocatable.get(resource, 0))
    ]
    spread = abs(parts[0] - parts[1]) / 2 if len(parts) == 2 else 0.0
    return int((1 - spread) * BEST)


def untolerated(info: PodInfo, node: NodeInfo) -> int:
    """How many taints PreferNoSchedule the node has that the pod does not tolerate."""
    return sum(
        taint["effect"] == "PreferNoSchedule" and not tolerates(info.pod, taint) for taint in node.taints
    )


_untolerated = each(untolerated)


def taint_toleration(info: PodInfo, cache: Cache, nodes: list[NodeInfo]) -> list[int] | None:
    """The fewer taints PreferNoSchedule that the pod does not tolerate, the better."""
    counts = _untolerated(info, cache, nodes)
    most = max(counts)
    return [BEST - BEST * count // most for count in counts] if most else None


def preferred_nodes(info: PodInfo, cache: Cache, nodes: list[NodeInfo]) -> list[int] | None:
    """NodeAffinity: the weights of the preferred terms that a node matches, the highest sum made 100."""
    terms = node_affinity(info.pod).get("preferredDuringSchedulingIgnoredDuringExecution")
    if not terms:
        return None
    sums = [
        sum(term["weight"] for term in terms if matches_term(term["preference"], node.name, node.labels))
        for node in nodes
    ]
    most = max(sums)
    return [BEST * total // most for total in sums] if most else None


def topology_spread(client: Client) -> Score:
    """PodTopologySpread: the fewer pods of the same sort in a node's domains, the better.

    A pod without constraints is spread over hosts and zones, with the pods of its ReplicaSet and Services:
    this is why the replicas of a Deployment end up on different nodes.
    """

    def score(info: PodInfo, cache: Cache, nodes: list[NodeInfo]) -> list[int] | None:
        if info.pod["spec"].get("topologySpreadConstraints"):
            soft = constraints(info, "ScheduleAnyway")
            scored = [all(c["topologyKey"] in node.labels for c in soft) for node in nodes]
        else:
            soft = _default_constraints(client, info)
            scored = [True] * len(nodes)
        if not soft:
            return None
        totals = [0.0] * len(nodes)
        for constraint in soft:
            _add_counts(totals, constraint, info, cache, nodes)
        rounded = [floor(total + 0.5) for total in totals]
        candidates = [total for total, is_scored in zip(rounded, scored, strict=True) if is_scored]
        most, fewest = max(candidates, default=0), min(candidates, default=0)
        return [
            0 if not is_scored else BEST if most == 0 else BEST * (most + fewest - total) // most
            for total, is_scored in zip(rounded, scored, strict=True)
        ]

    return score


def _add_counts(
    totals: list[float], constraint: dict[str, Any], info: PodInfo, cache: Cache, nodes: list[NodeInfo]
) -> None:
    """Add each node's count for one constraint; it weighs more the more domains there are."""
    key = constraint["topologyKey"]
    domain_of = cache.domains(key)
    if not domain_of:
        return
    domains = [domain_of.get(node.name) for node in nodes]
    weight = log(len({domain for domain in domains if domain is not None}) + 2)
    # A host is a domain of its own: only the candidates need counting.
    counted = nodes if key == HOSTNAME else nodes_that_count(constraint, info, cache)
    counts = domain_counts(constraint, info, cache, counted)
    for place, domain in enumerate(domains):
        if domain is not None:
            totals[place] += counts.get(domain, 0) * weight + constraint["maxSkew"] - 1


def _default_constraints(client: Client, info: PodInfo) -> list[dict[str, Any]]:
    selector = _own_sort(client, info)
    if selector is None:
        return []
    return [
        {"maxSkew": 3, "topologyKey": HOSTNAME, "labelSelector": selector},
        {"maxSkew": 5, "topologyKey": ZONE, "labelSelector": selector},
    ]


def _own_sort(client: Client, info: PodInfo) -> dict[str, Any] | None:
    """Selects the pods like this one: those its Services and its ReplicaSet select. None without either."""
    match_labels: Labels = {}
    expressions: list[dict[str, Any]] = []
    for service in client.list("services", info.namespace):
        selector = service["spec"].get("selector")
        if selector and matches({"matchLabels": selector}, info.labels):
            match_labels.update(selector)
    for owner in info.pod["metadata"].get("ownerReferences", ()):
        if owner.get("controller") and owner["kind"] == "ReplicaSet":
            rs = client.get("replicasets.apps", info.namespace, owner["name"])
            if rs is not None:
                match_labels.update(rs["spec"]["selector"].get("matchLabels", {}))
                expressions += rs["spec"]["selector"].get("matchExpressions", ())
    if not match_labels and not expressions:
        return None
    return {"matchLabels": match_labels, "matchExpressions": expressions}
