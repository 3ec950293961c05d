"""Which entries of the trace concern one object: what was done to it, and to all that was made for it.

From ``deployments.apps default/web`` it goes down to its ReplicaSets, their pods, what kubelets did to these, what
befell the nodes on which they are, the EndpointSlices in which they stand; and it takes in who acted on it from
the side, as an autoscaler does, or was moved by a change of these objects, as a PodDisruptionBudget is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k8slearn.embedded.client.facts import ADDRESS
from k8slearn.embedded.client.trace import TraceEntry
from k8slearn.embedded.store import Store


def concerning(entries: Iterable[TraceEntry], of: str, store: Store) -> Iterator[TraceEntry]:
    """Those of ``entries`` (oldest first) that concern ``of``: ``deployments.apps default/web``.

    What ``store`` has of its dependents now counts too, for the trace may have forgotten who made them.
    """
    entries = list(entries)
    concerned, nodes = _dependents(of, store)
    for entry in entries:
        if entry.verb == "bind":
            nodes.pop(entry.object, None)  # from then on, not before
    revisions: set[int] = set()
    for entry in entries:
        obj = entry.object
        directly = obj in concerned or entry.by.reconciling in concerned
        if obj not in concerned:
            if entry.by.reconciling in concerned and entry.resource != "nodes":
                concerned.add(obj)
            elif not (
                (entry.resource == "nodes" and entry.key.name in nodes.values())
                or any(fact[0] in concerned for fact in entry.facts if fact[0].startswith(ADDRESS))
                or (entry.resource != "pods" and not revisions.isdisjoint(entry.by.because))
            ):
                continue
        if directly:
            revisions.add(entry.revision)
        if entry.resource == "pods":
            if entry.verb == "remove":
                nodes.pop(obj, None)
            for what, _, value in entry.facts:
                if what == "nodeName":
                    nodes[obj] = value
        yield entry


def _dependents(of: str, store: Store) -> tuple[set[str], dict[str, str]]:
    """``of`` and what it owns, and the nodes of the pods among these."""
    owned: dict[str, list[str]] = {}
    uids, nodes = {}, {}
    for resource in store.resources():
        for stored in store.list(resource):
            metadata = stored.object["metadata"]
            obj = f"{resource} {stored.key}"
            for reference in metadata.get("ownerReferences", ()):
                owned.setdefault(reference["uid"], []).append(obj)
            uids[obj] = metadata["uid"]
            if resource == "pods" and (node := stored.object["spec"].get("nodeName")):
                nodes[obj] = node
    found, ahead = {of}, [of]
    while ahead:
        for obj in owned.get(uids.get(ahead.pop(), ""), ()):
            if obj not in found:
                found.add(obj)
                ahead.append(obj)
    return found, {obj: node for obj, node in nodes.items() if obj in found}
