"""From the replicas that the metrics ask for to those that there will be: bounds, rates, stabilisation.

Upstream: ``normalizeDesiredReplicas`` and ``normalizeDesiredReplicasWithBehaviors`` in ``horizontal.go``.
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#configurable-scaling-behavior

A recommendation is what the metrics asked for at one time. Scaling down goes to the *highest* of the last five
minutes (the stabilization window), so that a short lull takes no pods away; scaling up goes to the *lowest* of its
window, which is 0 s unless the object says otherwise. Policies then limit the step within a period: with 4 pods
in 15 s and 3 pods added 10 s ago, one more may come now.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

DOWNSCALE_STABILIZATION = 300.0
"""Seconds (``--horizontal-pod-autoscaler-downscale-stabilization``)."""

LONGEST_PERIOD = 1800.0
"""The longest periodSeconds that a policy may have."""

Rules = dict[str, Any]
"""``behavior.scaleUp`` or ``scaleDown``, complete: selectPolicy, policies, stabilizationWindowSeconds."""


class History:
    """What the controller remembers of one autoscaler, in memory: pairs of a time and a number."""

    def __init__(self, now: float, replicas: int) -> None:
        self.recommendations: list[tuple[float, int]] = [(now, replicas)]
        self.added: list[tuple[float, int]] = []
        self.removed: list[tuple[float, int]] = []

    def note_rescale(self, now: float, before: int, after: int) -> None:
        events = self.added if after > before else self.removed
        events[:] = [event for event in events if event[0] >= now - LONGEST_PERIOD]
        events.append((now, abs(after - before)))

    def replicas_before(self, period: float, now: float, current: int) -> int:
        """How many there were ``period`` seconds ago, by the controller's own doing."""
        added = sum(count for when, count in self.added if when > now - period)
        removed = sum(count for when, count in self.removed if when > now - period)
        return current - added + removed


class Normal(NamedTuple):
    """The replicas to have, and what the conditions say of it."""

    replicas: int
    able: tuple[str, str]
    """Reason and message of AbleToScale, which is True."""
    limited: bool
    limit: tuple[str, str]
    """Reason and message of ScalingLimited."""


READY = ("ReadyForNewScale", "recommended size matches current size")
DOWN_STABILIZED = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
UP_STABILIZED = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
UP_LIMIT = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
DOWN_LIMIT = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")


def normalize(spec: dict[str, Any], history: History, current: int, wanted: int, now: float) -> Normal:
    """``wanted`` is what the metrics ask for now; it is noted in ``history``."""
    if "behavior" in spec:
        return _with_behavior(spec, history, current, wanted, now)
    stable = _highest_recent(history, wanted, now)
    able = READY if stable == wanted else DOWN_STABILIZED
    fastest = max(2 * current, 4)
    most, why = (fastest, UP_LIMIT) if spec["maxReplicas"] > fastest else (spec["maxReplicas"], TOO_MANY)
    if stable < spec["minReplicas"]:
        return Normal(spec["minReplicas"], able, True, TOO_FEW)
    if stable > most:
        return Normal(most, able, True, why)
    return Normal(stable, able, False, WITHIN)


def _highest_recent(history: History, wanted: int, now: float) -> int:
    cutoff = now - DOWNSCALE_STABILIZATION
    recent = [known for known in history.recommendations if known[0] >= cutoff]
    history.recommendations = [*recent, (now, wanted)]
    return max(count for _, count in history.recommendations)


def _with_behavior(spec: dict[str, Any], history: History, current: int, wanted: int, now: float) -> Normal:
    up, down = spec["behavior"]["scaleUp"], spec["behavior"]["scaleDown"]
    stable = _stabilize(up, down, history, current, wanted, now)
    able = READY
    if stable != wanted:
        able = UP_STABILIZED if wanted >= current else DOWN_STABILIZED
    if stable > current:
        fastest = max(_upper(up, history, current, now), current)
        most, why = (fastest, UP_LIMIT) if spec["maxReplicas"] > fastest else (spec["maxReplicas"], TOO_MANY)
        if stable > most:
            return Normal(most, able, True, why)
    elif stable < current:
        fastest = min(_lower(down, history, current, now), current)
        least, why = (
            (fastest, DOWN_LIMIT) if spec["minReplicas"] < fastest else (spec["minReplicas"], TOO_FEW)
        )
        if stable < least:
            return Normal(least, able, True, why)
    return Normal(stable, able, False, WITHIN)


def _stabilize(up: Rules, down: Rules, history: History, current: int, wanted: int, now: float) -> int:
    """The value nearest to ``current`` between the lowest recent recommendation and the highest."""
    up_cutoff = now - up["stabilizationWindowSeconds"]
    down_cutoff = now - down.get("stabilizationWindowSeconds", DOWNSCALE_STABILIZATION)
    known = history.recommendations
    lowest = min([wanted, *(count for when, count in known if when > up_cutoff)])
    highest = max([wanted, *(count for when, count in known if when > down_cutoff)])
    oldest = min(up_cutoff, down_cutoff)
    history.recommendations = [*(entry for entry in known if entry[0] >= oldest), (now, wanted)]
    return min(max(current, lowest), highest)


def _upper(rules: Rules, history: History, current: int, now: float) -> int:
    if rules["selectPolicy"] == "Disabled":
        return current
    allowed = []
    for policy in rules["policies"]:
        start = history.replicas_before(policy["periodSeconds"], now, current)
        if policy["type"] == "Pods":
            allowed.append(start + policy["value"])
        else:  # rounded up, or one pod could never become two
            allowed.append(ceil(start * (100 + policy["value"]) / 100))
    return min(allowed) if rules["selectPolicy"] == "Min" else max(allowed)


def _lower(rules: Rules, history: History, current: int, now: float) -> int:
    if rules["selectPolicy"] == "Disabled":
        return current
    allowed = []
    for policy in rules["policies"]:
        start = history.replicas_before(policy["periodSeconds"], now, current)
        if policy["type"] == "Pods":
            allowed.append(start - policy["value"])
        else:
            allowed.append(int(start * (100 - policy["value"]) / 100))
    return max(allowed) if rules["selectPolicy"] == "Min" else min(allowed)
