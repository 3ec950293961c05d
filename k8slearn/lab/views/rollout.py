"""A Deployment's rollout: its revisions, their pods, and between which two numbers it moves.

Pure: changes in, records out; ``rolloutdrawing`` draws them. A pod keeps its slot while it lives, a revision its row.
What is said of the progress is what ``kubectl rollout status`` prints (``polymorphichelpers/rollout_status.go``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from k8slearn.lab.views.events import Told
from k8slearn.lab.views.following import Following
from k8slearn.lab.views.kinds import controller
from k8slearn.lab.views.objects import conditions_told
from k8slearn.lab.views.podstate import State, condition, names_of, state_of, story_of
from k8slearn.lab.views.reflector import Object
from k8slearn.lab.views.seats import Seats
from k8slearn.lab.views.store import Changes

ROWS = 5
"""Revisions that are shown: those with pods, then the youngest."""

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True)
class Pod:
    uid: str
    name: str
    suffix: str
    state: State
    reason: str
    story: dict[str, str]
    events: tuple[Told, ...]


@dataclass(frozen=True)
class Revision:
    """A ReplicaSet of the Deployment. ``current``: it has the Deployment's template."""

    uid: str
    name: str
    number: int
    image: str
    wanted: int
    ready: int
    current: bool
    cause: str
    events: tuple[Told, ...]


@dataclass(frozen=True)
class Numbers:
    """``at_least`` = replicas − maxUnavailable must be available, ``at_most`` = replicas + maxSurge may exist.

    ``existing`` does not count pods that are on their way out, as the Deployment's controller does not.
    """

    wanted: int = 0
    at_least: int = 0
    at_most: int = 0
    available: int = 0
    existing: int = 0
    leaving: int = 0


@dataclass
class Rollout(Following):
    """What is known of the rollout of the Deployment ``name``. ``exists`` False: there is none of that name."""

    name: str
    namespace: str
    exists: bool = False
    paused: bool = False
    stalled: str = ""
    """Why it does not go on any more, in the cluster's words, or ""."""
    recreate: bool = False
    sentence: tuple[str, dict[str, object]] = ("", {})
    """A key of ``words`` and its values."""
    done: bool = False
    conditions: str = ""
    numbers: Numbers = field(default_factory=Numbers)
    revisions: dict[str, Revision] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    rows: Seats = field(default_factory=Seats)
    slots: dict[str, Seats] = field(default_factory=dict)
    """By revision: the pods' slots."""

    def __post_init__(self) -> None:
        super().__init__(self.namespace)
        self.sentence = ("rollout-none", {"name": self.name})

    def apply(self, changes: Changes) -> None:
        """Take a batch in. Any order of batches leads to the same picture, but for rows and slots."""
        self.take(changes)
        deployment = self.objects.named("deployments", self.name)
        self.exists = deployment is not None
        sets = self._sets(deployment)
        members: dict[str, list[str]] = {uid: [] for uid in sets}
        pods: dict[str, Pod] = {}
        for obj in self.objects.of("pods"):
            owner, uid = controller(obj), obj["metadata"]["uid"]
            if owner in sets:
                members[owner].append(uid)
                pods[uid] = self._pod(uid, obj)
        self.pods = pods
        shown = sorted(sets.values(), key=lambda one: (not members[one.uid], -one.number))[:ROWS]
        self.revisions = {one.uid: one for one in sorted(shown, key=lambda one: one.number)}
        self.rows.keep(self.revisions)
        for uid in self.revisions:
            self.slots.setdefault(uid, Seats()).keep(members[uid])
        for uid in self.slots.keys() - self.revisions.keys():
            del self.slots[uid]
        self._judge(deployment or {}, pods)

    def _pod(self, uid: str, obj: Object) -> Pod:
        state, reason = state_of(obj)
        name = obj["metadata"]["name"]
        return Pod(uid, name, names_of(obj)[1], state, reason, story_of(obj), self.events.lines(uid))

    def _sets(self, deployment: Object | None) -> dict[str, Revision]:
        if deployment is None:
            return {}
        owned = [
            obj for obj in self.objects.of("replicasets") if controller(obj) == deployment["metadata"]["uid"]
        ]
        newest = max((_number(obj) for obj in owned), default=0)
        return {obj["metadata"]["uid"]: self._revision(obj, newest) for obj in owned}

    def _revision(self, obj: Object, newest: int) -> Revision:
        metadata, status = obj["metadata"], obj.get("status", {})
        containers = obj["spec"].get("template", {}).get("spec", {}).get("containers") or []
        return Revision(
            uid=metadata["uid"],
            name=metadata["name"],
            number=_number(obj),
            image=", ".join(container.get("image", "") for container in containers),
            wanted=obj["spec"].get("replicas", 1),
            ready=status.get("readyReplicas", 0),
            current=_number(obj) == newest,
            cause=(metadata.get("annotations") or {}).get(CAUSE, ""),
            events=self.events.lines(metadata["uid"]),
        )

    def _judge(self, deployment: Object, pods: dict[str, Pod]) -> None:
        spec, status = deployment.get("spec", {}), deployment.get("status", {})
        wanted = spec.get("replicas", 1) if deployment else 0
        strategy = spec.get("strategy", {})
        self.recreate = strategy.get("type") == "Recreate"
        rolling = strategy.get("rollingUpdate") or {}
        surge = _resolved(rolling.get("maxSurge", 0), wanted, math.ceil)
        missing = wanted if self.recreate else _resolved(rolling.get("maxUnavailable", 0), wanted, math.floor)
        if not self.recreate and surge == missing == 0:
            missing = 1  # as the controller does: otherwise nothing could ever move
        leaving = sum(pod.state == "terminating" for pod in pods.values())
        self.numbers = Numbers(
            wanted=wanted,
            at_least=max(0, wanted - missing),
            at_most=wanted + surge,
            available=status.get("availableReplicas", 0),
            existing=sum(pod.state not in ("terminating", "done") for pod in pods.values()),
            leaving=leaving,
        )
        self.paused = bool(spec.get("paused"))
        self.conditions = conditions_told(deployment)
        progressing = condition(deployment, "Progressing")
        failed = progressing.get("status") == "False"
        self.stalled = f"{progressing.get('reason')}: {progressing.get('message')}" if failed else ""
        self.sentence = _sentence(deployment) if deployment else ("rollout-none", {"name": self.name})
        self.done = self.sentence[0] == "rollout-done"


def _sentence(deployment: Object) -> tuple[str, dict[str, object]]:
    spec, status = deployment["spec"], deployment.get("status", {})
    wanted, name = spec.get("replicas", 1), deployment["metadata"]["name"]
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if deployment["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return "rollout-unseen", {"name": name}
    if condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return "rollout-exceeded", {"name": name}
    if updated < wanted:
        return "rollout-updating", {"name": name, "updated": updated, "of": wanted}
    if total > updated:
        return "rollout-old", {"name": name, "old": total - updated}
    if available < updated:
        return "rollout-available", {"name": name, "available": available, "of": updated}
    return "rollout-done", {"name": name}


def _number(obj: Object) -> int:
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdecimal() else 0


def _resolved(amount: int | str, of: int, rounding) -> int:
    """``25%`` of 4 is 1; a plain number is itself."""
    if isinstance(amount, str) and amount.endswith("%"):
        return rounding(of * int(amount[:-1]) / 100)
    return int(amount)
