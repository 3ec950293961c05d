"""``GET /k8slearn/v1/trace`` tells who did what. ``?of=deployment/web&namespace=default`` tells only what concerns
one object, ``?seconds=300`` only what happened in the last five virtual minutes.

Of each sentence: ``time`` (virtual, seconds since 1970), ``component`` (with ``node``, or ``user`` and ``command``),
``verb``,
``objects``, ``changed`` (what, before, after), ``reconciling``, ``because`` (the ``revisions`` of what moved it),
``read`` (how many objects of each resource), ``why``, ``refused``, and ``sentence``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from k8slearn.embedded.client.following import concerning
from k8slearn.embedded.client.sentences import Telling, tell
from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.embedded.apiserver.kinds import Kinds
    from k8slearn.embedded.apiserver.registry import Registry
    from k8slearn.embedded.client import Trace, TraceEntry


def show(
    trace: Trace, registry: Registry, of: str = "", namespace: str = "default", seconds: float | None = None
) -> list[dict[str, Any]]:
    """What concerns ``of`` (``deployment/web``; "" for everything), oldest first. Raises ClusterError."""
    entries: Iterable[TraceEntry] = trace
    if of:
        entries = concerning(trace, _object(of, namespace, registry.kinds), registry.store)
    if seconds is not None:
        since = registry.clock.now - seconds
        entries = (entry for entry in entries if entry.time >= since)
    return [_as_data(telling) for telling in tell(entries, trace, registry.kinds)]


def since(added: int, trace: Trace, registry: Registry) -> list[str]:
    """The sentences on what was added after the first ``added`` entries."""
    new = trace.last(trace.added - added)
    return [telling.sentence for telling in tell(new, trace, registry.kinds)]


def _object(reference: str, namespace: str, kinds: Kinds) -> str:
    """``deploy/web`` → ``deployments.apps default/web``."""
    word, _, name = reference.partition("/")
    if not name:
        raise ClusterError(f"{reference} is no object. Write KIND/NAME, e.g. deployment/web.")
    for kind in kinds.stored():
        if word.lower() in (kind.plural, kind.kind.lower(), kind.resource, *kind.short_names):
            return f"{kind.resource} {namespace}/{name}" if kind.namespaced else f"{kind.resource} {name}"
    raise ClusterError(f"The cluster has no kind {word}. See: kubectl api-resources")


def _as_data(telling: Telling) -> dict[str, Any]:
    first = telling.entries[0]
    by = first.by
    return {
        "time": first.time,
        "component": by.component,
        "node": by.node,
        "user": by.user,
        "command": by.command,
        "verb": first.verb,
        "objects": [entry.object for entry in telling.entries],
        "changed": [list(fact) for fact in first.facts],
        "reconciling": by.reconciling,
        "revisions": [entry.revision for entry in telling.entries],
        "because": list(by.because),
        "read": dict(by.read),
        "why": by.why,
        "refused": first.refused,
        "sentence": telling.sentence,
    }
