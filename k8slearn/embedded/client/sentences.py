"""The trace in words: what a learner reads of a rollout.

    +0.000 s  kubectl created deployment default/web with 3 replicas
    +0.020 s  deployment-controller saw that deployment default/web was created, and created ReplicaSet web-6b9
              with 3 replicas: no ReplicaSet has the template of revision 1
    +0.040 s  replicaset-controller saw that ReplicaSet default/web-6b9 was created, and created pods web-6b9-x,
              web-6b9-y and web-6b9-z: 3 are wanted, and there are 0 (1, then 2: slow start)
    +0.060 s  default-scheduler saw that pod default/web-6b9-x was created, and assigned it to worker-1: 2 of 3
              nodes can take it
    +2.100 s  kubelet on worker-1 started container nginx in pod default/web-6b9-x, and found it ready

A sentence says who, because of what, did what, and why. Entries of one moment that differ only in the object (three
pods created) make one sentence. Namespaces stand at the first name of a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from k8slearn.embedded.apiserver.kinds import Kinds
from k8slearn.embedded.client.facts import ADDRESS, Fact
from k8slearn.embedded.client.trace import TraceEntry

SHOWN = 4
"""Names in one sentence; the others are counted."""


class Telling(NamedTuple):
    """A sentence and the entries that it tells; these are equal but for their objects."""

    entries: list[TraceEntry]
    sentence: str


def tell(entries: Iterable[TraceEntry], trace: Iterable[TraceEntry], kinds: Kinds) -> list[Telling]:
    """The sentences on ``entries``, oldest first; ``trace`` is where the causes of these are found."""
    groups: list[list[TraceEntry]] = []
    for entry in entries:
        if groups and _alike(groups[-1][0], entry):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    causes = {entry.revision: entry for entry in trace if entry.revision}
    told, before = [], None
    for group in groups:
        # What moved it is said once for all that it did in one look.
        again = before is not None and _one_look(before, group[0])
        told.append(Telling(group, _Sentence(kinds, causes).of(group, again=again)))
        before = group[0]
    return told


def _alike(one: TraceEntry, other: TraceEntry) -> bool:
    return _one_look(one, other) and (one.verb, one.resource, one.facts, one.refused, one.by.why) == (
        other.verb,
        other.resource,
        other.facts,
        other.refused,
        other.by.why,
    )


def _one_look(one: TraceEntry, other: TraceEntry) -> bool:
    return (one.time, one.by._replace(why="", read={})) == (other.time, other.by._replace(why="", read={}))


class _Sentence:
    """One sentence in the making: it knows what it has named already."""

    def __init__(self, kinds: Kinds, causes: Mapping[int, TraceEntry]) -> None:
        self._kinds = kinds
        self._causes = causes
        self._namespace: str | None = None
        self._only_cause: TraceEntry | None = None

    def of(self, group: Sequence[TraceEntry], *, again: bool) -> str:
        first = group[0]
        by = first.by
        who = f"{by.component} on {by.node}" if by.node else by.component
        if by.command and first.verb == "update":
            who = by.command
        seen = "" if again else self._seen(first)
        link = ", and" if seen else ""
        if first.refused:
            tried = "write the status of" if first.verb == "update status" else first.verb
            link = "," if seen else ""
            return (
                f"{who}{seen}{link} tried to {tried} {self._names(group)}, and was refused: {first.refused}"
            )
        why = f": {by.why}" if by.why else ""
        return f"{who}{seen}{link} {self._did(group)}{why}"

    # -- because of what ------------------------------------------------------------------------

    def _seen(self, entry: TraceEntry) -> str:
        """`` saw that pods default/a and b are ready``, or nothing."""
        causes = [self._causes[revision] for revision in entry.by.because if revision in self._causes]
        # Its own counting brings nobody anything new, unless it is all there is.
        others = [c for c in causes if (c.by.component, c.verb) != (entry.by.component, "update status")]
        predicates: dict[tuple[str, str, str], list[TraceEntry]] = {}
        for cause in others:
            predicates.setdefault((cause.resource, *_became(cause)), []).append(cause)
        # What befell the very object that it works on matters most.
        ordered = sorted(predicates.items(), key=lambda item: item[1][0].object != entry.by.reconciling)
        if not ordered:
            return ""
        said = []
        for (_, singular, plural), group in ordered[:2]:
            objects = list({cause.object: cause for cause in group}.values())
            said.append(f"{self._names(objects)} {singular if len(objects) == 1 else plural}")
        objects = {cause.object for _, group in ordered[:2] for cause in group}
        self._only_cause = ordered[0][1][0] if len(objects) == 1 else None
        return f" saw that {' and that '.join(said)}"

    # -- what it did ----------------------------------------------------------------------------

    def _did(self, group: Sequence[TraceEntry]) -> str:
        first = group[0]
        facts = {what: (before, after) for what, before, after in first.facts}
        match first.verb:
            case "create":
                return f"created {self._names(group)}{_with(first.facts)}{self._addresses(first.facts)}"
            case "bind":
                return f"assigned {self._object(group)} to {facts['nodeName'][1]}"
            case "delete":
                grace = facts["grace"][1]
                limit = (
                    "" if not grace else f", which {'has' if len(group) == 1 else 'have'} {grace} s to end"
                )
                return f"deleted {self._object(group)}{limit}"
            case "remove":
                return f"{'removed' if first.by.node else 'deleted'} {self._object(group)}"
            case "update" | "update status":
                if first.resource == "pods" and first.verb == "update status":
                    return self._pod_told(group, facts)
                return self._changed(group, facts)
        return f"{first.verb} {self._names(group)}"  # what befell it past the API

    def _changed(self, group: Sequence[TraceEntry], facts: Mapping[str, tuple]) -> str:
        first = group[0]
        match list(facts.items()):
            case [("replicas", (int(before), int(after)))] if first.verb == "update":
                return f"scaled {self._object(group)} from {before} to {after}"
            case [("paused", (_, after))]:
                return f"{'paused' if after else 'resumed'} {self._object(group)}"
            case [("controller", (before, None))]:
                return f"released {self._object(group)} from {before}"
            case [("controller", (None, after)), *_]:
                return f"gave {self._object(group)} to {after}"
        if first.resource == "nodes" and "Ready" in facts:
            ready = facts["Ready"][1] == "True"
            return f"{'found' if ready else 'marked'} {self._object(group)} {'ready' if ready else 'as not ready'}"
        if all(what.startswith("taint ") for what in facts):
            taints = _list([what.removeprefix("taint ") for what in facts])
            put = any(after for _, after in facts.values())
            return f"{'put' if put else 'took'} {taints} {'on' if put else 'from'} {self._object(group)}"
        if addresses := self._addresses(first.facts):
            return f"changed {self._object(group)}{addresses}"
        verb = "wrote the status of" if first.verb == "update status" else "changed"
        return f"{verb} {self._object(group)} ({_changes(first.facts)})"

    def _pod_told(self, group: Sequence[TraceEntry], facts: Mapping[str, tuple]) -> str:
        """What the status of a pod says: the containers first, then the pod."""
        did: list[str] = []
        for what, (_, after) in facts.items():
            if what.startswith("container "):
                did.append(_container(what, after))
        pod = self._object(group)
        ready = facts.get("Ready", (None, None))
        phase = facts.get("phase", (None, None))[1]
        if "DisruptionTarget" in facts:
            return f"marked {pod} as disrupted"
        if "PodScheduled" in facts and not group[0].by.node:
            return f"found no node for {pod}"
        if group[0].by.node == "" and did:
            return f"wrote the status of {pod}"
        if did:
            did[-1] += f" in {pod}" if pod != "it" else " in it"
        if phase in ("Succeeded", "Failed"):
            did.append(f"declared {pod if not did else 'it'} {phase.lower()}")
        elif ready[1] == "True":
            did.append(f"found {pod if not did else 'it'} ready")
        elif ready == ("True", "False"):
            did.append(f"found {pod if not did else 'it'} not ready any more")
        if not did:
            did.append(f"wrote the status of {pod}")
            if facts:
                did[-1] += f" ({_changes(group[0].facts)})"
        return _list(did)

    def _addresses(self, facts: Iterable[Fact]) -> str:
        """``: web-1 is ready, web-2 is gone`` of an EndpointSlice."""
        by_state: dict[str, list[str]] = {}
        for what, _, after in facts:
            if what.startswith(ADDRESS):
                by_state.setdefault(after or "gone", []).append(what.partition("/")[2])
        if not by_state:
            return ""
        said = [
            f"{_list(_few(names))} {'is' if len(names) == 1 else 'are'} {state}"
            for state, names in by_state.items()
        ]
        return f": {', '.join(said)}"

    # -- names ----------------------------------------------------------------------------------

    def _object(self, group: Sequence[TraceEntry]) -> str:
        cause = self._only_cause
        if cause is not None and len(group) == 1 and cause.object == group[0].object:
            return "it"
        return self._names(group)

    def _names(self, group: Sequence[TraceEntry]) -> str:
        """``pod default/web-1``, then ``pods web-2 and web-3``."""
        kind = self._kinds[group[0].resource]
        word = kind.kind
        if sum(letter.isupper() for letter in word) == 1:
            word = word.lower()
        if len(group) > 1:
            word = kind.plural if word.islower() else f"{word}s"
        names = []
        for entry in group:
            namespace, name = entry.key
            new = namespace and namespace != self._namespace
            names.append(f"{namespace}/{name}" if new else name)
            self._namespace = namespace or self._namespace
        return f"{word} {_list(_few(names))}" if group[0].key.name else f"a {word}"


def _became(cause: TraceEntry) -> tuple[str, str]:
    """What a change looks like to who sees it, of one object and of several: ``is ready``, ``are ready``."""
    facts = {what: (before, after) for what, before, after in cause.facts}
    match cause.verb:
        case "create":
            return "was created", "were created"
        case "bind":
            node = facts["nodeName"][1]
            return f"was assigned to {node}", f"were assigned to {node}"
        case "delete":
            return "is to go", "are to go"
        case "remove":
            return "is gone", "are gone"
    match facts:
        case {"replicas": (int(before), int(after))} if cause.verb == "update":
            text = f"scaled from {before} to {after}"
            return f"was {text}", f"were {text}"
        case {"Ready": (_, "True")}:
            return "is ready", "are ready"
        case {"Ready": ("True", "False" | "Unknown" as state)}:
            known = "not ready" if state == "False" else "not heard of"
            return f"is {known}", f"are {known}"
        case {"phase": (_, "Succeeded" | "Failed" as phase)}:
            return f"has {phase.lower()}", f"have {phase.lower()}"
    if cause.verb == "update":
        text = f"changed ({_changes(cause.facts)})"
        return f"was {text}", f"were {text}"
    if cause.resource != "pods" and cause.facts:
        text = _changes(cause.facts)
        return f"has a new status ({text})", f"have a new status ({text})"
    return "has a new status", "have a new status"


def _container(what: str, state: str) -> str:
    if state.startswith("running"):
        return f"started {what}" + state.removeprefix("running").replace(", restart", ", for restart")
    if state == "waiting: ContainerCreating":
        return f"began to prepare {what}"
    if state == "waiting: PodInitializing":
        return f"let {what} wait for the init containers"
    if state.startswith("waiting"):
        return f"let {what} wait ({state.removeprefix('waiting').removeprefix(': ') or 'no reason'})"
    if state.startswith("stopped, "):
        return f"stopped {what} ({state.removeprefix('stopped, ').partition(':')[0]})"
    return f"saw {what} end with {state.replace(': ', ' (', 1)}{')' if ': ' in state else ''}"


_WITH: dict[str, Callable[[object], str]] = {
    "replicas": lambda value: f" with {value} replica{'' if value == 1 else 's'}",
    "completions": lambda value: f" for {value} completion{'' if value == 1 else 's'}",
    "nodeName": lambda value: f" on {value}",
}


def _with(facts: Iterable[Fact]) -> str:
    return "".join(_WITH[what](after) for what, _, after in facts if what in _WITH)


_COUNTS = {
    "replicas": "pods",
    "readyReplicas": "ready",
    "availableReplicas": "available",
    "updatedReplicas": "updated",
    "unavailableReplicas": "unavailable",
}


def _changes(facts: Sequence[Fact]) -> str:
    """``ready 0 → 1, available 0 → 1``; of many the first few."""
    return ", ".join(_few([_change(fact) for fact in facts], 6))


def _change(fact: Fact) -> str:
    """``ready 3 → 5``, ``image of container nginx: nginx:1.28 → nginx:1.29``, ``template``."""
    what, before, after = fact
    if before is None and after is None:
        return what
    if what in _COUNTS:
        return f"{_COUNTS[what]} {before or 0} → {after or 0}"
    what += ":" if " " in what else ""
    if after is None:
        return f"{what} removed"
    if (isinstance(before, int) and not isinstance(before, bool)) or isinstance(before, str):
        return f"{what} {before} → {after}"
    return f"{what} {str(after).lower() if isinstance(after, bool) else after}"


def _few(names: Sequence[str], most: int = SHOWN) -> list[str]:
    if len(names) <= most:
        return list(names)
    return [*names[: most - 1], f"{len(names) - most + 1} more"]


def _list(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
