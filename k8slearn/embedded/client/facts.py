"""What a change of an object changed, as a few facts: small enough to keep thousands of them.

    >>> from k8slearn.embedded.store import Store
    >>> store, seen = Store(), []
    >>> watch = store.watch("replicasets.apps", lambda change: seen.append(told(change)))
    >>> rs = store.create("replicasets.apps", {"metadata": {"name": "web-6b9"}, "spec": {"replicas": 3}})
    >>> rs = store.update("replicasets.apps", {**rs.object, "spec": {"replicas": 5}})
    >>> seen
    [('create', (('replicas', None, 3),)), ('update', (('replicas', 3, 5),))]

A fact is (what, before, after); None where there was or is nothing, or where the values are too long to be told.
Times, counters of generations and what a person does not read are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.store import Change, Object

Fact = tuple[str, Any, Any]

ADDRESS = "pods "
"""How the facts of an EndpointSlice begin, which are on pods: ``("pods default/web-1", None, "ready")``."""

_LONGEST = 80
_SCALARS = (str, int, float, bool)
_UNREAD_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/",
    "endpoints.kubernetes.io/",
)
_UNREAD_STATUS = ("observedGeneration", "terminatingReplicas", "fullyLabeledReplicas", "collisionCount")
_ENDPOINTS = ("endpointslices.discovery.k8s.io", "endpoints")
_NONE: Object = {}


def told(change: Change) -> tuple[str, tuple[Fact, ...]]:
    """The verb (create, bind, update, update status, delete, remove) and the facts of a change.

    ``update status`` with no facts is a status that says the same at another time.
    """
    after, resource = change.object, change.stored.resource
    if change.type == "DELETED":
        return "remove", ()
    if change.previous is None:
        return "create", tuple(_of_new(after, resource))
    before = change.previous.object
    old, new = before["metadata"], after["metadata"]
    if "deletionTimestamp" in new and "deletionTimestamp" not in old:
        return "delete", (("grace", None, new.get("deletionGracePeriodSeconds")),)
    facts = list(_of_metadata(old, new))
    spec, status = after.get("spec"), after.get("status")
    if before.get("spec") is not spec:
        facts += _of_spec(before.get("spec") or _NONE, spec or _NONE)
        if resource == "pods" and any(fact[0] == "nodeName" for fact in facts):
            return "bind", (("nodeName", None, after["spec"]["nodeName"]),)
    if resource in _ENDPOINTS:
        facts += _of_endpoints(before, after)
    elif spec is None and status is None:
        facts += _of_content(before, after)
    verb = "update" if facts else "update status"
    if before.get("status") is not status:
        old, new = before.get("status") or _NONE, status or _NONE
        if resource == "pods":
            facts += _of_pod_status(old, new, going="deletionTimestamp" in after["metadata"])
        else:
            facts += _of_status(old, new)
    return verb, tuple(facts)


def _of_new(obj: Object, resource: str) -> Iterator[Fact]:
    spec = obj.get("spec") or _NONE
    for name in ("replicas", "completions", "nodeName"):
        if name in spec:
            yield name, None, spec[name]
    if resource in _ENDPOINTS:
        yield from _of_endpoints(_NONE, obj)


def _of_metadata(old: Object, new: Object) -> Iterator[Fact]:
    for field, word in (("labels", "label"), ("annotations", "annotation")):
        before, after = old.get(field) or _NONE, new.get(field) or _NONE
        if before is after or before == after:
            continue
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name) and not name.startswith(_UNREAD_ANNOTATIONS):
                yield f"{word} {name}", _short(before.get(name)), _short(after.get(name))
    if old.get("ownerReferences") != new.get("ownerReferences"):
        before, after = _controller(old), _controller(new)
        if before != after:
            yield "controller", before, after
    before, after = old.get("finalizers") or [], new.get("finalizers") or []
    if before != after:
        yield "finalizers", ", ".join(before) or None, ", ".join(after) or None


def _controller(metadata: Object) -> str | None:
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return f"{reference['kind']} {reference['name']}"
    return None


def _of_spec(before: Object, after: Object) -> Iterator[Fact]:
    for name, old, new in _differing(before, after):
        if name == "template":
            yield from _of_template(old or _NONE, new or _NONE)
        elif name == "taints":
            yield from _of_taints(old or [], new or [])
        else:
            yield name, _short(old), _short(new)


def _of_template(before: Object, after: Object) -> Iterator[Fact]:
    """The images, and then ``template`` when there is something else as well."""
    old, new = (_images(template) for template in (before, after))
    named = [name for name in new if name in old and old[name] != new[name]]
    for name in named:
        yield f"image of container {name}", old[name], new[name]
    if not named:
        yield "template", None, None


def _images(template: Object) -> dict[str, str]:
    spec = template.get("spec") or _NONE
    both = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return {container["name"]: container.get("image", "") for container in both}


def _of_taints(before: list[Object], after: list[Object]) -> Iterator[Fact]:
    old, new = (
        {f"{taint.get('key')}:{taint.get('effect')}" for taint in taints} for taints in (before, after)
    )
    for taint in sorted(old ^ new):
        yield f"taint {taint}", "there" if taint in old else None, "there" if taint in new else None


def _of_status(before: Object, after: Object) -> list[Fact]:
    """Numbers, words and conditions; only where there are none, the names of what has parts."""
    facts: list[Fact] = []
    for name, old, new in _differing(before, after):
        if name == "conditions":
            facts += _of_conditions(old or [], new or [])
        elif name not in _UNREAD_STATUS and not name.endswith(("Time", "Timestamp")):
            facts.append((name, _short(old), _short(new)))
    return [fact for fact in facts if fact[1:] != (None, None)] or facts


def _of_conditions(before: list[Object], after: list[Object]) -> Iterator[Fact]:
    old = {condition.get("type"): condition.get("status") for condition in before}
    for condition in after:
        name = condition.get("type")
        if old.get(name) != condition.get("status"):
            yield str(name), old.get(name), condition.get("status")


def _condition(status: Object, name: str) -> str | None:
    for condition in status.get("conditions") or ():
        if condition.get("type") == name:
            return condition.get("status")
    return None


def _of_pod_status(before: Object, after: Object, *, going: bool) -> Iterator[Fact]:
    """Phase, readiness and containers; the rest of a pod's status follows from these.

    Of a pod that is ``going`` the phase says nothing more, and its containers were stopped.
    """
    if before.get("phase") != after.get("phase") and not going:
        yield "phase", before.get("phase"), after.get("phase")
    for name in ("Ready", "DisruptionTarget", "PodScheduled"):
        old, new = (_condition(status, name) for status in (before, after))
        if old != new and (name != "PodScheduled" or new == "False"):
            yield name, old, new
    for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        old, new = before.get(field) or (), after.get(field) or ()
        if old is not new:
            states = {status["name"]: _state(status) for status in old}
            for status in new:
                name, state = status["name"], _state(status)
                if states.get(name) != state:
                    stopped = going and state.startswith("exit")
                    yield f"container {name}", states.get(name), f"stopped, {state}" if stopped else state


def _state(status: Object) -> str:
    """``running``, ``running, restart 2``, ``waiting: CrashLoopBackOff``, ``exit code 137: OOMKilled``."""
    for name, state in (status.get("state") or _NONE).items():
        if name == "running":
            return f"running, restart {status['restartCount']}" if status.get("restartCount") else "running"
        reason = f": {state['reason']}" if state.get("reason") else ""
        return f"exit code {state.get('exitCode')}{reason}" if name == "terminated" else f"waiting{reason}"
    return "waiting"


def _of_endpoints(before: Object, after: Object) -> Iterator[Fact]:
    if all(before.get(field) is after.get(field) for field in ("endpoints", "subsets")):
        return
    old, new = (_endpoints(obj) for obj in (before, after))
    for pod in sorted(old.keys() | new.keys()):
        if old.get(pod) != new.get(pod):
            yield ADDRESS + pod, old.get(pod), new.get(pod)


def _endpoints(obj: Object) -> dict[str, str]:
    """The pods of an EndpointSlice's ``endpoints`` or an Endpoints' ``subsets``, and how they are."""
    found = []
    for endpoint in obj.get("endpoints") or ():
        conditions = endpoint.get("conditions") or _NONE
        state = "ready" if conditions.get("ready") else "not ready"
        found.append((endpoint, "terminating" if conditions.get("terminating") else state))
    for subset in obj.get("subsets") or ():
        found += [(address, "ready") for address in subset.get("addresses") or ()]
        found += [(address, "not ready") for address in subset.get("notReadyAddresses") or ()]
    targets = [(endpoint.get("targetRef") or _NONE, state) for endpoint, state in found]
    return {
        f"{target.get('namespace')}/{target.get('name')}": state
        for target, state in targets
        if target.get("kind") == "Pod"
    }


def _of_content(before: Object, after: Object) -> Iterator[Fact]:
    """Of an object without spec: the names of what changed, such as ``data page.html``; never a value."""
    for name, old, new in _differing(before, after):
        if name == "metadata":
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            for part, _, _ in _differing(old, new):
                yield f"{name} {part}", None, None
        else:
            yield name, None, None


def _differing(before: Object, after: Object) -> Iterator[tuple[str, Any, Any]]:
    for name, new in after.items():
        old = before.get(name)
        if old is not new and old != new:
            yield name, old, new
    for name, old in before.items():
        if name not in after:
            yield name, old, None


def _short(value: Any) -> Any:
    """A value worth keeping, or None for one that is long or has parts."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[: _LONGEST - 1] + "…"
    return value if isinstance(value, _SCALARS) else None
