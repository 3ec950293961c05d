"""Preemption: a pod that fits nowhere may take the room of pods with a lower priority.

Upstream: ``pkg/scheduler/framework/preemption`` and the plugin ``defaultpreemption``. On each node where it could
help, all pods of lower priority are taken away in thought, and as many as possible put back, the most important
first; the node whose victims hurt least is chosen. Victims end gracefully: until they are gone the node is only
nominated for the pod.
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

from typing import NamedTuple

from k8slearn.embedded.client import Client, Object, Recorder
from k8slearn.embedded.clock import Clock, parse_timestamp
from k8slearn.embedded.scheduler.cache import Cache, NodeInfo, PodInfo
from k8slearn.embedded.scheduler.feasibility import Feasibility, Rejections, available
from k8slearn.kube.disruption import TARGET, disruption_target
from k8slearn.kube.label_selectors import matches

BUDGETS = "poddisruptionbudgets.policy"
REASON = "PreemptionByScheduler"

LOWEST = -(2**31)

HOPELESS = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"


class Candidate(NamedTuple):
    """A node, the pods that would have to go, the most important first, and how many budgets that breaks."""

    node: NodeInfo
    victims: list[PodInfo]
    violations: int


class Outcome(NamedTuple):
    """What came of it, in a sentence. ``node``: the pod's nomination from now on, "" for none."""

    message: str
    node: str
    victims: list[PodInfo]


class Preemption:
    """Chooses victims (``attempt``) and sends them off (``execute``)."""

    def __init__(self, client: Client, clock: Clock, cache: Cache, feasibility: Feasibility) -> None:
        self._client = client
        self._clock = clock
        self._cache = cache
        self._feasibility = feasibility

    # -- choosing ---------------------------------------------------------------------------------

    def attempt(self, info: PodInfo, rejections: Rejections) -> Outcome:
        """``rejections``: why each node cannot take the pod as things are."""
        nominated = info.pod["status"].get("nominatedNodeName", "")
        if why := self._ineligible(info, nominated, rejections):
            return Outcome(why, nominated, [])
        reasons: list[str] = []
        candidates: list[Candidate] = []
        budgets = self._client.list(BUDGETS)
        for node in self._cache.nodes():
            if rejections[node.name].hopeless:
                reasons.append(HOPELESS)
                continue
            found = self._candidate(info, node, budgets)
            if isinstance(found, Candidate):
                candidates.append(found)
            else:
                reasons += found
        if not candidates:
            return Outcome(available(len(rejections), reasons), "", [])
        best = self._best(candidates)
        name, count = best.node.name, len(best.victims)
        message = f"found a potential placement for pod on node {name}, preempting {count} victims"
        return Outcome(message, name, best.victims)

    def _ineligible(self, info: PodInfo, nominated: str, rejections: Rejections) -> str:
        """Why the pod may not preempt, "" when it may. Whoever has victims on their way out waits for them."""
        if info.pod["spec"].get("preemptionPolicy") == "Never":
            return "not eligible due to preemptionPolicy=Never."
        for node in self._cache.nodes():
            if node.name == nominated and not rejections[nominated].hopeless:
                lower = (other for other in node.pods.values() if other.priority < info.priority)
                if any(self._is_preempted(other) for other in lower):
                    return "not eligible due to a terminating pod on the nominated node."
        return ""

    def _is_preempted(self, info: PodInfo) -> bool:
        pod = self._client.get("pods", *info.key)
        if pod is None or "deletionTimestamp" not in pod["metadata"]:
            return False
        conditions = pod["status"].get("conditions", ())
        return any(c["type"] == TARGET and c.get("reason") == REASON for c in conditions)

    def _candidate(self, info: PodInfo, node: NodeInfo, budgets: list[Object]) -> Candidate | tuple[str, ...]:
        """The fewest pods that must leave ``node``; or why it could not take the pod without any of them."""
        lower = sorted((pod for pod in node.pods.values() if pod.priority < info.priority), key=self._rank)
        if not lower:
            return (NO_VICTIMS,)
        violating = _violating(lower, budgets)
        for victim in lower:
            self._cache.take(victim)
        gone = list(lower)
        try:
            if rejection := self._feasibility.rejection(info, node):
                return rejection.reasons
            # Whoever would break a budget comes back first, then the most important.
            for victim in sorted(lower, key=lambda victim: victim not in violating):
                self._cache.put(victim, node)
                gone.remove(victim)
                if self._feasibility.rejection(info, node):
                    self._cache.take(victim)
                    gone.append(victim)
        finally:
            for victim in gone:
                self._cache.put(victim, node)
        victims = [victim for victim in lower if victim in gone]
        return Candidate(node, victims, sum(victim in violating for victim in victims))

    def _rank(self, info: PodInfo) -> tuple[int, float]:
        """The most important first: by priority, then who started earlier."""
        return -info.priority, self._started(info)

    def _started(self, info: PodInfo) -> float:
        pod = self._client.get("pods", *info.key)
        since = pod["status"].get("startTime") if pod else None
        return parse_timestamp(since) if since else self._clock.now

    def _best(self, candidates: list[Candidate]) -> Candidate:
        """Fewest budgets broken; lowest highest priority; smallest sum of priorities; fewest victims; the
        victims that started last. Between equals chance decides."""

        def cost(candidate: Candidate) -> tuple[float, ...]:
            priorities = [victim.priority for victim in candidate.victims]
            # Counted from the lowest, so that each victim counts, whatever its sign.
            total = sum(priority - LOWEST for priority in priorities)
            important = [v for v in candidate.victims if v.priority == priorities[0]]
            earliest = min(self._started(victim) for victim in important)
            return candidate.violations, priorities[0], total, len(priorities), -earliest

        least = min(map(cost, candidates))
        best = [candidate for candidate in candidates if cost(candidate) == least]
        return best[0] if len(best) == 1 else self._clock.random.choice(best)

    # -- acting -----------------------------------------------------------------------------------

    def execute(self, info: PodInfo, outcome: Outcome, events: Recorder) -> None:
        """Delete the victims, and take the node back from pods of lower priority to which it was promised."""
        node = next(node for node in self._cache.nodes() if node.name == outcome.node)
        for other in self._cache.nominated(node):
            pod = self._client.get("pods", *other.key)
            if pod is not None and other.priority < info.priority:
                self._client.set_status("pods", pod, with_nomination(pod["status"], ""))
        for victim in outcome.victims:
            pod = self._client.get("pods", *victim.key)
            if pod is not None and "deletionTimestamp" not in pod["metadata"]:
                self._preempt(pod, info, outcome.node, events)

    def _preempt(self, pod: Object, by: PodInfo, node: str, events: Recorder) -> None:
        why = f"pod {by.key} has a higher priority and needs its room on {node}"
        sentence = "default-scheduler: preempting to accommodate a higher priority pod"
        target = disruption_target(pod, REASON, sentence, self._clock.timestamp())
        others = [c for c in pod["status"].get("conditions", ()) if c["type"] != TARGET]
        status = {**pod["status"], "conditions": [*others, target]}
        marked = self._client.set_status("pods", pod, status, why=why)
        self._client.delete("pods", marked, why=why)
        uid = by.pod["metadata"]["uid"]
        events.event(pod, "Normal", "Preempted", f"Preempted by pod {uid} on node {node}")


def with_nomination(status: Object, node: str) -> Object:
    """A pod's ``status`` with ``node`` promised to it; "" for none."""
    kept = {field: value for field, value in status.items() if field != "nominatedNodeName"}
    return {**kept, "nominatedNodeName": node} if node else kept


def _violating(victims: list[PodInfo], budgets: list[Object]) -> list[PodInfo]:
    """Those of ``victims`` whose end breaks a budget: once what it allows is used up by those before them."""
    left = [budget["status"].get("disruptionsAllowed", 0) for budget in budgets]
    violating = []
    for victim in victims:
        breaks = False
        for number, budget in enumerate(budgets):
            if _guards(budget, victim):
                left[number] -= 1
                breaks = breaks or left[number] < 0
        if breaks:
            violating.append(victim)
    return violating


def _guards(budget: Object, info: PodInfo) -> bool:
    """An empty selector selects nothing here, as a missing one."""
    selector = budget["spec"].get("selector") or {}
    if not any(selector.values()) or budget["metadata"]["namespace"] != info.namespace:
        return False
    counted_out = info.key.name in (budget["status"].get("disruptedPods") or ())
    return matches(selector, info.labels) and not counted_out
