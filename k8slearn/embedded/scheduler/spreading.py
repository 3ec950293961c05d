"""Pods and the topology they are in: pod affinity, anti-affinity and topology spread constraints.

Upstream: ``pkg/scheduler/framework/plugins/interpodaffinity`` and ``…/podtopologyspread``. A topology key
is a label of nodes (``kubernetes.io/hostname``, ``topology.kubernetes.io/zone``); nodes with the same value
of it are one domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.embedded.client import Client
from k8slearn.embedded.scheduler.cache import Cache, Labels, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.filter import Check, Filter, Rejection
from k8slearn.embedded.scheduler.nodeselection import required_nodes, tolerates
from k8slearn.kube.label_selectors import matches

PodTest = Callable[[str, Labels], bool]
"""Takes a pod's namespace and labels."""


def inter_pod_affinity(client: Client) -> Filter:
    """``client`` is asked for the labels of namespaces, for terms with a namespaceSelector."""

    def prepare(info: PodInfo, cache: Cache) -> Check | None:
        affinity = (info.pod["spec"].get("affinity") or {}).get("podAffinity") or {}
        near = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []
        near_tests = [_pods_of_term(client, term, info) for term in near]
        away = [(term["topologyKey"], _pods_of_term(client, term, info)) for term in info.anti_affinity()]
        shunned = _domains_that_shun(client, info, cache)
        if not near and not away and not shunned:
            return None

        def wanted(namespace: str, labels: Labels) -> bool:
            return all(test(namespace, labels) for test in near_tests)

        keys = [term["topologyKey"] for term in near]
        company = [_counts(cache, cache.nodes(), key, wanted) for key in keys]
        # The first pod of a group that wants to be near its like may go anywhere.
        first = not any(any(counts.values()) for counts in company) and wanted(info.namespace, info.labels)
        crowds = [(key, _counts(cache, cache.nodes(), key, test)) for key, test in away]

        def check(node: NodeInfo) -> Rejection | None:
            for key, counts in zip(keys, company, strict=True):
                if key not in node.labels or not (first or counts.get(node.labels[key])):
                    return _rejected("node(s) didn't match pod affinity rules", hopeless=True)
            if any(counts.get(node.labels.get(key, "")) for key, counts in crowds):
                return _rejected("node(s) didn't match pod anti-affinity rules")
            if any((key, node.labels.get(key)) in shunned for key, _ in shunned):
                return _rejected("node(s) didn't satisfy existing pods anti-affinity rules")
            return None

        return check

    return prepare


def _rejected(reason: str, *, hopeless: bool = False) -> Rejection:
    return Rejection("InterPodAffinity", (reason,), hopeless)


def _domains_that_shun(client: Client, info: PodInfo, cache: Cache) -> set[tuple[str, str]]:
    """The domains, as (key, value), of pods whose anti-affinity is against pods like this one."""
    return {
        (term["topologyKey"], node.labels[term["topologyKey"]])
        for other, node in cache.anti_affine()
        for term in other.anti_affinity()
        if term["topologyKey"] in node.labels
        and _pods_of_term(client, term, other)(info.namespace, info.labels)
    }


def _pods_of_term(client: Client, term: dict[str, Any], owner: PodInfo) -> PodTest:
    """The pods that an affinity term means: by labels, in its namespaces (default: the pod's own)."""
    selector, names, by_labels = (
        term.get("labelSelector"),
        term.get("namespaces") or [],
        term.get("namespaceSelector"),
    )
    if not names and by_labels is None:
        names = [owner.namespace]

    def test(namespace: str, labels: Labels) -> bool:
        if selector is None or not matches(selector, labels):
            return False
        if namespace in names:
            return True
        if by_labels is None:
            return False
        found = client.get("namespaces", "", namespace)
        return found is not None and matches(by_labels, found["metadata"].get("labels"))

    return test


def _counts(
    cache: Cache, nodes: list[NodeInfo], key: str, test: PodTest, *, going: bool = True
) -> dict[str, int]:
    """How many pods each domain of ``key`` has on ``nodes`` that pass ``test``; domains without any have 0."""
    domains = cache.domains(key)
    if not domains:
        return {}
    pods = cache.counts(test, going=going)
    counts: dict[str, int] = {}
    for node in nodes:
        if (domain := domains.get(node.name)) is not None:
            counts[domain] = counts.get(domain, 0) + pods.get(node.name, 0)
    return counts


# -- topology spread constraints ------------------------------------------------------------------


def constraints(info: PodInfo, when_unsatisfiable: str) -> list[dict[str, Any]]:
    """The pod's constraints with ``DoNotSchedule`` or ``ScheduleAnyway``."""
    every = info.pod["spec"].get("topologySpreadConstraints") or ()
    return [c for c in every if c["whenUnsatisfiable"] == when_unsatisfiable]


def pods_of_constraint(constraint: dict[str, Any], info: PodInfo) -> PodTest:
    """The pods that count: of the same namespace, by the selector and the pod's own ``matchLabelKeys``."""
    selector = constraint.get("labelSelector") or {}
    same = {key: info.labels[key] for key in constraint.get("matchLabelKeys") or () if key in info.labels}

    def test(namespace: str, labels: Labels) -> bool:
        if namespace != info.namespace or not matches(selector, labels):
            return False
        return same.items() <= labels.items()

    return test


def domain_counts(
    constraint: dict[str, Any], info: PodInfo, cache: Cache, nodes: list[NodeInfo]
) -> dict[str, int]:
    """How many pods that count each domain of a constraint has on ``nodes``."""
    return _counts(cache, nodes, constraint["topologyKey"], pods_of_constraint(constraint, info), going=False)


def nodes_that_count(constraint: dict[str, Any], info: PodInfo, cache: Cache) -> list[NodeInfo]:
    """The nodes whose pods count, by ``nodeAffinityPolicy`` and ``nodeTaintsPolicy``."""
    allows = required_nodes(info.pod) if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" else None
    honour_taints = constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"
    return [
        node
        for node in cache.nodes()
        if (allows is None or allows(node)) and not (honour_taints and _repels(node, info))
    ]


def _repels(node: NodeInfo, info: PodInfo) -> bool:
    return any(
        taint["effect"] != "PreferNoSchedule" and not tolerates(info.pod, taint) for taint in node.taints
    )


def pod_topology_spread(info: PodInfo, cache: Cache) -> Check | None:
    """Hard constraints: no domain may have more than ``maxSkew`` pods above the one that has fewest.

    Zones a: 2, b: 2, c: 1 and maxSkew 1: only c is allowed.
    """
    hard = constraints(info, "DoNotSchedule")
    if not hard:
        return None
    name, reason = "PodTopologySpread", "node(s) didn't match pod topology spread constraints"
    unlabelled = Rejection(name, (f"{reason} (missing required label)",), True)
    crowded = Rejection(name, (reason,), False)
    facts = []
    for constraint in hard:
        counts = domain_counts(constraint, info, cache, nodes_that_count(constraint, info, cache))
        fewest = min(counts.values(), default=0)
        if len(counts) < constraint.get("minDomains", 1):
            fewest = 0
        itself = pods_of_constraint(constraint, info)(info.namespace, info.labels)
        facts.append((constraint["topologyKey"], counts, constraint["maxSkew"] + fewest - itself))

    def check(node: NodeInfo) -> Rejection | None:
        for key, counts, most in facts:
            if key not in node.labels:
                return unlabelled
            if counts.get(node.labels[key], 0) > most:
                return crowded
        return None

    return check
