"""LimitRanger: gives containers the namespace's default requests and limits, and holds its minima and maxima.

Upstream: ``plugin/pkg/admission/limitranger``. Defaults come before validation, so that a request above the
default limit is an invalid pod; bounds are checked after it.
https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.kinds.pod import qos_class
from k8slearn.embedded.apiserver.status import forbidden
from k8slearn.kube import quantity
from k8slearn.kube.resources import quantities

ANNOTATION = "kubernetes.io/limit-ranger"

Amounts = Mapping[str, str]


def default_limits(attributes: Attributes, pod: Object, ctx: Context) -> None:
    """Fill in what containers do not say, and note it in an annotation."""
    if attributes.operation != "CREATE":
        return
    for item in (item for ranges in _ranges(pod, ctx) for item in ranges if item["type"] == "Container"):
        notes = [
            note
            for field, what in (("containers", "container"), ("initContainers", "init container"))
            for container in pod["spec"].get(field) or ()
            for note in _default_container(container, item, what)
        ]
        if notes:
            annotations = pod["metadata"].setdefault("annotations", {})
            annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(notes)}"
            pod["status"]["qosClass"] = qos_class(pod["spec"])


def _default_container(container: Object, item: Object, what: str) -> Iterator[str]:
    """``cpu, memory request for container web``"""
    resources = container.get("resources") or {}
    for field, source, called in (
        ("requests", "defaultRequest", "request"),
        ("limits", "default", "limit"),
    ):
        said = resources.get(field) or {}
        added = {name: amount for name, amount in (item.get(source) or {}).items() if name not in said}
        if added:
            resources = {**resources, field: {**said, **added}}
            yield f"{', '.join(sorted(added))} {called} for {what} {container['name']}"
    container["resources"] = resources


def limit_ranger(attributes: Attributes, obj: Object, ctx: Context) -> None:
    """Refuse a new pod, or a claim, that is outside of the namespace's bounds."""
    resource = attributes.kind.resource
    if resource == "pods" and attributes.operation != "CREATE" and attributes.subresource != "resize":
        return
    if attributes.old is not None and "deletionTimestamp" in attributes.old["metadata"]:
        return
    for items in _ranges(obj, ctx):
        if wrong := list(dict.fromkeys(text for item in items for text in _wrong(resource, obj, item))):
            why = wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]"
            raise forbidden(resource, obj["metadata"].get("name", ""), why)


def _ranges(obj: Object, ctx: Context) -> Iterator[list[Object]]:
    """The items of each LimitRange in the namespace."""
    for stored in ctx.store.list("limitranges", obj["metadata"]["namespace"]):
        yield (stored.object.get("spec") or {}).get("limits") or []


def _wrong(resource: str, obj: Object, item: Object) -> Iterator[str]:
    spec = obj["spec"]
    match resource, item["type"]:
        case "persistentvolumeclaims", "PersistentVolumeClaim":
            requests = (spec.get("resources") or {}).get("requests") or {}
            yield from _below(item, requests, {})
            for name, most in sorted((item.get("max") or {}).items()):
                yield from _above(item["type"], name, most, {"request": requests.get(name)})
        case "pods", "Container":
            for container in (*spec["containers"], *(spec.get("initContainers") or ())):
                resources = container.get("resources") or {}
                yield from _outside(item, resources.get("requests") or {}, resources.get("limits") or {})
        case "pods", "Pod":
            yield from _outside(item, quantities(obj, "requests"), quantities(obj, "limits"))


def _outside(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    yield from _below(item, requests, limits)
    for name, most in sorted((item.get("max") or {}).items()):
        amounts = {"limit": limits.get(name), "request": requests.get(name)}
        yield from _above(item["type"], name, most, amounts)
    for name, ratio in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _beyond(item["type"], name, ratio, requests.get(name, "0"), limits.get(name, "0"))


def _below(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in sorted((item.get("min") or {}).items()):
        rule = f"minimum {name} usage per {item['type']} is {least}"
        request, limit = requests.get(name), limits.get(name)
        if request is None:
            yield f"{rule}.  No request is specified"
        elif quantity.compare(request, least) < 0:
            yield f"{rule}, but request is {request}"
        elif limit is not None and quantity.compare(limit, least) < 0:
            yield f"{rule}, but limit is {limit}"


def _above(type: str, name: str, most: str, amounts: dict[str, Any]) -> Iterator[str]:
    """The first of ``amounts`` must be there; the first that is too large is told."""
    rule = f"maximum {name} usage per {type} is {most}"
    first = next(iter(amounts))
    if amounts[first] is None:
        yield f"{rule}.  No {first} is specified"
        return
    for called, amount in amounts.items():
        if amount is not None and quantity.compare(amount, most) > 0:
            yield f"{rule}, but {called} is {amount}"
            return


def _beyond(type: str, name: str, ratio: str, request: str, limit: str) -> Iterator[str]:
    rule = f"{name} max limit to request ratio per {type} is {ratio}"
    for called, amount in (("request", request), ("limit", limit)):
        if quantity.compare(amount, "0") == 0:
            yield f"{rule}, but no {called} is specified or {called} is 0"
            return
    provided = quantity.parse(limit) / quantity.parse(request)
    if provided > quantity.parse(ratio):
        yield f"{rule}, but provided ratio is {float(provided):.6f}"
